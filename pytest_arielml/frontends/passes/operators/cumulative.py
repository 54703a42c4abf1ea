"""Running products, by doubling: after each step a value covers twice as many."""

from __future__ import annotations

import numpy as np

from pytest_arielml.frontends.passes.operators.build import Rewrite


def multiply_up(rewrite: Rewrite) -> bool:
    """`CumProd`, which IREE has not, along a constant axis."""
    known = rewrite.facts.type(rewrite.input(0))
    dtype = rewrite.facts.dtype(rewrite.input(0))
    if known is None or dtype is None or not known.shape:
        return False
    at = rewrite.value(1)
    if at is None and len(known.shape) > 1:
        return False
    # Of one axis there is no choice.
    axis = 0 if at is None else int(at.reshape(())) % len(known.shape)
    length = known.shape[axis]
    backwards = bool(rewrite.options.get("reverse", 0))

    def shifted(value: str, by: int) -> str:
        """Each element `by` places on, ones before the first."""
        ones = rewrite.constant(np.ones([*known.shape[:axis], by, *known.shape[axis + 1 :]]), dtype)
        if by == length:
            return ones
        if backwards:
            parts = [rewrite.slice(value, axis, by, length), ones]
        else:
            parts = [ones, rewrite.slice(value, axis, 0, length - by)]
        return rewrite.add("Concat", *parts, axis=axis)

    value = rewrite.input(0)
    if rewrite.options.get("exclusive", 0):
        value = shifted(value, 1)
    by = 1
    while by < length:
        value = rewrite.add("Mul", value, shifted(value, by))
        by *= 2
    rewrite.add("Identity", value, output=rewrite.result)
    return True
