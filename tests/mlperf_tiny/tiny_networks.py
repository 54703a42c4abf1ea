"""Small networks with the inputs of MLPerf Tiny's models."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper
from quantized import Graph


def classifier(shape: list[int], classes: int, dtype: type = np.int8) -> onnx.ModelProto:
    """Integers to integers, one dense layer between."""
    graph = Graph(dtype)
    flat = graph.add("Flatten", graph.input(shape))
    product = graph.add("MatMul", flat, graph.weights([int(np.prod(shape)), classes]))
    return graph.model(graph.quantize(product, 0.35))


def autoencoder() -> onnx.ModelProto:
    """Its output is about its input: weights of one, but for a few."""
    graph = Graph()
    weights = np.eye(640, dtype=np.int8) * 96
    weights[:4] = 5
    given = graph.input([1, 640], scale=0.4, zero=89)
    dense = graph.add(
        "DequantizeLinear", graph.constant(weights), *graph.parameters(1 / 96, 0, np.int8)
    )
    return graph.model(graph.quantize(graph.add("MatMul", given, dense), 0.37, 88))


def adder(inputs: int, shape: list[int | str]) -> onnx.ModelProto:
    """Floats, `inputs` of them added up."""
    names = [f"x{number}" for number in range(inputs)]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    graph = helper.make_graph([helper.make_node("Sum", names, ["y"])], "main", values, [result])
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)
