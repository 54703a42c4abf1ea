"""Products and determinants of small matrices."""

from __future__ import annotations

from typing import Final

from pytest_arielml.frontends.passes.operators.build import Rewrite

#: Largest matrix whose determinant is written out; its terms are n! products.
LARGEST: Final = 4

_MATRIX: Final = 2


def multiply_vector(rewrite: Rewrite) -> bool:
    """`MatMul` of a vector and a batch, which IREE takes only as matrices."""
    a, b = rewrite.shape(0), rewrite.shape(1)
    if a is None or b is None or {len(a), len(b)} <= {1, 2} or 1 not in (len(a), len(b)):
        return False
    if len(a) == 1:
        vector = rewrite.reshape(rewrite.input(0), [1, a[0]])
        product = rewrite.add("MatMul", vector, rewrite.input(1))
        shape = [*b[:-2], b[-1]]
    else:
        vector = rewrite.reshape(rewrite.input(1), [b[0], 1])
        product = rewrite.add("MatMul", rewrite.input(0), vector)
        shape = list(a[:-1])
    rewrite.reshape(product, shape, rewrite.result)
    return True


def determinant(rewrite: Rewrite) -> bool:
    """`Det` of small matrices, by minors.

    IREE eliminates without pivots, and gives nan where a pivot is zero.
    """
    shape = rewrite.shape(0)
    if shape is None or len(shape) < _MATRIX or not 0 < shape[-1] <= LARGEST:
        return False
    batch, size = list(shape[:-2]), shape[-1]
    flat = rewrite.reshape(rewrite.input(0), [*batch, size * size])
    axis = len(batch)

    def element(row: int, column: int) -> str:
        place = rewrite.constant(row * size + column)
        return rewrite.add("Gather", flat, place, axis=axis)

    def minor(row: int, columns: tuple[int, ...]) -> str:
        """Determinant of the rows from `row` on, in these columns."""
        total = ""
        for place, column in enumerate(columns):
            term = element(row, column)
            rest = columns[:place] + columns[place + 1 :]
            if rest:
                term = rewrite.add("Mul", term, minor(row + 1, rest))
            if total:
                term = rewrite.add("Sub" if place % 2 else "Add", total, term)
            total = term
        return total

    rewrite.add("Identity", minor(0, tuple(range(size))), output=rewrite.result)
    return True
