"""Modules whose kernels say which workgroup they are, as MLIR text."""

from __future__ import annotations

_LAYOUT = """#layout = #hal.pipeline.layout<bindings = [
  #hal.pipeline.binding<storage_buffer, ReadOnly>,
  #hal.pipeline.binding<storage_buffer>
]>"""

_COUNT = """      count(%device: !hal.device) -> (index, index, index) {{
    %x = arith.constant {x} : index
    %y = arith.constant {y} : index
    %z = arith.constant {z} : index
    hal.return %x, %y, %z : index, index, index
  }}"""


def _module(kernels: dict[str, str], grid: tuple[int, int, int], main: str) -> str:
    """A module of kernels `@kernels::@...`, each with the same grid, and `main`."""
    x, y, z = grid
    exports = "\n".join(
        f"  hal.executable.export public @{name} ordinal({number}) layout(#layout)\n"
        + _COUNT.format(x=x, y=y, z=z)
        for number, name in enumerate(kernels)
    )
    bodies = "\n".join(kernels.values())
    return f"""{_LAYOUT}
hal.executable.source private @kernels {{
{exports}
  builtin.module {{
{bodies}
  }}
}}
{main}
"""


def _function(name: str, elements: int, body: str) -> str:
    """A kernel over buffers of `elements` i32: `%in`, `%out`; its number in the grid is `%item`."""
    return f"""    func.func @{name}() {{
      %c0 = arith.constant 0 : index
      %x = hal.interface.workgroup.id[0] : index
      %y = hal.interface.workgroup.id[1] : index
      %z = hal.interface.workgroup.id[2] : index
      %count_x = hal.interface.workgroup.count[0] : index
      %count_y = hal.interface.workgroup.count[1] : index
      %rows = arith.muli %z, %count_y : index
      %row = arith.addi %rows, %y : index
      %before = arith.muli %row, %count_x : index
      %item = arith.addi %before, %x : index
      %in = hal.interface.binding.subspan layout(#layout) binding(0) alignment(64) offset(%c0)
          : memref<{elements}xi32>
      %out = hal.interface.binding.subspan layout(#layout) binding(1) alignment(64) offset(%c0)
          : memref<{elements}xi32>
{body}
      return
    }}"""


def _main(elements: int, kernels: list[str]) -> str:
    """Calls the kernels in a row, each on what the one before made."""
    kind = f"tensor<{elements}xi32>"
    calls = "\n".join(
        f"  %v{number + 1} = flow.dispatch @kernels::@{name}(%v{number}) : ({kind}) -> {kind}"
        for number, name in enumerate(kernels)
    )
    return f"""func.func @main(%v0: {kind}) -> {kind} {{
{calls}
  return %v{len(kernels)} : {kind}
}}"""


def counting(grid: tuple[int, int, int]) -> str:
    """Each item of the grid adds to its element, in place, twice its number and one.

    An item that runs twice adds it twice, one that is left out does not.
    """
    items = grid[0] * grid[1] * grid[2]
    copy = """      %value = memref.load %in[%item] : memref<SIZExi32>
      memref.store %value, %out[%item] : memref<SIZExi32>"""
    add = """      %two = arith.constant 2 : i32
      %one = arith.constant 1 : i32
      %value = memref.load %out[%item] : memref<SIZExi32>
      %number = arith.index_cast %item : index to i32
      %double = arith.muli %number, %two : i32
      %more = arith.addi %double, %one : i32
      %sum = arith.addi %value, %more : i32
      memref.store %sum, %out[%item] : memref<SIZExi32>"""
    kernels = {
        name: _function(name, items, body.replace("SIZE", str(items)))
        for name, body in (("main_dispatch_0", copy), ("main_dispatch_1", add))
    }
    kind = f"tensor<{items}xi32>"
    main = f"""func.func @main(%in: {kind}) -> {kind} {{
  %made = flow.dispatch @kernels::@main_dispatch_0(%in) : ({kind}) -> {kind}
  %out = flow.dispatch @kernels::@main_dispatch_1(%in, %made) : ({kind}, {kind}) -> %made
  return %out : {kind}
}}"""
    return _module(kernels, grid, main)


def stirring(items: int) -> str:
    """Each item stirs its number as often as its element says: work as uneven as one likes."""
    body = f"""      %c1 = arith.constant 1 : index
      %times = memref.load %in[%item] : memref<{items}xi32>
      %end = arith.index_cast %times : i32 to index
      %number = arith.index_cast %item : index to i32
      %factor = arith.constant 1664525 : i32
      %shift = arith.constant 1013904223 : i32
      %stirred = scf.for %i = %c0 to %end step %c1 iter_args(%value = %number) -> (i32) {{
        %product = arith.muli %value, %factor : i32
        %sum = arith.addi %product, %shift : i32
        scf.yield %sum : i32
      }}
      memref.store %stirred, %out[%item] : memref<{items}xi32>"""
    kernel = _function("main_dispatch_0", items, body)
    return _module({"main_dispatch_0": kernel}, (items, 1, 1), _main(items, ["main_dispatch_0"]))


def rotating(dispatches: int, items: int) -> str:
    """So many dispatches in a row, each of which rotates its elements and adds their places."""
    body = f"""      %c1 = arith.constant 1 : index
      %items = arith.constant {items} : index
      %next = arith.addi %item, %c1 : index
      %from = arith.remui %next, %items : index
      %value = memref.load %in[%from] : memref<{items}xi32>
      %number = arith.index_cast %item : index to i32
      %sum = arith.addi %value, %number : i32
      memref.store %sum, %out[%item] : memref<{items}xi32>"""
    kernel = _function("main_dispatch_0", items, body)
    return _module(
        {"main_dispatch_0": kernel},
        (items, 1, 1),
        _main(items, ["main_dispatch_0"] * dispatches),
    )


def reversing(items: int, block: int) -> str:
    """Each item reverses its `block` elements by way of its worker's local memory."""
    scratch = f"memref<{block}xi32, #iree_codegen.workgroup_local>"
    elements = items * block
    body = f"""      %c1 = arith.constant 1 : index
      %last = arith.constant {block - 1} : index
      %block = arith.constant {block} : index
      %base = arith.muli %item, %block : index
      %scratch = memref.alloc() : {scratch}
      scf.for %i = %c0 to %block step %c1 {{
        %from = arith.addi %base, %i : index
        %value = memref.load %in[%from] : memref<{elements}xi32>
        %to = arith.subi %last, %i : index
        memref.store %value, %scratch[%to] : {scratch}
      }}
      scf.for %i = %c0 to %block step %c1 {{
        %value = memref.load %scratch[%i] : {scratch}
        %to = arith.addi %base, %i : index
        memref.store %value, %out[%to] : memref<{elements}xi32>
      }}"""
    kernel = _function("main_dispatch_0", elements, body)
    return _module({"main_dispatch_0": kernel}, (items, 1, 1), _main(elements, ["main_dispatch_0"]))


def failing(items: int) -> str:
    """Each item copies its element and returns it as its status; at -1 it traps."""
    kernel = """    llvm.func @main_dispatch_0(%environment: !llvm.ptr, %dispatch: !llvm.ptr, %workgroup: !llvm.ptr) -> i32 {
      %id = llvm.load %workgroup : !llvm.ptr -> i32
      %field = llvm.getelementptr %dispatch[0, 10] : (!llvm.ptr) -> !llvm.ptr, !llvm.struct<(i32, i32, i16, i16, i32, i32, i16, i8, i8, ptr, ptr, ptr)>
      %bindings = llvm.load %field : !llvm.ptr -> !llvm.ptr
      %in = llvm.load %bindings : !llvm.ptr -> !llvm.ptr
      %second = llvm.getelementptr %bindings[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
      %out = llvm.load %second : !llvm.ptr -> !llvm.ptr
      %from = llvm.getelementptr %in[%id] : (!llvm.ptr, i32) -> !llvm.ptr, i32
      %value = llvm.load %from : !llvm.ptr -> i32
      %to = llvm.getelementptr %out[%id] : (!llvm.ptr, i32) -> !llvm.ptr, i32
      llvm.store %value, %to : i32, !llvm.ptr
      %trap = llvm.mlir.constant(-1 : i32) : i32
      %isTrap = llvm.icmp "eq" %value, %trap : i32
      llvm.cond_br %isTrap, ^stop, ^done
    ^stop:
      llvm.intr.trap
      llvm.unreachable
    ^done:
      llvm.return %value : i32
    }"""  # noqa: E501
    return _module({"main_dispatch_0": kernel}, (items, 1, 1), _main(items, ["main_dispatch_0"]))
