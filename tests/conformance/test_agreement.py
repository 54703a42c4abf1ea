from __future__ import annotations

from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from conformance.onnx.cases import Case, load_cases
from conformance.onnx.policy import disagreement


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {case.name: case for case in load_cases()}


def outputs(case: Case) -> list[NDArray[Any]]:
    return [np.array(output) for output in case.outputs()]


def test_the_cases_own_outputs(cases: dict[str, Case]) -> None:
    for name in ("test_add", "test_equal", "test_maxpool_with_argmax_2d_precomputed_pads"):
        assert disagreement(cases[name], outputs(cases[name])) is None


def test_integers_are_exact(cases: dict[str, Case]) -> None:
    case = cases["test_add_uint8"]
    found = outputs(case)
    found[0][0, 0, 0] += 1
    said = disagreement(case, found)
    assert said is not None
    assert said.startswith("sum: 1 of 60 values differ, worst ")
    assert said.endswith(" at [0, 0, 0]")


def test_floats_within_the_tolerance_of_the_case(cases: dict[str, Case]) -> None:
    case = cases["test_add"]
    found = outputs(case)
    found[0] *= np.float32(1 + 0.9 * case.rtol)
    assert disagreement(case, found) is None
    assert disagreement(replace(case, rtol=case.rtol / 2), found) is not None


@pytest.mark.parametrize("name", ["test_quantizelinear_int4", "test_quantizelinear_uint4"])
def test_integers_of_four_bits_are_exact(cases: dict[str, Case], name: str) -> None:
    found = outputs(cases[name])
    assert disagreement(cases[name], found) is None
    found[0][0, 1] = found[0][0, 0]
    said = disagreement(replace(cases[name], rtol=1.0, atol=1.0), found)
    assert said is not None
    assert said.startswith("y: 1 of 12 values differ, worst ")


def test_bfloat16_within_what_its_eight_bits_hold(cases: dict[str, Case]) -> None:
    case = cases["test_celu_bfloat16"]
    step = ml_dtypes.bfloat16(2**-6)  # of values from 2 to 4, as the last one is
    found = outputs(case)
    found[0][4] += ml_dtypes.bfloat16(4) * step
    assert disagreement(case, found) is None
    found[0][4] = ml_dtypes.bfloat16(3) + ml_dtypes.bfloat16(16) * step
    said = disagreement(case, found)
    assert said == "Y: 1 of 5 values differ, worst 3.25 for 3 at [4]"


def test_small_values_beside_large_ones(cases: dict[str, Case]) -> None:
    # Far outside of 1e-3 relative, and no more than the rounding of the largest.
    case = cases["test_matmul_2d"]
    found = outputs(case)
    largest = np.abs(found[0]).max()
    found[0] += np.float32(0.5e-6) * largest
    assert disagreement(case, found) is None


def test_the_data_type_and_shape_come_first(cases: dict[str, Case]) -> None:
    case = cases["test_add"]
    (output,) = outputs(case)
    assert disagreement(case, [output.astype(np.float64)]) == (
        "sum: data type is float64, expected float32"
    )
    assert disagreement(case, [output[0]]) == "sum: shape is [4, 5], expected [3, 4, 5]"
    assert disagreement(case, []) == "0 outputs, expected 1"
