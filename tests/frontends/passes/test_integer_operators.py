"""Each quantized operator: nothing of it is float, and it computes what onnxruntime does.

The operators come between `DequantizeLinear` and `QuantizeLinear`, or quantized themselves.
"""

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

from pytest_arielml.frontends.passes.graph import dtype_of, is_own, types
from pytest_arielml.frontends.passes.integer import kept_in_float
from pytest_arielml.golden import reference

#: Elements that are compared, at least, in calls of random inputs.
ELEMENTS = 2000
#: How many of them may be off by a step: a float that the reference rounds may come to lie on
#: a half.
SHARE = 1e-3


def floats(form: onnx.ModelProto) -> list[str]:
    """Values that some operator computes in float, constants apart."""
    known = types(form.graph)
    made = {
        name for node in form.graph.node if not is_own(node, "Constant") for name in node.output
    }
    assert made <= set(known)
    return [name for name in sorted(made) if dtype_of(known[name].element).kind == "f"]


def check(model: onnx.ModelProto) -> None:
    form = normal(model)
    assert kept_in_float(form) == {}
    assert floats(form) == []
    evaluator = ReferenceEvaluator(form, new_ops=OPS)
    expected = reference(model.SerializeToString())
    off = count = seed = 0
    values: set[int] = set()
    while count < ELEMENTS:
        given = feeds(model, seed)
        (found,) = evaluator.run(None, given)
        wanted = np.asarray(expected.run(*given.values())[0])
        assert found.dtype == wanted.dtype
        assert found.shape == wanted.shape
        difference = np.abs(found.astype(int) - wanted.astype(int))
        assert difference.max() <= 1
        off, count, seed = off + np.count_nonzero(difference), count + found.size, seed + 1
        values |= set(wanted.reshape(-1).tolist())
    assert len(values) > 2
    assert off <= SHARE * count


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("case", CASES)
def test_between_conversions(case: str, dtype: Any) -> None:
    graph = Graph(dtype)
    check(graph.model(CASES[case](graph)))


def given(graph: Graph, shape: list[int], scale: float = 0.02, zero: int = 3) -> list[str]:
    """An input, its scale and its zero point."""
    name = graph.name()
    element = helper.np_dtype_to_tensor_dtype(graph.dtype)
    graph.inputs.append(helper.make_tensor_value_info(name, element, shape))
    return [name, *graph.parameters(scale, graph.middle(zero))]


def weights(graph: Graph, shape: list[int], scale: Any = 0.010417) -> list[str]:
    """Weights, their scale and their zero point."""
    values = graph.random.integers(-127, 128, shape).astype(np.int8)
    zeros = np.zeros(np.shape(scale), np.int8)
    return [graph.constant(values), *graph.parameters(scale, zeros, np.int8)]


def step(graph: Graph, scale: float, zero: int = -5) -> list[str]:
    """Scale and zero point of a result."""
    return graph.parameters(scale, graph.middle(zero))


def bias(graph: Graph, count: int) -> str:
    return graph.constant(graph.random.integers(-3000, 3000, count).astype(np.int32))


def added(graph: Graph, kind: str, inputs: list[str], **options: Any) -> str:
    return graph.add(kind, *inputs, domain="com.microsoft", **options)


def conv(graph: Graph) -> str:
    by_channel = np.array([0.01, 0.003, 0.0021, 0.02], np.float32)
    inputs = [*given(graph, [1, 3, 9, 9]), *weights(graph, [4, 3, 3, 3], by_channel)]
    return graph.add("QLinearConv", *inputs, *step(graph, 0.0571), bias(graph, 4), pads=[1] * 4)


def matmul(graph: Graph) -> str:
    inputs = [*given(graph, [3, 16]), *weights(graph, [16, 5]), *step(graph, 0.0571)]
    return graph.add("QLinearMatMul", *inputs)


def gemm(graph: Graph) -> str:
    inputs = [*given(graph, [1, 40]), *weights(graph, [7, 40]), bias(graph, 7)]
    return added(graph, "QGemm", [*inputs, *step(graph, 0.0571)], transB=1)


def two(kind: str) -> Callable[[Graph], str]:
    def make(graph: Graph) -> str:
        inputs = [*given(graph, [1, 4, 5]), *given(graph, [1, 4, 5], 0.013, 9)]
        return added(graph, kind, [*inputs, *step(graph, 0.0313)])

    return make


def one(kind: str, shape: list[int], scale: float, **options: Any) -> Callable[[Graph], str]:
    def make(graph: Graph) -> str:
        inputs = [*given(graph, shape, 0.0235), *step(graph, scale)]
        return added(graph, kind, inputs, **options)

    return make


def concatenated(graph: Graph) -> str:
    parts = [*given(graph, [2, 5]), *given(graph, [2, 3], 0.031, -7)]
    return added(graph, "QLinearConcat", [*step(graph, 0.0271), *parts], axis=1)


#: The operator and the shape of its result.
QUANTIZED = {
    "QLinearConv": (conv, [1, 4, 9, 9]),
    "QLinearMatMul": (matmul, [3, 5]),
    "QGemm": (gemm, [1, 7]),
    "QLinearAdd": (two("QLinearAdd"), [1, 4, 5]),
    "QLinearMul": (two("QLinearMul"), [1, 4, 5]),
    "QLinearConcat": (concatenated, [2, 8]),
    "QLinearAveragePool": (
        one("QLinearAveragePool", [1, 3, 9, 9], 0.013742, kernel_shape=[3, 3], strides=[2, 2]),
        [1, 3, 4, 4],
    ),
    "QLinearGlobalAveragePool": (
        one("QLinearGlobalAveragePool", [1, 64, 4, 4], 0.0235),
        [1, 64, 1, 1],
    ),
    "QLinearLeakyRelu": (one("QLinearLeakyRelu", [1, 256], 0.013742, alpha=0.1), [1, 256]),
    "QLinearSigmoid": (one("QLinearSigmoid", [1, 256], 1 / 256), [1, 256]),
    "QLinearSoftmax": (one("QLinearSoftmax", [4, 12], 1 / 256, axis=-1, opset=13), [4, 12]),
    "QLinearSoftmax of old": (
        one("QLinearSoftmax", [2, 3, 4], 1 / 256, axis=1, opset=12),
        [2, 3, 4],
    ),
}


#: Of uint8 alone: onnxruntime has none of int8 on this processor.
UNSIGNED = ("QLinearConv", "QLinearMatMul", "QGemm")


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        *((case, np.uint8) for case in QUANTIZED),
        *((case, np.int8) for case in QUANTIZED if case not in UNSIGNED),
    ],
)
def test_quantized_itself(case: str, dtype: Any) -> None:
    graph = Graph(dtype)
    make, shape = QUANTIZED[case]
    result = make(graph)
    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    output = helper.make_tensor_value_info(result, element, shape)
    made = helper.make_graph(graph.nodes, "main", graph.inputs, [output], graph.constants)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    check(helper.make_model(made, opset_imports=opsets, ir_version=10))


def test_a_float_is_found() -> None:
    # Or the tests above would be about nothing.
    graph = Graph()
    y = graph.add("LogSoftmax", graph.input([1, 8]))
    form = normal(graph.model(graph.quantize(y, 0.1)))
    assert len(floats(form)) >= 2
    assert form.graph.output[0].type.tensor_type.elem_type == TensorProto.INT8
