from __future__ import annotations

import math

import ml_dtypes  # comes with onnx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pytest_arielml.errors import UsageError
from pytest_arielml.golden import OutputPolicy, assert_outputs_match, assertion_text, compare
from pytest_arielml.golden.compare import compare_outputs, ulp_distance

f32 = np.float32
INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
LARGEST = float(np.finfo(np.float32).max)
FLOATS = [np.float16, np.float32, np.float64]


def test_shape_comes_before_everything() -> None:
    found = compare(np.zeros((2, 3), np.int8), np.zeros((3, 2), f32))
    assert not found.ok
    assert found.mismatch == "shape is [2, 3], expected [3, 2]"
    assert found.first is None


def test_dtype_comes_before_values() -> None:
    found = compare(np.ones(2, np.float64), np.zeros(2, f32))
    assert found.mismatch == "data type is float64, expected float32"


def test_integers_are_exact() -> None:
    expected = np.array([[1, 2], [3, 4]], np.int8)
    actual = np.array([[1, 2], [4, 2]], np.int8)
    found = compare(actual, expected)
    assert (found.ok, found.differing, found.max_abs, found.max_steps) == (False, 2, 2.0, 2.0)
    assert found.first is not None
    assert found.worst is not None
    assert (found.first.index, found.first.actual, found.first.expected) == ((1, 0), 4, 3)
    assert found.worst.index == (1, 1)


@pytest.mark.parametrize(("steps", "ok"), [(0, False), (1, False), (2, True)])
def test_integers_within_steps(steps: int, ok: bool) -> None:
    assert compare(np.array([5, 8], np.uint8), np.array([5, 10], np.uint8), steps=steps).ok is ok


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_distance_does_not_wrap(dtype: type[np.integer]) -> None:
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    found = compare(np.array([low], dtype), np.array([high], dtype), steps=100)
    assert not found.ok
    assert found.max_abs == float(high - low)


def test_large_integers_are_exact_beyond_float64() -> None:
    expected = np.array([2**62], np.int64)
    assert not compare(expected + 1, expected).ok


def test_booleans() -> None:
    found = compare(np.array([True, False]), np.array([True, True]))
    assert found.differing == 1
    assert compare(np.array([True]), np.array([True])).ok


def test_nan_and_infinity_agree_in_place() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 1.0], f32)
    assert compare(values, values.copy()).ok


@pytest.mark.parametrize(
    ("actual", "expected"),
    [(np.nan, 1.0), (1.0, np.nan), (np.inf, -np.inf), (np.inf, LARGEST), (LARGEST, np.inf)],
)
def test_nan_and_infinity_agree_with_nothing_else(actual: float, expected: float) -> None:
    for tolerances in ({}, {"rtol": 0.5}, {"rtol": 1e300}, {"atol": 1e30}):
        found = compare(np.array([actual], f32), np.array([expected], f32), **tolerances)
        assert not found.ok
        assert found.max_abs == math.inf


def test_default_float_policy_allows_rounding_alone() -> None:
    expected = np.array([1.0, 100.0], f32)
    assert compare(np.nextafter(expected, f32(2)), expected).ok
    assert compare(expected * f32(1 + 5e-6), expected).ok
    assert not compare(expected * f32(1 + 1e-4), expected).ok
    # Noise far below the largest value is allowed, the same noise alone is not.
    assert compare(np.array([5e-5, 100.0], f32), np.array([0.0, 100.0], f32)).ok
    assert not compare(np.array([5e-5], f32), np.array([0.0], f32)).ok


def test_given_tolerance_replaces_the_policy() -> None:
    expected = np.array([1.0], f32)
    beside = np.nextafter(expected, f32(2))
    assert compare(beside, expected).ok
    assert not compare(beside, expected, rtol=0.0).ok
    assert compare(np.array([1.5], f32), expected, atol=0.5).ok
    assert not compare(np.array([1.5], f32), expected, atol=0.49).ok
    assert compare(np.array([1.5], f32), expected, rtol=0.25, atol=0.25).ok


def test_steps_of_a_float_output() -> None:
    expected = np.array([0.0, 0.3], f32)
    actual = np.array([0.1, 0.3], f32)
    assert compare(actual, expected, steps=1, step=0.1).ok
    found = compare(actual, expected, step=0.1)
    assert not found.ok
    assert found.max_steps == pytest.approx(1.0)
    assert not compare(np.array([0.2, 0.3], f32), expected, steps=1, step=0.1).ok


def test_steps_without_a_step_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="quantization step is unknown"):
        compare(np.zeros(1, f32), np.zeros(1, f32), steps=1)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
@pytest.mark.parametrize("name", ["rtol", "atol", "steps"])
def test_bad_tolerances(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"{name} is not a tolerance"):
        compare(np.zeros(1, np.int8), np.zeros(1, np.int8), **{name: value})


def test_strings_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match="cannot be compared"):
        compare(np.array(["a"]), np.array(["a"]))


def test_empty_and_scalar() -> None:
    assert compare(np.zeros((0, 3), f32), np.zeros((0, 3), f32)).ok
    scalar = compare(np.float32(1), np.float32(2))
    assert scalar.first is not None
    assert scalar.first.index == ()


@pytest.mark.parametrize("dtype", FLOATS)
def test_ulp_counts_representable_values(dtype: type[np.floating]) -> None:
    one = np.ones(1, dtype)
    tiny = np.nextafter(np.zeros(1, dtype), one)
    assert ulp_distance(np.nextafter(one, dtype(2)), one) == 1
    assert ulp_distance(-tiny, tiny) == 2
    assert ulp_distance(np.array([-0.0], dtype), np.array([0.0], dtype)) == 0
    assert ulp_distance(np.array([np.nan], dtype), np.array([np.nan], dtype)) == 0
    assert ulp_distance(np.array([np.nan], dtype), one) == 2 ** (8 * one.itemsize) - 1


def test_bfloat16() -> None:
    one = np.ones(1, ml_dtypes.bfloat16)
    assert ulp_distance(one + ml_dtypes.bfloat16(2**-7), one) == 1
    assert compare(one + ml_dtypes.bfloat16(2**-7), one).ok
    assert not compare(one * ml_dtypes.bfloat16(1.5), one).ok


@given(st.data())
def test_ulp_is_a_distance(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(FLOATS))
    array = npst.arrays(dtype, 3, elements=npst.from_dtype(np.dtype(dtype), allow_nan=False))
    a, b = data.draw(array), data.draw(array)
    distance = ulp_distance(a, b)
    assert (distance == ulp_distance(b, a)).all()
    assert ((distance == 0) == (a == b)).all()
    # One value nearer is one less.
    nearer = np.nextafter(a, b)
    assert (ulp_distance(nearer, b) == np.where(distance > 0, distance - 1, 0)).all()


@given(st.data())
def test_what_differs_is_what_numpy_says(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from([*INTEGERS, *FLOATS]))
    shape = data.draw(npst.array_shapes(max_dims=3, max_side=4))
    expected = data.draw(npst.arrays(dtype, shape))
    actual = expected.copy()
    place = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    actual[place] = data.draw(npst.from_dtype(np.dtype(dtype)))
    found = compare(actual, expected, rtol=0.0)
    same = np.array_equal(actual, expected, equal_nan=np.dtype(dtype).kind == "f")
    assert found.ok is same
    assert found.differing == (0 if same else 1)
    if found.first is not None:
        assert found.first.index == place


@given(
    npst.arrays(np.float32, 5, elements=st.floats(-1e6, 1e6, width=32)),
    st.floats(0, 1e3),
    st.floats(0, 0.5),
)
def test_bounds_are_numpys(values: np.ndarray, atol: float, rtol: float) -> None:
    actual, expected = values, values[::-1].copy()
    found = compare(actual, expected, atol=atol, rtol=rtol)
    wide = expected.astype(np.float64)
    wanted = np.isclose(actual.astype(np.float64), wide, rtol=rtol, atol=atol)
    assert found.differing == np.count_nonzero(~wanted)


def test_text_is_short_and_fits_a_terminal() -> None:
    rng = np.random.default_rng(0)
    expected = rng.normal(size=(1, 64, 64, 32)).astype(f32)
    text = assertion_text([compare(expected + f32(0.1), expected, step=0.05, name="x" * 200)])
    assert len(text.splitlines()) <= 8
    assert max(map(len, text.splitlines())) <= 100
    assert "131,072 of 131,072 values differ (100.0%)" in text
    assert "first at [0, 0, 0, 0]" in text


def test_text_in_full() -> None:
    expected = np.array([[0.0, 2.0, 1.0]], f32)
    actual = np.array([[0.0, 2.5, 2.0]], f32)
    assert assertion_text([compare(actual, expected, steps=1, step=0.5, name="scores")]) == (
        "scores float32[1, 3]: 1 of 3 values differ (33.3%)\n"
        "  first at [0, 2]: got 2, expected 1\n"
        "  largest                    found   allowed\n"
        "  |difference|                   1   0\n"
        "  ULP                    8,388,608   0\n"
        "  steps                          2   1 (of 0.5 each)"
    )


def test_outputs_are_compared_by_position_and_named() -> None:
    policies = (OutputPolicy("mean", None), OutputPolicy("class", 1.0))
    expected = (np.zeros(2, f32), np.array([3], np.int8))
    with pytest.raises(AssertionError) as failure:
        assert_outputs_match(
            (np.zeros(2, f32), np.array([4], np.int8)),
            expected,
            policies=policies,
            where="net on emu-x",
        )
    text = str(failure.value)
    assert text.startswith("net on emu-x: outputs differ from the reference\nclass int8[1]: 1 of 1")
    assert text.endswith("1 other output agrees")
    assert_outputs_match(expected, expected, policies=policies)


def test_number_of_outputs() -> None:
    with pytest.raises(UsageError, match="number of outputs"):
        compare_outputs([np.zeros(1)], [])
