"""The integer form: what it computes is what onnxruntime does, and in integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from quantized import OPS, Graph, feeds, normal

from pytest_arielml.frontends.passes.integer import integer_form, kept_in_float
from pytest_arielml.session import Workbench

FLOAT = ("Conv", "Gemm", "MatMul", "QuantizeLinear", "DequantizeLinear", "Relu", "Sigmoid")


def reference(model: onnx.ModelProto, feeds: dict[str, Any]) -> Any:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, feeds)[0]


def conv(graph: Graph) -> str:
    x = graph.input([1, 3, 9, 9])
    y = graph.add("Conv", x, graph.weights([4, 3, 3, 3]), graph.bias(4, 0.0002), pads=[1] * 4)
    return graph.quantize(y, 0.05)


def conv_unsigned(graph: Graph) -> str:
    x = graph.input([1, 3, 7, 7])
    y = graph.add("Conv", x, graph.unsigned_weights([4, 3, 3, 3]), pads=[1] * 4)
    return graph.quantize(y, 0.05371)


def conv_unsigned_groups(graph: Graph) -> str:
    x = graph.input([1, 4, 7, 7])
    y = graph.add("Conv", x, graph.unsigned_weights([6, 2, 3, 3]), group=2)
    return graph.quantize(y, 0.05371)


def matmul_unsigned(graph: Graph) -> str:
    x = graph.input([3, 16])
    return graph.quantize(graph.add("MatMul", x, graph.unsigned_weights([16, 5])), 0.05371)


def concatenate_unlike(graph: Graph) -> str:
    parts = [graph.input([2, 5], 0.02), graph.input([2, 3], 0.031, -7)]
    return graph.quantize(graph.add("Concat", *parts, axis=1), 0.0271)


def conv_by_channel(graph: Graph) -> str:
    scales = np.array([0.01, 0.003, 0.0001, 0.02], np.float32)
    x = graph.input([1, 3, 9, 8])
    bias = graph.bias(4, np.float32(0.02) * scales)
    y = graph.add("Conv", x, graph.weights([4, 3, 3, 2], scales), bias, strides=[2, 1])
    return graph.quantize(y, 0.07)


def conv_depthwise_relu(graph: Graph) -> str:
    x = graph.input([1, 4, 8, 8])
    weights = graph.weights([4, 1, 3, 3], np.array([0.01, 0.02, 0.03, 0.015], np.float32))
    y = graph.add("Conv", x, weights, group=4, auto_pad="SAME_UPPER", strides=[2, 2])
    return graph.quantize(graph.add("Relu", y), 0.02)


def conv_dilated_groups_relu6(graph: Graph) -> str:
    x = graph.input([1, 4, 9, 9])
    y = graph.add("Conv", x, graph.weights([6, 2, 3, 3]), group=2, dilations=[2, 2])
    zero, six = graph.constant(np.float32(0)), graph.constant(np.float32(6))
    return graph.quantize(graph.add("Clip", y, zero, six), 0.03, -100)


def conv_one_dimension(graph: Graph) -> str:
    x = graph.input([1, 3, 20])
    return graph.quantize(graph.add("Conv", x, graph.weights([5, 3, 4]), pads=[2, 1]), 0.05)


def gemm(graph: Graph) -> str:
    x = graph.input([1, 40])
    y = graph.add("Gemm", x, graph.weights([7, 40]), graph.bias(7, 0.0002), transB=1)
    return graph.quantize(graph.add("Relu", y), 0.08)


def gemm_float_bias(graph: Graph) -> str:
    x = graph.input([1, 40])
    bias = graph.constant(graph.random.normal(size=6).astype(np.float32))
    return graph.quantize(graph.add("Gemm", x, graph.weights([40, 6]), bias), 0.08)


def matmul_and_bias(graph: Graph) -> str:
    x = graph.input([1, 5, 12])
    y = graph.add("MatMul", x, graph.weights([12, 6], np.full(6, 0.01, np.float32), axis=1))
    return graph.quantize(graph.add("Add", y, graph.bias(6, 0.0002)), 0.05)


def add(graph: Graph) -> str:
    y = graph.add("Add", graph.input([1, 4, 5], 0.02), graph.input([1, 4, 5], 0.013, 9))
    return graph.quantize(y, 0.031)


def subtract_and_bound(graph: Graph) -> str:
    y = graph.add("Sub", graph.input([1, 4, 5], 0.02), graph.input([1, 1, 5], 0.07, 9))
    return graph.quantize(graph.add("Relu", y), 0.05)


def multiply(graph: Graph) -> str:
    y = graph.add("Mul", graph.input([1, 4, 5], 0.02), graph.input([1, 4, 1], 0.03, 9))
    return graph.quantize(y, 0.04)


def max_pool(graph: Graph) -> str:
    x = graph.input([1, 2, 8, 8])
    return graph.quantize(graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 0.02, 3)


def max_pool_rescaled(graph: Graph) -> str:
    x = graph.input([1, 2, 8, 8])
    y = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0])
    return graph.quantize(y, 0.017)


def global_average(graph: Graph) -> str:
    return graph.quantize(graph.add("GlobalAveragePool", graph.input([1, 3, 5, 5])), 0.011)


def average(graph: Graph) -> str:
    x = graph.input([1, 3, 6, 9])
    return graph.quantize(graph.add("AveragePool", x, kernel_shape=[2, 3], strides=[2, 3]), 0.013)


def reduce_mean(graph: Graph) -> str:
    x = graph.input([1, 3, 5, 7])
    y = graph.add("ReduceMean", x, graph.constant(np.array([2, 3])), keepdims=0)
    return graph.quantize(y, 0.013)


def moves(graph: Graph) -> str:
    x = graph.input([1, 2, 4, 6])
    x = graph.requantized(graph.add("Transpose", x, perm=[0, 2, 3, 1]), 0.02, 3)
    x = graph.requantized(graph.add("Reshape", x, graph.constant(np.array([1, 8, 6]))), 0.02, 3)
    parts = [graph.constant(np.array([value])) for value in (1, 7, 1)]
    x = graph.requantized(graph.add("Slice", x, *parts), 0.02, 3)
    x = graph.requantized(
        graph.add("Pad", x, graph.constant(np.array([0, 1, 0, 0, 0, 2]))), 0.02, 3
    )
    return graph.quantize(graph.add("Flatten", x), 0.02, 3)


def concatenate(graph: Graph) -> str:
    y = graph.add("Concat", graph.input([1, 2, 3]), graph.input([1, 4, 3]), axis=1)
    return graph.quantize(y, 0.02, 3)


def split(graph: Graph) -> str:
    x = graph.input([1, 6, 3])
    names = [graph.name() + "a", graph.name() + "b"]
    graph.nodes.append(
        helper.make_node("Split", [x, graph.constant(np.array([2, 4]))], names, axis=1)
    )
    left = graph.requantized(names[0], 0.02, 3)
    right = graph.requantized(names[1], 0.0307)
    small = graph.add("Slice", right, *(graph.constant(np.array([v])) for v in (0, 2, 1)))
    small = graph.requantized(small, 0.0307)
    return graph.quantize(graph.add("Add", left, small), 0.0513)


def resize(graph: Graph) -> str:
    x = graph.input([1, 2, 3, 4])
    none, scales = graph.constant(np.zeros(0, np.float32)), np.array([1, 1, 2, 2], np.float32)
    options = {"mode": "nearest", "nearest_mode": "floor"}
    y = graph.add(
        "Resize",
        x,
        none,
        graph.constant(scales),
        coordinate_transformation_mode="asymmetric",
        **options,
    )
    return graph.quantize(y, 0.02, 3)


def table(kind: str, **options: Any) -> Callable[[Graph], str]:
    def make(graph: Graph) -> str:
        scale = 1 / 256 if kind in ("Sigmoid", "HardSigmoid") else 0.015
        return graph.quantize(graph.add(kind, graph.input([1, 256], 0.04), **options), scale)

    make.__name__ = kind.lower()
    return make


def requantize(graph: Graph) -> str:
    return graph.quantize(graph.input([1, 256], 0.02), 0.05)


def network(graph: Graph) -> str:
    """Operators one after the other, with a branch around two of them."""
    x = graph.requantized(
        graph.add(
            "Relu",
            graph.add("Conv", graph.input([1, 3, 8, 8]), graph.weights([8, 3, 3, 3]), pads=[1] * 4),
        ),
        0.03,
        -128,
    )
    y = graph.requantized(graph.add("Conv", x, graph.weights([8, 8, 1, 1])), 0.08)
    z = graph.requantized(graph.add("Relu", graph.add("Add", x, y)), 0.07, -128)
    z = graph.requantized(graph.add("MaxPool", z, kernel_shape=[2, 2], strides=[2, 2]), 0.07, -128)
    z = graph.requantized(graph.add("Flatten", z), 0.07, -128)
    return graph.quantize(graph.add("Gemm", z, graph.weights([5, 128]), transB=1), 0.3)


CASES = [
    *(conv_unsigned, conv_unsigned_groups, matmul_unsigned, concatenate_unlike),
    *(conv, conv_by_channel, conv_depthwise_relu, conv_dilated_groups_relu6, conv_one_dimension),
    *(gemm, gemm_float_bias, matmul_and_bias, add, subtract_and_bound, multiply),
    *(max_pool, max_pool_rescaled, global_average, average, reduce_mean),
    *(moves, concatenate, split, resize, requantize, network),
    *(table(kind) for kind in ("Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Elu")),
    table("LeakyRelu", alpha=0.1),
]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_computes_the_same_in_integers(case: Callable[[Graph], str], dtype: Any) -> None:
    graph = Graph(dtype)
    model = graph.model(case(graph))
    form = normal(model)
    kinds = {node.op_type for node in form.graph.node}
    assert not kinds.intersection(FLOAT), kept_in_float(form)
    evaluator = ReferenceEvaluator(form, new_ops=OPS)
    off = count = 0
    for seed in range(5):
        given = feeds(model, seed)
        expected = reference(model, given)
        (found,) = evaluator.run(None, given)
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        difference = np.abs(found.astype(int) - expected.astype(int))
        assert difference.max() <= 1
        off, count = off + np.count_nonzero(difference), count + difference.size
    # A float that the reference rounds may come to lie on a half.
    assert off <= 0.004 * count


ON_BOARD = [conv_by_channel, add, average, max_pool_rescaled, moves, network, CASES[-1]]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("case", ON_BOARD, ids=lambda case: case.__name__)
def test_the_board_computes_what_the_form_says(
    case: Callable[[Graph], str], dtype: Any, bench: Workbench
) -> None:
    graph = Graph(dtype)
    model = graph.model(case(graph))
    evaluator = ReferenceEvaluator(normal(model), new_ops=OPS)
    deployment = bench.deploy(model)
    for seed in range(3):
        given = feeds(model, seed)
        (expected,) = evaluator.run(None, given)
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
    model = graph.model(graph.quantize(graph.add("Softmax", x), 1 / 256))
    form = normal(model)
    assert list(kept_in_float(form).values()) == [reason]
    # Beside one that has: the note stays, and says nothing of the other.
    graph = Graph()
    x = graph.input([1, 8], 0.1)
    y = graph.requantized(graph.add("MatMul", x, graph.weights([8, 8])), 0.1)
    model = graph.model(graph.quantize(graph.add("Softmax", y), 1 / 256))
    kept = kept_in_float(normal(model))
    assert [name.partition(" ")[0] for name in kept] == ["Softmax"]


def test_what_stays_in_float_says_why() -> None:
    def moving_weights(graph: Graph) -> str:
        x, weights = graph.input([1, 4, 4]), graph.input([1, 4, 4])
        y = graph.requantized(graph.add("MatMul", x, weights), 0.1)
        return graph.quantize(graph.add("Relu", y), 0.2)

    assert refused("MatMul", moving_weights) == "its weights are not constant"

    def half_way(graph: Graph) -> str:
        y = graph.requantized(graph.add("GlobalAveragePool", graph.input([1, 2, 4, 4])), 0.02)
        return graph.quantize(graph.add("Relu", y), 0.07)

    assert refused("GlobalAveragePool", half_way) == "its results lie half way between two steps"


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
