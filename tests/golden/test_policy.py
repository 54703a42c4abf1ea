from __future__ import annotations

from collections.abc import Callable

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto

from pytest_arielml.errors import ModelError
from pytest_arielml.golden import OutputPolicy, output_policies, tolerance


def test_steps_of_outputs(quantized_model: onnx.ModelProto) -> None:
    wanted = (OutputPolicy("y", 0.25), OutputPolicy("z", 1.0), OutputPolicy("r", None))
    assert output_policies(quantized_model) == wanted
    assert output_policies(quantized_model.SerializeToString()) == wanted


def test_scale_per_channel_gives_the_strictest(build_model: Callable[..., onnx.ModelProto]) -> None:
    model = build_model(
        [("DequantizeLinear", ["x", "scale", "zero"], ["y"], {"axis": 1})],
        {"x": (TensorProto.INT8, [1, 2])},
        {"y": (TensorProto.FLOAT, [1, 2])},
        {"scale": np.array([0.5, 0.125], np.float32), "zero": np.zeros(2, np.int8)},
    )
    assert output_policies(model) == (OutputPolicy("y", 0.125),)


def test_a_float_model_has_no_steps(double_model: onnx.ModelProto) -> None:
    assert output_policies(double_model) == (OutputPolicy("y", None),)


def test_not_a_model() -> None:
    with pytest.raises(ModelError, match="not an ONNX file"):
        output_policies(b"\xff\xff")


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_every_float_allows_some_rounding_and_no_more(name: str) -> None:
    dtype = np.dtype(name)
    allowed = tolerance(dtype)
    assert np.finfo(dtype).eps < allowed.rtol < 0.01
    assert allowed.peak_rtol < allowed.rtol
    assert allowed.ulp > 0


@pytest.mark.parametrize("dtype", [np.int8, np.bool_, ml_dtypes.int4, ml_dtypes.uint4])
def test_integers_have_steps_of_one(dtype: type[np.generic]) -> None:
    allowed = tolerance(np.dtype(dtype))
    assert (allowed.rtol, allowed.atol, allowed.ulp, allowed.steps, allowed.step) == (0, 0, 0, 0, 1)
