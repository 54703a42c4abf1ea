"""Lowers the operators of the integer form, which the importer does not know, to linalg."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnx
from iree.compiler.ir import FlatSymbolRefAttr, InsertionPoint, Location, Operation, Type, Value

from pytest_arielml.compiler.kernels.form import KERNEL, POOL, QUANTIZE, Kernels
from pytest_arielml.compiler.kernels.requantize import rest_of_high_word
from pytest_arielml.compiler.objects import KERNEL_NAME
from pytest_arielml.frontends.integer import DOMAIN, FLIP, LOOKUP, REQUANTIZE, SOFTMAX

_TENSOR: Final = re.compile(r"!torch\.vtensor<\[([\d,]*)\],(\w+)>")
_ELEMENTS: Final = {onnx.TensorProto.INT8: "si8", onnx.TensorProto.UINT8: "ui8"}


def is_integer_op(node: onnx.NodeProto) -> bool:
    """Whether `node` is an operator of the integer form."""
    return str(node.domain) == DOMAIN


class Lowering:
    """Makes each operator a function of the module, and a call of it."""

    def __init__(self, module: Operation, opset: int, kernels: Kernels) -> None:
        self._module = module
        self._opset = opset
        self._kernels = kernels
        self._named: list[str] = []
        self._made = 0

    def lower(self, node: onnx.NodeProto, inputs: Sequence[Value], at: InsertionPoint) -> Value:
        """The result of `node` on `inputs`, in the types of the importer."""
        types = [_parsed(value) for value in inputs]
        options = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        shape: Sequence[int] = types[0][0]
        name = f"{node.op_type.lower()}_{self._made}"
        self._made += 1
        if node.op_type == REQUANTIZE:
            element = _ELEMENTS[options["to"]]
            body = _requantize(shape, [each for each, _ in types[1:]], options)
        elif node.op_type == LOOKUP:
            _, element = types[1]
            body = _lookup(shape)
        elif node.op_type == SOFTMAX:
            body = _softmax(shape, types[0][1] == "ui8", options)
            element = _ELEMENTS[options["to"]]
        elif node.op_type == FLIP:
            element = "si8" if types[0][1] == "ui8" else "ui8"
            body = _flip(shape)
        elif node.op_type == POOL:
            element = types[0][1]
            shape, body = _pool(shape, options)
        elif node.op_type == QUANTIZE:
            element = _ELEMENTS[options["to"]]
            body = _quantize(shape, options)
        elif node.op_type == KERNEL:
            element = "ui8" if self._kernels[node.output[0]].scaling.unsigned else "si8"
            shape, body = self._dispatch(node, shape, types)
        else:
            raise ValueError(f"no such operator: {node.op_type}")
        arguments = [_builtin(each, kind) for each, kind in types]
        result = _builtin(shape, element)
        listed = ", ".join(f"%a{index}: {kind}" for index, kind in enumerate(arguments))
        text = (
            f"func.func private @{name}({listed}) -> {result} "
            f"attributes {{torch.onnx_meta.opset_version = {self._opset} : si64}} {{\n"
            f"{body}\n}}"
        )
        with Location.name(node.name, context=self._module.context):
            self._module.regions[0].blocks[0].append(Operation.parse(text))
            with at:
                operands = [
                    _create("torch_c.to_builtin_tensor", kind, [value])
                    for kind, value in zip(arguments, inputs, strict=True)
                ]
                callee = {"callee": FlatSymbolRefAttr.get(name)}
                called = _create("func.call", result, operands, callee)
                sizes = ",".join(map(str, shape))
                own = f"!torch.vtensor<[{sizes}],{element}>"
                return _create("torch_c.from_builtin_tensor", own, [called])

    def _dispatch(
        self, node: onnx.NodeProto, shape: Sequence[int], types: Sequence[tuple[Sequence[int], str]]
    ) -> tuple[Sequence[int], str]:
        """Shape of a kernel's result, and its call; the kernel goes into the module."""
        kernel = self._kernels[node.output[0]]
        name = f"{KERNEL_NAME}{len(self._named)}_{kernel.name}"
        self._named.append(name)
        with Location.name(node.name, context=self._module.context):
            self._module.regions[0].blocks[0].append(Operation.parse(kernel.text(name)))
        made = kernel.shape[1:] if len(shape) == 2 else (1, *kernel.shape)
        arguments = [_builtin(each, kind) for each, kind in types]
        listed = ", ".join(f"%a{index}" for index in range(len(arguments)))
        result = _builtin(made, "i8")
        return made, (
            f"  %result = flow.dispatch @{name}::@{name}({listed}) : "
            f"({', '.join(arguments)}) -> {result}\n  return %result : {result}"
        )


def _create(
    name: str, result: str, operands: Sequence[Value], attributes: Mapping[str, Any] | None = None
) -> Value:
    return Operation.create(
        name, results=[Type.parse(result)], operands=list(operands), attributes=attributes
    ).result


def _parsed(value: Value) -> tuple[tuple[int, ...], str]:
    """Shape and element type of a tensor of the importer's."""
    found = _TENSOR.fullmatch(str(value.type))
    if found is None:
        raise ValueError(f"not a tensor of a static shape: {value.type}")
    return tuple(int(size) for size in found[1].split(",") if size), found[2]


def _builtin(shape: Sequence[int], element: str) -> str:
    return "tensor<" + "".join(f"{size}x" for size in shape) + element.lstrip("su") + ">"


def _maps(rank: int, *results: Sequence[int]) -> str:
    dims = ", ".join(f"d{index}" for index in range(rank))
    return ", ".join(
        f"affine_map<({dims}) -> ({', '.join(f'd{index}' for index in each)})>" for each in results
    )


def _generic(shape: Sequence[int], extra: Sequence[int] | None, element: str, body: str) -> str:
    """A loop over all elements of `%a0`; with `extra` over `%a1`, along those dimensions, too."""
    rank = len(shape)
    whole = list(range(rank))
    result = _builtin(shape, "i8")
    inputs, kinds, maps, names = ["%a0"], [_builtin(shape, element)], [whole], f"%x: {element}"
    if extra is not None:
        inputs.append("%a1")
        kinds.append(_builtin([shape[axis] for axis in extra], "i32"))
        maps.append(list(extra))
        names += ", %m: i32"
    parallel = ", ".join(['"parallel"'] * rank)
    return f"""  %empty = tensor.empty() : {result}
  %result = linalg.generic {{
    indexing_maps = [{_maps(rank, *maps, whole)}], iterator_types = [{parallel}]
  }} ins({", ".join(inputs)} : {", ".join(kinds)}) outs(%empty : {result}) {{
  ^bb0({names}, %unused: i8):
{body}
  }} -> {result}
  return %result : {result}"""


def _requantize(
    shape: Sequence[int], factors: Sequence[Sequence[int]], options: Mapping[str, Any]
) -> str:
    shift, zero = options["shift"], options["zero_point"]
    even = bool(options["even"])
    rest = rest_of_high_word(shift, even=even) if factors else 0
    wide = "i64" if factors else "i32"
    near = options.get("near", 0)
    lines = []
    if factors:
        lines += [
            "%wide = arith.extsi %x : i32 to i64",
            "%factor = arith.extsi %m : i32 to i64",
            "%product = arith.muli %wide, %factor : i64",
        ]
    if rest:
        lines += [
            "%word = arith.constant 32 : i64",
            "%upper = arith.shrsi %product, %word : i64",
            "%above = arith.trunci %upper : i64 to i32",
            f"%added = arith.constant {(zero << rest) + (1 << (rest - 1))} : i32",
            f"%shift = arith.constant {rest} : i32",
            "%total = arith.addi %above, %added : i32",
            "%moved = arith.shrsi %total, %shift : i32",
        ]
        wide = "i32"
    else:
        lines += [
            f"%half = arith.constant {(1 << (shift - 1)) + near} : {wide}",
            f"%shift = arith.constant {shift} : {wide}",
            f"%rounded = arith.addi {'%product' if factors else '%x'}, %half : {wide}",
            f"{'%up' if even else '%steps'} = arith.shrsi %rounded, %shift : {wide}",
        ]
        if even:
            # Nothing (or little) is left behind the point of what was half way: its last bit goes.
            lines += [
                f"%mask = arith.constant {(1 << shift) - 1} : {wide}",
                f"%none = arith.constant 0 : {wide}",
                f"%one = arith.constant 1 : {wide}",
                f"%near = arith.constant {2 * near} : {wide}",
                f"%rest = arith.andi %rounded, %mask : {wide}",
                f"%half_way = arith.cmpi ule, %rest, %near : {wide}",
                f"%last = arith.andi %up, %one : {wide}",
                f"%less = arith.select %half_way, %last, %none : {wide}",
                f"%steps = arith.subi %up, %less : {wide}",
            ]
        # From 31 bits on the steps of an accumulator of 32 bits fit in 32.
        narrow = bool(factors) and shift >= 32
        if narrow:
            lines.append("%narrow = arith.trunci %steps : i64 to i32")
            wide = "i32"
        lines += [
            f"%zero = arith.constant {zero} : {wide}",
            f"%moved = arith.addi {'%narrow' if narrow else '%steps'}, %zero : {wide}",
        ]
    lines += [
        f"%low = arith.constant {options['low']} : {wide}",
        f"%high = arith.constant {options['high']} : {wide}",
        f"%raised = arith.maxsi %moved, %low : {wide}",
        f"%bounded = arith.minsi %raised, %high : {wide}",
        f"%y = arith.trunci %bounded : {wide} to i8",
        "linalg.yield %y : i8",
    ]
    extra: Sequence[int] | None = None
    if factors:
        extra = [options["axis"]] if factors[0] else []
    return _generic(shape, extra, "i32", "\n".join("    " + line for line in lines))


def _lookup(shape: Sequence[int]) -> str:
    body = """    %index = arith.index_castui %x : i8 to index
    %y = tensor.extract %a1[%index] : tensor<256xi8>
    linalg.yield %y : i8"""
    return _generic(shape, None, "i8", body)


def _softmax(shape: Sequence[int], unsigned: bool, options: Mapping[str, Any]) -> str:
    rank, axis = len(shape), options["axis"]
    each = list(range(rank))
    rest = [at for at in each if at != axis]
    whole, row = _builtin(shape, "i8"), [shape[at] for at in rest]
    most, total = _builtin(row, "i8"), _builtin(row, "i32")
    along = ", ".join('"reduction"' if at == axis else '"parallel"' for at in each)
    everywhere = ", ".join(['"parallel"'] * rank)
    power = """    %distance = arith.subi %m, %x : i8
    %index = arith.index_castui %distance : i8 to index
    %e = tensor.extract %a1[%index] : tensor<256xi32>"""
    return f"""  %least = arith.constant {0 if unsigned else -128} : i8
  %none = arith.constant 0 : i32
  %rows = tensor.empty() : {most}
  %lowest = linalg.fill ins(%least : i8) outs(%rows : {most}) -> {most}
  %most = linalg.generic {{
    indexing_maps = [{_maps(rank, each, rest)}], iterator_types = [{along}]
  }} ins(%a0 : {whole}) outs(%lowest : {most}) {{
  ^bb0(%x: i8, %m: i8):
    %y = arith.max{"u" if unsigned else "s"}i %x, %m : i8
    linalg.yield %y : i8
  }} -> {most}
  %sums = tensor.empty() : {total}
  %zeros = linalg.fill ins(%none : i32) outs(%sums : {total}) -> {total}
  %total = linalg.generic {{
    indexing_maps = [{_maps(rank, each, rest, rest)}], iterator_types = [{along}]
  }} ins(%a0, %most : {whole}, {most}) outs(%zeros : {total}) {{
  ^bb0(%x: i8, %m: i8, %s: i32):
{power}
    %y = arith.addi %e, %s : i32
    linalg.yield %y : i32
  }} -> {total}
  %empty = tensor.empty() : {whole}
  %result = linalg.generic {{
    indexing_maps = [{_maps(rank, each, rest, rest, each)}], iterator_types = [{everywhere}]
  }} ins(%a0, %most, %total : {whole}, {most}, {total}) outs(%empty : {whole}) {{
  ^bb0(%x: i8, %m: i8, %s: i32, %unused: i8):
{power}
    %steps = arith.constant {options["steps"]} : i32
    %zero = arith.constant {options["zero_point"]} : i32
    %low = arith.constant {options["low"]} : i32
    %high = arith.constant {options["high"]} : i32
    %one = arith.constant 1 : i32
    %scaled = arith.muli %e, %steps : i32
    %quotient = arith.divui %scaled, %s : i32
    %taken = arith.muli %quotient, %s : i32
    %remainder = arith.subi %scaled, %taken : i32
    %twice = arith.shli %remainder, %one : i32
    %above = arith.cmpi ugt, %twice, %s : i32
    %half_way = arith.cmpi eq, %twice, %s : i32
    %odd = arith.trunci %quotient : i32 to i1
    %to_even = arith.andi %half_way, %odd : i1
    %up = arith.ori %above, %to_even : i1
    %more = arith.extui %up : i1 to i32
    %rounded = arith.addi %quotient, %more : i32
    %moved = arith.addi %rounded, %zero : i32
    %raised = arith.maxsi %moved, %low : i32
    %bounded = arith.minsi %raised, %high : i32
    %y = arith.trunci %bounded : i32 to i8
    linalg.yield %y : i8
  }} -> {whole}
  return %result : {whole}"""


def _quantize(shape: Sequence[int], options: Mapping[str, Any]) -> str:
    zero, signed = options["zero_point"], options["to"] == onnx.TensorProto.INT8
    least = (-128 if signed else 0) - zero
    scale = np.float32(options["scale"]).view(np.uint32)
    # A float of this size has no places behind the point: adding it rounds, halves to even.
    large, bits = 1.5 * 2**23, 0x4B400000
    body = f"""    %scale_bits = arith.constant {scale} : i32
    %scale = arith.bitcast %scale_bits : i32 to f32
    %low = arith.constant {least}.0 : f32
    %high = arith.constant {least + 255}.0 : f32
    %large = arith.constant {large} : f32
    %bits = arith.constant {bits - zero} : i32
    %steps = arith.divf %x, %scale : f32
    %above = arith.cmpf ogt, %steps, %low : f32
    %raised = arith.select %above, %steps, %low : f32
    %below = arith.cmpf olt, %raised, %high : f32
    %bounded = arith.select %below, %raised, %high : f32
    %moved = arith.addf %bounded, %large : f32
    %read = arith.bitcast %moved : f32 to i32
    %whole = arith.subi %read, %bits : i32
    %y = arith.trunci %whole : i32 to i8
    linalg.yield %y : i8"""
    return _generic(shape, None, "f32", body)


def _pool(shape: Sequence[int], options: Mapping[str, Any]) -> tuple[Sequence[int], str]:
    """Shape of a maximum over windows, channels last, and how it is made."""
    kernel, strides = options["kernel_shape"], options["strides"]
    sizes = [
        (size - wide) // stride + 1
        for size, wide, stride in zip(shape[1:3], kernel, strides, strict=True)
    ]
    made = [shape[0], *sizes, shape[3]]
    source, result, window = _builtin(shape, "i8"), _builtin(made, "i8"), _builtin(kernel, "i8")
    return (
        made,
        f"""  %least = arith.constant -128 : i8
  %empty = tensor.empty() : {result}
  %filled = linalg.fill ins(%least : i8) outs(%empty : {result}) -> {result}
  %window = tensor.empty() : {window}
  %result = linalg.pooling_nhwc_max {{strides = dense<{list(strides)}> : vector<2xi64>}}
    ins(%a0, %window : {source}, {window}) outs(%filled : {result}) -> {result}
  return %result : {result}""",
    )


def _flip(shape: Sequence[int]) -> str:
    body = """    %first = arith.constant -128 : i8
    %y = arith.xori %x, %first : i8
    linalg.yield %y : i8"""
    return _generic(shape, None, "i8", body)
