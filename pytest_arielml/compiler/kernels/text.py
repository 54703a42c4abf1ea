"""Writes the body of a kernel: MLIR text, an operation a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Body:
    """Operations in order, with values named as they come."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._made = 0
        self._constants: dict[tuple[str, int], str] = {}

    def line(self, text: str) -> None:
        """An operation without a result."""
        self.lines.append(text)

    def value(self, text: str) -> str:
        """An operation of one result; its name."""
        name = f"%v{self._made}"
        self._made += 1
        self.lines.append(f"{name} = {text}")
        return name

    def constant(self, value: int, kind: str = "index") -> str:
        """A constant; its name. They stand in front of everything else."""
        key = (kind, value)
        if key not in self._constants:
            self._constants[key] = f"%c{len(self._constants)}"
        return self._constants[key]

    def index(self, *terms: str | int | tuple[str | int, int]) -> str:
        """A sum of values, numbers and (value, factor), as an index; its name."""
        total, known = "", 0
        for term in terms:
            value, factor = term if isinstance(term, tuple) else (term, 1)
            if isinstance(value, int):
                known += value * factor
                continue
            if factor != 1:
                value = self.value(f"arith.muli {value}, {self.constant(factor)} : index")
            total = self.value(f"arith.addi {total}, {value} : index") if total else value
        if not total:
            return self.constant(known)
        if known:
            total = self.value(f"arith.addi {total}, {self.constant(known)} : index")
        return total

    @contextmanager
    def loop(self, low: str | int, high: str | int, step: int = 1) -> Iterator[str]:
        """A loop without results; gives its index."""
        index = f"%v{self._made}"
        self._made += 1
        bounds = [self.constant(each) if isinstance(each, int) else each for each in (low, high)]
        self.line(f"scf.for {index} = {bounds[0]} to {bounds[1]} step {self.constant(step)} {{")
        yield index
        self.line("}")

    @contextmanager
    def when(self, compared: str, left: str, right: int) -> Iterator[None]:
        """What is done where `left` (an index) compares so with `right`."""
        right_name = self.constant(right)
        condition = self.value(f"arith.cmpi {compared}, {left}, {right_name} : index")
        self.line(f"scf.if {condition} {{")
        yield
        self.line("}")

    @contextmanager
    def carry(
        self, high: int, step: int, values: list[str], kind: str = "i32"
    ) -> Iterator[tuple[str, list[str]]]:
        """A loop from 0 that hands `values` on; gives its index and what it begins with.

        Within, the second is to be brought up to date in place; behind it, `values` is.
        """
        name = f"%v{self._made}"
        index = f"%v{self._made + 1}"
        self._made += 2
        inside = [f"{index}_{place}" for place in range(len(values))]
        started = ", ".join(f"{a} = {b}" for a, b in zip(inside, values, strict=True))
        kinds = ", ".join([kind] * len(values))
        self.line(
            f"{name}:{len(values)} = scf.for {index} = {self.constant(0)} to "
            f"{self.constant(high)} step {self.constant(step)} "
            f"iter_args({started}) -> ({kinds}) {{"
        )
        yield index, inside
        self.line(f"scf.yield {', '.join(inside)} : {kinds}")
        self.line("}")
        values[:] = [f"{name}#{place}" for place in range(len(values))]

    def text(self) -> str:
        """All of it."""
        constants = [
            f"{name} = arith.constant {value} : {kind}"
            for (kind, value), name in self._constants.items()
        ]
        return "\n".join(f"        {line}" for line in (*constants, *self.lines))


def executable(name: str, groups: Sequence[int], bindings: Sequence[str], body: Body) -> str:
    """A dispatch of one function, called `name`, as IREE's stream dialect has it.

    Args:
        name: of the executable and of its function.
        groups: how many workgroups along x, y and z.
        bindings: types of the buffers (memrefs), in order; in the body they are `%b0`, `%b1`, ...
        body: what a workgroup does.
    """
    sizes = "\n".join(
        f"      %g{place} = arith.constant {size} : index" for place, size in enumerate(groups)
    )
    arguments = ", ".join(f"%a{place}: !stream.binding" for place in range(len(bindings)))
    spans = "\n".join(
        f"        %b{place} = stream.binding.subspan %a{place}[%zero] : !stream.binding -> {kind}"
        for place, kind in enumerate(bindings)
    )
    return f"""stream.executable private @{name} {{
    stream.executable.export public @{name} workgroups() -> (index, index, index) {{
{sizes}
      stream.return %g0, %g1, %g2 : index, index, index
    }}
    builtin.module {{
      func.func @{name}({arguments}) {{
        %zero = arith.constant 0 : index
{spans}
{body.text()}
        return
      }}
    }}
  }}"""
