"""The integer form: what it computes is what onnxruntime does, and in integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from integer_cases import CASES
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from quantized import OPS, Graph, feeds, normal

from pytest_arielml.frontends.passes.integer import integer_form, kept_in_float
from pytest_arielml.session import Workbench

ON_BOARD = (
    *("Conv by channel", "Conv of one dimension", "ConvTranspose, pads", "Add"),
    *("AveragePool, pads", "GlobalAveragePool of 36", "LeakyRelu", "MaxPool, another scale"),
    *("Softmax of channels", "Transpose, Reshape, Slice, Pad, Flatten", "network"),
)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("case", ON_BOARD)
def test_the_board_computes_what_the_form_says(case: str, dtype: Any, bench: Workbench) -> None:
    graph = Graph(dtype)
    model = graph.model(CASES[case](graph))
    evaluator = ReferenceEvaluator(normal(model), new_ops=OPS)
    deployment = bench.deploy(model)
    for seed in range(3):
        given = feeds(model, seed)
        (expected,) = evaluator.run(None, given)
        np.testing.assert_array_equal(deployment.run(given).output, expected)


def by_windows(graph: Graph) -> str:
    """Taken by onnxruntime's quantized operator, which sums floats."""
    x = graph.input([1, 8, 8, 8], 0.0235)
    return graph.quantize(
        graph.add("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), 0.0235, 3
    )


def by_images(graph: Graph) -> str:
    """Not taken by it: int8 goes in between conversions, and out as it is."""
    x = graph.requantized(graph.add("Relu", graph.input([1, 64, 8, 8], 0.0235)), 0.0113, -128)
    return graph.quantize(graph.add("AveragePool", x, kernel_shape=[8, 8]), 0.0113, -128)


@pytest.mark.parametrize(
    ("case", "dtype", "stays"),
    [
        (by_windows, np.int8, True),
        (by_windows, np.uint8, True),
        (by_images, np.int8, True),
        (by_images, np.uint8, False),
    ],
)
def test_averages_round_halves_as_the_reference_does(
    case: Callable[[Graph], str], dtype: Any, stays: bool, bench: Workbench
) -> None:
    graph = Graph(dtype)
    model = graph.model(case(graph))
    deployment = bench.deploy(model)
    reasons = ["its results lie half way between two steps"] if stays else []
    assert list(deployment.kept_in_float.values()) == reasons
    for seed in range(5):
        (given,) = feeds(model, seed).values()
        (expected,) = deployment.reference(given)
        np.testing.assert_array_equal(deployment.run(given).output, expected)


def refused(kind: str, make: Callable[[Graph], str]) -> str:
    """Why the operator of this kind stayed in float."""
    graph = Graph()
    form = normal(graph.model(make(graph)))
    assert kind in {node.op_type for node in form.graph.node}
    return "; ".join(kept_in_float(form).values())


def test_an_operator_without_a_rule_is_named() -> None:
    graph = Graph()
    x = graph.input([1, 8], 0.1)
    reason = "it has no integer form"
    model = graph.model(graph.quantize(graph.add("LogSoftmax", x), 1 / 256))
    form = normal(model)
    assert list(kept_in_float(form).values()) == [reason]
    # Beside one that has: the note stays, and says nothing of the other.
    graph = Graph()
    x = graph.input([1, 8], 0.1)
    y = graph.requantized(graph.add("MatMul", x, graph.weights([8, 8])), 0.1)
    model = graph.model(graph.quantize(graph.add("LogSoftmax", y), 1 / 256))
    kept = kept_in_float(normal(model))
    assert [name.partition(" ")[0] for name in kept] == ["LogSoftmax"]


def test_what_stays_in_float_says_why() -> None:
    def moving_weights(graph: Graph) -> str:
        x, weights = graph.input([4, 4]), graph.input([4, 4])
        y = graph.requantized(graph.add("Gemm", x, weights), 0.1)
        return graph.quantize(graph.add("Relu", y), 0.2)

    assert refused("Gemm", moving_weights) == "its weights are not constant"

    def half_way(graph: Graph) -> str:
        x = graph.add("AveragePool", graph.input([1, 2, 4, 4]), kernel_shape=[2, 2])
        y = graph.requantized(x, 0.02)
        return graph.quantize(graph.add("Relu", y), 0.07)

    assert refused("AveragePool", half_way) == "its results lie half way between two steps"

    def half_way_mean(graph: Graph) -> str:
        axes = graph.constant(np.array([1]))
        return graph.quantize(graph.add("ReduceMean", graph.input([1, 4]), axes), 0.02)

    assert refused("ReduceMean", half_way_mean) == "its results lie half way between two steps"

    def in_blocks(graph: Graph) -> str:
        graph.opset = 21
        values = graph.constant(graph.random.integers(-127, 128, [8, 6]).astype(np.int8))
        scales = graph.constant(np.full([2, 6], 0.01, np.float32))
        weights = graph.add("DequantizeLinear", values, scales, axis=0, block_size=4)
        return graph.quantize(graph.add("MatMul", graph.input([2, 8]), weights), 0.05)

    assert refused("MatMul", in_blocks) == "its weights have a scale for each block of a channel"

    def large_steps(graph: Graph) -> str:
        return graph.quantize(graph.add("Softmax", graph.input([1, 4])), 1.5)

    assert refused("Softmax", large_steps) == "a step of its result is more than 1"


def test_a_value_that_is_wanted_in_float_too_stays_in_float() -> None:
    graph = Graph()
    x = graph.input([1, 3, 5, 5])
    y = graph.add("Conv", x, graph.weights([2, 3, 3, 3]))
    model = graph.model(graph.quantize(y, 0.05))
    model.graph.output.append(helper.make_tensor_value_info(y, TensorProto.FLOAT, None))
    model = onnx.shape_inference.infer_shapes(model)
    assert [node.op_type for node in normal(model).graph.node].count("Conv") == 1


def test_a_float_model_is_left_alone() -> None:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "main",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    assert integer_form(model) is model
