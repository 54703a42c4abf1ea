from __future__ import annotations

import numpy as np
import pytest
from rewriting import check, floats, stays

from pytest_arielml.frontends.passes.operators.linear import LARGEST


@pytest.mark.parametrize(
    ("a", "b"), [((4,), (3, 4, 2)), ((2, 3, 4), (4,)), ((5, 2, 3, 4), (4,)), ((4,), (1, 2, 4, 1))]
)
def test_vectors(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    check("MatMul", [floats(*a), floats(*b, seed=6)], gone=False)


@pytest.mark.parametrize(
    ("a", "b"),
    [((4,), (4,)), ((4,), (4, 2)), ((3, 4), (4,)), ((2, 3, 4), (4, 2))],
)
def test_products_that_stay(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    stays("MatMul", [floats(*a), floats(*b)])


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_determinants(batch: tuple[int, ...], size: int) -> None:
    check("Det", [floats(*batch, size, size)])


def test_a_pivot_that_is_zero() -> None:
    check("Det", [np.asarray([[0, 1], [2, 3]], np.float32)])


def test_a_large_determinant_stays() -> None:
    stays("Det", [floats(LARGEST + 1, LARGEST + 1)])
