"""When an output agrees with the case's own.

Shape and data type must be the case's. Integers, those of 4 bits too, and
booleans are exact. Floats agree within the case's tolerance (onnx's, 1e-3
relative), or within this project's policy for the data type, which knows what
a float16 and the 8 bits of a bfloat16's significand can hold, and that a sum's
rounding follows its largest term.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.onnx.cases import Array, Case
from pytest_arielml.golden import compare
from pytest_arielml.golden.policy import is_integer


def disagreement(case: Case, outputs: Sequence[Array]) -> str | None:
    """What is wrong with the outputs of a run, in one line; None when they agree."""
    expected = case.outputs()
    if len(outputs) != len(expected):
        return f"{len(outputs)} outputs, expected {len(expected)}"
    names = [value.name for value in case.model.graph.output]
    for name, actual, wanted in zip(names, outputs, expected, strict=True):
        strict = compare(actual, wanted, name=name)
        if strict.ok:
            continue
        loose = (
            strict
            if is_integer(wanted.dtype)
            else compare(actual, wanted, rtol=case.rtol, atol=case.atol, name=name)
        )
        if loose.ok:
            continue
        if loose.mismatch:
            return f"{name}: {loose.mismatch}"
        worst = loose.worst
        assert worst is not None
        return (
            f"{name}: {loose.differing} of {loose.size} values differ, "
            f"worst {worst.actual:.7g} for {worst.expected:.7g} at {list(worst.index)}"
        )
    return None
