"""Trained parameters to ONNX, and from float32 to int8 in QDQ form."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from network import KERNEL, LAYERS, Parameters
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

INPUT, OUTPUT = "image", "scores"
OPSET = 17  # per-tensor QDQ needs 10; 17 imports into IREE without a conversion
IR_VERSION = 8  # of opset 17's time, so that older onnxruntimes read the file


def to_onnx(parameters: Parameters) -> onnx.ModelProto:
    """The float32 network: image [1, 1, 28, 28] in 0..1 to scores [1, 10]."""
    weights = []
    for name in LAYERS:
        weight = parameters[f"{name}.weight"]
        if name.startswith("conv"):
            weight = weight.reshape(len(weight), -1, KERNEL, KERNEL)
        weights.append(numpy_helper.from_array(weight, f"{name}.weight"))
        weights.append(numpy_helper.from_array(parameters[f"{name}.bias"], f"{name}.bias"))

    def node(op: str, source: str, target: str, layer: str = "", **attributes: object) -> None:
        sources = [source, f"{layer}.weight", f"{layer}.bias"] if layer else [source]
        nodes.append(helper.make_node(op, sources, [target], name=target, **attributes))

    nodes: list[onnx.NodeProto] = []
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    node("Conv", INPUT, "conv1", "conv1", pads=[2, 2, 2, 2])
    node("Relu", "conv1", "relu1")
    node("MaxPool", "relu1", "pool1", **pool)
    node("Conv", "pool1", "conv2", "conv2")
    node("Relu", "conv2", "relu2")
    node("MaxPool", "relu2", "pool2", **pool)
    node("Flatten", "pool2", "flat")
    node("Gemm", "flat", "fc1", "fc1", transB=1)
    node("Relu", "fc1", "relu3")
    node("Gemm", "relu3", "fc2", "fc2", transB=1)
    node("Relu", "fc2", "relu4")
    node("Gemm", "relu4", OUTPUT, "fc3", transB=1)
    graph = helper.make_graph(
        nodes,
        "lenet5",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, 1, 28, 28])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, 10])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    model.producer_name = "pytest-arielml examples/lenet5"
    onnx.checker.check_model(model, full_check=True)
    return model


def to_int8(model: onnx.ModelProto, calibration: NDArray[np.float32]) -> onnx.ModelProto:
    """Quantize after training: int8 weights symmetric, int8 activations asymmetric.

    Args:
        model: what `to_onnx` made.
        calibration: float32 [n, 1, 28, 28]; the range of each activation over
            these images becomes its quantization range.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        onnx.save(model, source)
        quantize_static(
            source,
            target,
            _Reader(calibration),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            per_channel=False,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"WeightSymmetric": True, "ActivationSymmetric": False},
        )
        quantized = onnx.load(target)
    onnx.checker.check_model(quantized, full_check=True)
    return quantized


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    def __init__(self, images: NDArray[np.float32]) -> None:
        self._images: Iterator[NDArray[np.float32]] = iter(images)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        image = next(self._images, None)
        return None if image is None else {INPUT: image[None]}
