"""Small ONNX models, built where they are used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

BuildModel = Callable[..., onnx.ModelProto]


@pytest.fixture
def build_model() -> BuildModel:
    """Builds a model of `nodes`: (op, inputs, outputs, attributes)."""

    def build(
        nodes: list[tuple[str, list[str], list[str], dict[str, object]]],
        inputs: dict[str, tuple[int, list[int | str]]],
        outputs: dict[str, tuple[int, list[int | str]]],
        constants: dict[str, np.ndarray] | None = None,
    ) -> onnx.ModelProto:
        graph = helper.make_graph(
            [helper.make_node(op, ins, outs, **attributes) for op, ins, outs, attributes in nodes],
            "graph",
            [helper.make_tensor_value_info(name, *spec) for name, spec in inputs.items()],
            [helper.make_tensor_value_info(name, *spec) for name, spec in outputs.items()],
            [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model

    return build


@pytest.fixture
def double_model(build_model: BuildModel) -> onnx.ModelProto:
    """y = x + x, float32, any batch of rows of three."""
    return build_model(
        [("Add", ["x", "x"], ["y"], {})],
        {"x": (TensorProto.FLOAT, ["batch", 3])},
        {"y": (TensorProto.FLOAT, ["batch", 3])},
    )


@pytest.fixture
def quantized_model(build_model: BuildModel) -> onnx.ModelProto:
    """x to int8 in steps of 0.25 and back, through nodes that only move values."""
    return build_model(
        [
            ("QuantizeLinear", ["x", "scale", "zero"], ["q"], {}),
            ("DequantizeLinear", ["q", "scale", "zero"], ["d"], {}),
            ("Flatten", ["d"], ["f"], {}),
            ("Identity", ["f"], ["y"], {}),
            ("Identity", ["q"], ["z"], {}),
            ("Relu", ["d"], ["r"], {}),
        ],
        {"x": (TensorProto.FLOAT, [1, 4])},
        {
            "y": (TensorProto.FLOAT, [1, 4]),
            "z": (TensorProto.INT8, [1, 4]),
            "r": (TensorProto.FLOAT, [1, 4]),
        },
        {"scale": np.float32(0.25), "zero": np.int8(-28)},
    )
