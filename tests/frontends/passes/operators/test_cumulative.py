from __future__ import annotations

import numpy as np
import pytest
from rewriting import check, floats, stays


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_products(axis: int, exclusive: int, reverse: int) -> None:
    inputs = [floats(2, 7, 3), np.asarray(axis, np.int32)]
    check("CumProd", inputs, constants=[1], exclusive=exclusive, reverse=reverse)


@pytest.mark.parametrize("length", [1, 2, 8])
@pytest.mark.parametrize("exclusive", [0, 1])
def test_lengths(length: int, exclusive: int) -> None:
    values = np.arange(2, 2 + length, dtype=np.int32)
    check("CumProd", [values, np.asarray(0, np.int32)], constants=[1], exclusive=exclusive)


def test_an_axis_that_is_not_known() -> None:
    check("CumProd", [floats(5), np.asarray(0, np.int32)])  # there is no other
    stays("CumProd", [floats(5, 2), np.asarray(0, np.int32)])
