from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from pytest_arielml.errors import InputError, ModelError
from pytest_arielml.golden import reference, reference_outputs
from pytest_arielml.golden.unshare import unshare_zero_points

f32 = np.float32


def test_runs_the_model(double_model: onnx.ModelProto, tmp_path: Path) -> None:
    x = np.array([[1, 2, 3]], f32)
    path = tmp_path / "double.onnx"
    onnx.save(double_model, path)
    for source in (double_model, path, str(path), path.read_bytes()):
        (y,) = reference_outputs(source, x)
        assert y.dtype == f32
        assert y.tolist() == [[2, 4, 6]]


def test_a_free_size_takes_any(double_model: onnx.ModelProto) -> None:
    (y,) = reference_outputs(double_model, np.ones((5, 3), f32))
    assert y.shape == (5, 3)


def test_samples_are_calls(quantized_model: onnx.ModelProto) -> None:
    session = reference(quantized_model.SerializeToString())
    x = np.linspace(-20, 40, 12, dtype=f32).reshape(3, 1, 4)
    y, z, r = session.run_samples(x)
    assert (y.shape, z.shape, r.dtype) == ((3, 1, 4), (3, 1, 4), f32)
    assert (y[1] == session.run(x[1])[0]).all()
    assert z.max() == 127  # 40 is beyond what 0.25 * (127 + 28) holds


def test_one_session_a_model(double_model: onnx.ModelProto) -> None:
    content = double_model.SerializeToString()
    assert reference(content) is reference(bytes(bytearray(content)))


def test_a_shared_zero_point_is_no_obstacle(build_model: Callable[..., onnx.ModelProto]) -> None:
    rng = np.random.default_rng(0)
    constants = {
        "s": np.float32(0.01),
        "z": np.int8(0),
        "z__2": np.float32(1),  # the name that the first copy would get
        "w1": rng.integers(-128, 128, (8, 8), np.int8),
        "w2": rng.integers(-128, 128, (8, 8), np.int8),
    }
    quantize, dequantize = "QuantizeLinear", "DequantizeLinear"
    nodes = [
        (quantize, ["x", "s", "z"], ["xq"], {}),
        (dequantize, ["xq", "s", "z"], ["xd"], {}),
        (dequantize, ["w1", "s", "z"], ["w1d"], {}),
        (dequantize, ["w2", "s", "z"], ["w2d"], {}),
        ("MatMul", ["xd", "w1d"], ["a"], {}),
        (quantize, ["a", "s", "z"], ["aq"], {}),
        (dequantize, ["aq", "s", "z"], ["ad"], {}),
        ("MatMul", ["ad", "w2d"], ["b"], {}),
        (quantize, ["b", "s", "z"], ["bq"], {}),
        (dequantize, ["bq", "s", "z"], ["bd"], {}),
        ("Mul", ["bd", "z__2"], ["y"], {}),
    ]
    model = build_model(
        nodes,
        {"x": (TensorProto.FLOAT, [1, 8])},
        {"y": (TensorProto.FLOAT, [1, 8])},
        constants,
    )
    x = rng.uniform(-1, 1, (1, 8)).astype(f32)

    def requantized(values: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(values / 0.01), -128, 127)

    hidden = requantized(requantized(x) @ constants["w1"] * 1e-4)
    expected = requantized(hidden @ constants["w2"] * 1e-4) * 0.01
    (y,) = reference_outputs(model, x)
    assert np.abs(y - expected).max() < 1e-6
    content = unshare_zero_points(model.SerializeToString())
    points = [n.input[2] for n in onnx.load_from_string(content).graph.node if len(n.input) == 3]
    shared = [name for name in points if points.count(name) > 1]
    assert shared == ["z"] * 4  # three QuantizeLinear and the first DequantizeLinear


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((), "takes 1 inputs, 0 are given"),
        ((np.ones((1, 3), np.float64),), "wrong data type"),
        ((np.ones((1, 4), f32),), "wrong shape"),
        ((np.ones(3, f32),), "wrong shape"),
    ],
)
def test_inputs_are_checked(
    double_model: onnx.ModelProto, inputs: tuple[np.ndarray, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message) as refused:
        reference_outputs(double_model, *inputs)
    assert refused.value.expected == "x: float32 [?, 3]"


def test_samples_are_counted(double_model: onnx.ModelProto) -> None:
    session = reference(double_model.SerializeToString())
    for bad in ((np.zeros((0, 1, 3), f32),), (), (np.float32(1),)):
        with pytest.raises(InputError, match="number of samples"):
            session.run_samples(*bad)


def test_models_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        reference_outputs(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match="does not take"):
        reference_outputs(b"no model")


def test_the_reference_reports_to_nobody(tmp_path: Path, lenet5_model: Path) -> None:
    script = (
        "import sys, numpy as np; from pytest_arielml.golden import reference_outputs;"
        "reference_outputs(sys.argv[1], np.zeros((1, 1, 28, 28), np.float32))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-c", script, lenet5_model],
        env={**environment, "TMPDIR": str(tmp_path)},
        check=True,
    )
    assert list(tmp_path.iterdir()) == []
