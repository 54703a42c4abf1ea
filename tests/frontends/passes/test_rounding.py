"""Factors against the float product that they stand for, at every sum."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_arielml.compiler.kernels.requantize import rest_of_high_word
from pytest_arielml.frontends.passes.integer.rounding import fitted, rounded

Bounds = tuple[int, int]


def steps(acc: np.ndarray, factor: int, shift: int, bounds: Bounds) -> np.ndarray:
    return np.clip((acc * factor + (1 << (shift - 1))) >> shift, *bounds)


def missed(factors: np.ndarray, shift: int, ratio: np.ndarray, reach: int, bounds: Bounds) -> int:
    acc = np.arange(-reach, reach + 1, dtype=np.int64)
    return sum(
        np.count_nonzero(
            steps(acc, int(factor), shift, bounds) != np.clip(rounded(acc, each), *bounds)
        )
        for factor, each in zip(factors, ratio, strict=True)
    )


@pytest.mark.parametrize("bounds", [(-128, 127), (0, 255), (-255, 0)])
def test_every_sum_is_rounded_as_by_the_float_product(bounds: Bounds) -> None:
    ratio = np.random.default_rng(0).uniform(0.002, 0.02, 64).astype(np.float32)
    reach = 1 << 16
    ends = np.full(64, reach, np.int64)
    found = fitted(ratio, -ends, ends, bounds)
    assert found is not None
    assert np.all((found.factors > 0) & (found.factors < 1 << 30))
    nearest = np.rint(ratio * 2.0**found.shift).astype(np.int64)
    assert missed(found.factors, found.shift, ratio, reach, bounds) == 0
    assert missed(nearest, found.shift, ratio, reach, bounds) > 3


def test_one_factor_serves_sums_of_all_channels() -> None:
    ratio = np.float32(0.00791)
    low, high = np.array([-9000, -100]), np.array([200, 20000])
    found = fitted(np.asarray(ratio), low, high, (-128, 127))
    assert found is not None
    assert found.factors.shape == ()
    acc = np.arange(-9000, 20001, dtype=np.int64)
    expected = np.clip(rounded(acc, ratio), -128, 127)
    assert np.array_equal(steps(acc, int(found.factors), found.shift, (-128, 127)), expected)


def test_a_channel_of_a_large_bias_and_a_small_scale_stays_where_it_is() -> None:
    ratio = np.array([0.004, 3e-9], np.float32)
    bias = 1 << 29
    low, high = np.array([-30000, bias - 900]), np.array([30000, bias + 900])
    found = fitted(ratio, low, high, (-128, 127))
    assert found is not None
    acc = np.arange(bias - 900, bias + 901, dtype=np.int64)
    assert set(rounded(acc, ratio[1])) == {2.0}
    assert set(steps(acc, int(found.factors[1]), found.shift, (-128, 127))) == {2}


def test_shifts_leave_the_low_word_out() -> None:
    for largest in (0.1, 0.02, 0.002, 2e-5):
        ratio = np.array([largest / 8, largest], np.float32)
        ends = np.array([900, 900])
        found = fitted(ratio, -ends, ends, (-128, 127))
        assert found is not None
        assert rest_of_high_word(found.shift, even=False) == found.shift - 32 > 0


@pytest.mark.parametrize("ratio", [0.1313717, 0.3091173, 0.7071068, 3.1415927, 200.3])
def test_a_large_ratio_has_a_factor_as_well(ratio: float) -> None:
    ratios, ends = np.array([ratio], np.float32), np.array([3000])
    found = fitted(ratios, -ends, ends, (-128, 127))
    assert found is not None
    assert found.shift <= 33
    assert missed(found.factors, found.shift, ratios, 3000, (-128, 127)) == 0


def test_a_ratio_beyond_31_bits_has_none() -> None:
    ends = np.array([3])
    assert fitted(np.array([3e9], np.float32), -ends, ends, (-128, 127)) is None


def test_a_result_of_one_value_needs_no_thresholds() -> None:
    found = fitted(np.array([0.01], np.float32), np.array([-5]), np.array([5]), (3, 3))
    assert found is not None
    assert found.factors.shape == (1,)
