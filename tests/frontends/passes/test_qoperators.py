"""Quantized operators: computed in integers, and equal to onnxruntime's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from quantized import OPS

from pytest_arielml.frontends import load_model
from pytest_arielml.frontends.passes.qoperators import dequantize_operators
from pytest_arielml.golden import reference
from pytest_arielml.session import Workbench

SIZE = (1, 3, 9, 9)
FLOAT = {"Add", "Conv", "Gemm", "MatMul", "Mul", "Concat", "LeakyRelu", "Sigmoid"}


class Calibration(CalibrationDataReader):
    """Random images."""

    def __init__(self) -> None:
        self._images = images(np.random.default_rng(3), 20)

    def get_next(self) -> Any:
        return next(({"x": image} for image in self._images), None)


def images(random: np.random.Generator, count: int) -> Iterator[Any]:
    return (random.normal(size=SIZE).astype(np.float32) for _ in range(count))


def network(tail: str) -> onnx.ModelProto:
    """One of every operator that has a quantized form; `tail` ends it."""
    random = np.random.default_rng(0)
    weights = {
        "w1": random.normal(size=(8, 3, 3, 3)) * 0.2,
        "b1": random.normal(size=8),
        "w2": random.normal(size=(8, 1, 3, 3)) * 0.3,
        "b2": random.normal(size=8),
        "w3": random.normal(size=(10, 16)),
        "b3": random.normal(size=10),
        "w4": random.normal(size=(10, 6)),
    }
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["conv"], pads=[1, 1, 1, 1]),
        node("Relu", ["conv"], ["relu"]),
        node("Conv", ["relu", "w2", "b2"], ["depthwise"], pads=[1, 1, 1, 1], group=8),
        node("Add", ["depthwise", "relu"], ["sum"]),
        node("MaxPool", ["sum"], ["pool"], kernel_shape=[2, 2], strides=[2, 2]),
        node("LeakyRelu", ["pool"], ["leak"], alpha=0.1),
        node("Concat", ["leak", "pool"], ["joined"], axis=1),
        node("Sigmoid", ["joined"], ["gate"]),
        node("Mul", ["joined", "gate"], ["swish"]),
        node("GlobalAveragePool", ["swish"], ["mean"]),
        node("Flatten", ["mean"], ["flat"]),
        node("Gemm", ["flat", "w3", "b3"], ["dense"], transB=1),
        node("MatMul", ["dense", "w4"], ["product"]),
        node(tail, ["product"], ["y"]),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "network",
        [info("x", TensorProto.FLOAT, SIZE)],
        [info("y", TensorProto.FLOAT, [1, 6])],
        [numpy_helper.from_array(each.astype(np.float32), name) for name, each in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


@pytest.fixture(params=[QuantType.QInt8, QuantType.QUInt8], ids=["int8", "uint8"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    onnx.save(network("Softmax"), tmp_path / "float.onnx")
    quantize_static(
        tmp_path / "float.onnx",
        tmp_path / "quantized.onnx",
        Calibration(),
        quant_format=QuantFormat.QOperator,
        activation_type=QuantType.QUInt8,
        weight_type=request.param,
        per_channel=request.param == QuantType.QInt8,
    )
    return tmp_path / "quantized.onnx"


def test_a_network_is_computed_in_integers(path: Path) -> None:
    kinds = {node.op_type for node in onnx.load(path).graph.node}
    # Or the test would be about nothing.
    assert {"QLinearConv", "QLinearAdd", "QLinearConcat", "QGemm", "QLinearMatMul"} <= kinds
    model = load_model(path)
    normal = onnx.load_from_string(model.normal)
    nodes = [node.op_type for node in normal.graph.node]
    assert not any(kind.startswith(("QLinear", "QGemm")) for kind in nodes)
    assert model.kept_in_float == {}
    evaluator = ReferenceEvaluator(normal, new_ops=OPS)
    expected = reference(path.read_bytes())
    for image in images(np.random.default_rng(4), 20):
        (found,) = evaluator.run(None, {"x": image})
        np.testing.assert_allclose(found, expected.run(image)[0], atol=1e-6)


def test_the_board_gives_the_same(path: Path) -> None:
    with Workbench("emu-nrf52840") as bench:
        deployment = bench.deploy(path)
        for image in images(np.random.default_rng(5), 2):
            deployment.run(image).assert_matches(deployment.reference(image))
    assert deployment.kept_in_float == {}


def test_other_models_are_left_as_they_are() -> None:
    model = network("Softmax")
    assert dequantize_operators(model) is model
