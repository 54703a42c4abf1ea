from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from conformance.onnx.cases import Case, load_cases
from conformance.onnx.operands import code_operands, freeze, shape_operands


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {case.name: case for case in load_cases()}


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("test_slice", ("starts", "ends", "axes", "steps")),
        ("test_reduce_l2_keep_dims_example", ("axes",)),
        ("test_reduce_l2_keep_dims_example_expanded", ("axes",)),
        ("test_resize_tf_crop_and_resize", ("sizes",)),  # the region of interest is none
        ("test_affine_grid_2d", ("size",)),
        ("test_dft_irfft", ("axis",)),
        ("test_add", ()),
        ("test_cumsum_2d_axis_0", ()),  # the axis of a sum of the same shape
        ("test_compress_0", ("condition",)),
        ("test_conv_with_strides_padding", ()),
    ],
)
def test_operands_that_shapes_follow_from(
    cases: dict[str, Case], name: str, operands: tuple[str, ...]
) -> None:
    case = cases[name]
    assert shape_operands(case.model, case.inputs()) == operands


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("test_cumsum_2d_axis_0", ("axis",)),
        ("test_dft", ("axis",)),
        ("test_resize_tf_crop_and_resize", ("roi", "sizes")),
        ("test_slice", ()),
        ("test_add", ()),
    ],
)
def test_operands_that_code_follows_from(
    cases: dict[str, Case], name: str, operands: tuple[str, ...]
) -> None:
    assert code_operands(cases[name].model) == operands


def test_freezing(cases: dict[str, Case]) -> None:
    case = cases["test_slice"]
    inputs = case.inputs()
    frozen, rest = freeze(case.model, inputs, ("starts", "ends"))
    assert [value.name for value in frozen.graph.input] == ["x", "axes", "steps"]
    assert [array is given for array, given in zip(rest, (inputs[0], *inputs[3:]), strict=True)]
    weights = {item.name: numpy_helper.to_array(item) for item in frozen.graph.initializer}
    np.testing.assert_array_equal(weights["ends"], inputs[2])
    assert len(case.model.graph.input) == 5
    onnx.checker.check_model(frozen, full_check=True)


def test_freezing_nothing(cases: dict[str, Case]) -> None:
    case = cases["test_add"]
    frozen, rest = freeze(case.model, case.inputs(), ())
    assert frozen == case.model
    assert len(rest) == 2
