"""A quantized graph for each operator that has an integer form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import helper
from quantized import Graph

Case = Callable[[Graph], str]

#: Of a product of inputs and weights as `Graph` makes them.
STEP = np.float32(0.02) * np.float32(0.010417)


def conv(graph: Graph) -> str:
    x = graph.input([1, 3, 9, 9])
    y = graph.add("Conv", x, graph.weights([4, 3, 3, 3]), graph.bias(4, STEP), pads=[1] * 4)
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
    y = graph.add("Gemm", x, graph.weights([7, 40]), graph.bias(7, STEP), transB=1)
    return graph.quantize(graph.add("Relu", y), 0.08)


def gemm_float_bias(graph: Graph) -> str:
    x = graph.input([1, 40])
    bias = graph.constant(graph.random.normal(size=6).astype(np.float32))
    return graph.quantize(graph.add("Gemm", x, graph.weights([40, 6]), bias), 0.08)


def matmul_and_bias(graph: Graph) -> str:
    x = graph.input([1, 5, 12])
    y = graph.add("MatMul", x, graph.weights([12, 6], np.full(6, 0.01, np.float32), axis=1))
    return graph.quantize(
        graph.add("Add", y, graph.bias(6, np.full(6, np.float32(0.02) * np.float32(0.01)))), 0.05
    )


def matmul_of_two(graph: Graph) -> str:
    y = graph.add("MatMul", graph.input([2, 3, 8]), graph.input([2, 8, 5], 0.031, -7))
    return graph.quantize(y, 0.0471)


def with_number(kind: str, number: float) -> Case:
    """An operator of a tensor and a constant."""

    def make(graph: Graph) -> str:
        y = graph.add(kind, graph.input([1, 256], 0.04), graph.constant(np.float32(number)))
        return graph.quantize(y, 0.0371)

    return make


def add(graph: Graph) -> str:
    y = graph.add("Add", graph.input([1, 4, 5], 0.02), graph.input([1, 4, 5], 0.013, 9))
    return graph.quantize(y, 0.031)


def subtract_and_bound(graph: Graph) -> str:
    y = graph.add("Sub", graph.input([1, 4, 5], 0.02), graph.input([1, 1, 5], 0.07, 9))
    return graph.quantize(graph.add("Relu", y), 0.05)


def multiply(graph: Graph) -> str:
    y = graph.add("Mul", graph.input([1, 4, 5], 0.02), graph.input([1, 4, 1], 0.03, 9))
    return graph.quantize(y, 0.0407)


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


def conv_padded_by_side(graph: Graph) -> str:
    x = graph.input([2, 3, 7, 8])
    y = graph.add("Conv", x, graph.weights([4, 3, 3, 2]), pads=[0, 1, 2, 0], strides=[2, 1])
    return graph.quantize(y, 0.05371)


def conv_narrow(graph: Graph) -> str:
    weights = graph.narrow_weights([4, 3, 3, 3], np.array([0.1, 0.13, 0.07, 0.2], np.float32))
    y = graph.add("Conv", graph.input([1, 3, 9, 9]), weights, pads=[1] * 4)
    return graph.quantize(y, 0.0571)


def matmul_narrow(graph: Graph) -> str:
    weights = graph.narrow_weights([16, 5], 0.13, signed=False)
    return graph.quantize(graph.add("MatMul", graph.input([3, 16]), weights), 0.0571)


def transposed(shape: list[int], weights: list[int], scale: Any = 0.010417, **options: Any) -> Case:
    """A `ConvTranspose` with a bias."""

    def make(graph: Graph) -> str:
        group = options.get("group", 1)
        own = np.float32(0.02) * np.asarray(scale, np.float32)
        bias = graph.bias(weights[1] * group, np.tile(own, group) if own.ndim else own)
        x, kernel = graph.input(shape), graph.weights(weights, scale, axis=1)
        return graph.quantize(graph.add("ConvTranspose", x, kernel, bias, **options), 0.0613)

    return make


def transposed_and_cut(graph: Graph) -> str:
    x, weights = graph.input([1, 3, 5, 6]), graph.weights([3, 4, 3, 3], axis=1)
    y = graph.add("ConvTranspose", x, weights, strides=[2, 2], output_padding=[1, 0])
    bounds = [graph.constant(np.array(each)) for each in ([0, 1], [10, 12], [2, 3])]
    return graph.quantize(graph.add("Slice", y, *bounds), 0.0613)


def transposed_unsigned(graph: Graph) -> str:
    x, weights = graph.input([1, 4, 5, 6]), graph.unsigned_weights([4, 3, 3, 3])
    y = graph.add("Relu", graph.add("ConvTranspose", x, weights, strides=[2, 2], group=2))
    return graph.quantize(y, 0.0613)


def pool(kind: str, scale: float, shape: list[int], **options: Any) -> Case:
    """Average values of 0.0235 a step."""

    def make(graph: Graph) -> str:
        return graph.quantize(graph.add(kind, graph.input(shape, 0.0235), **options), scale, 3)

    return make


def softmax(shape: list[int], axis: int, scale: float = 1 / 256, zero: int = -128) -> Case:
    def make(graph: Graph) -> str:
        return graph.quantize(
            graph.add("Softmax", graph.input(shape, 0.07), axis=axis), scale, zero
        )

    return make


def bounded(kind: str, *bounds: float, **options: Any) -> Case:
    """An activation of its own, with no product in front of it."""

    def make(graph: Graph) -> str:
        limits = [graph.constant(np.float32(bound)) for bound in bounds]
        y = graph.add(kind, graph.input([1, 256], 0.06), *limits, **options)
        return graph.quantize(y, 0.0271)

    return make


def relu6(graph: Graph) -> str:
    limits = [graph.constant(np.float32(bound)) for bound in (0, 6)]
    y = graph.add("Clip", graph.input([1, 256], 0.06), *limits)
    return graph.quantize(y, 6 / 255, -128)


def gather(graph: Graph) -> str:
    y = graph.add("Gather", graph.input([3, 7]), graph.constant(np.array([5, 0, 0, 6])), axis=1)
    return graph.quantize(y, 0.02, 3)


def pad_rescaled(graph: Graph) -> str:
    widths, value = graph.constant(np.array([0, 1, 2, 0])), graph.constant(np.float32(0.2))
    return graph.quantize(graph.add("Pad", graph.input([3, 4]), widths, value), 0.0371)


HALVED = {"kernel_shape": [2, 2], "strides": [2, 2]}
BORDERED = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 1, 2]}

#: Cases by what they are about.
CASES: dict[str, Case] = {
    "Conv": conv,
    "Conv by channel": conv_by_channel,
    "Conv depthwise, Relu": conv_depthwise_relu,
    "Conv dilated, in groups, Relu6": conv_dilated_groups_relu6,
    "Conv of one dimension": conv_one_dimension,
    "Conv padded by side": conv_padded_by_side,
    "Conv, uint8 weights": conv_unsigned,
    "Conv in groups, uint8 weights": conv_unsigned_groups,
    "Conv, int4 weights": conv_narrow,
    "ConvTranspose": transposed([1, 3, 5, 5], [3, 4, 3, 3]),
    "ConvTranspose, strides": transposed([2, 3, 5, 6], [3, 4, 2, 3], strides=[2, 3]),
    "ConvTranspose, pads": transposed(
        [1, 3, 5, 6], [3, 4, 3, 4], strides=[2, 3], pads=[1, 0, 2, 1], output_padding=[1, 2]
    ),
    "ConvTranspose, wide pads": transposed(
        [1, 3, 5, 6], [3, 4, 3, 3], strides=[2, 2], pads=[3, 2, 3, 3]
    ),
    "ConvTranspose, SAME": transposed(
        [1, 3, 5, 6], [3, 4, 3, 3], strides=[2, 2], auto_pad="SAME_LOWER"
    ),
    "ConvTranspose to a size": transposed(
        [1, 3, 5, 6], [3, 4, 3, 3], strides=[2, 2], output_shape=[10, 12]
    ),
    "ConvTranspose by channel, in groups": transposed(
        [1, 4, 5, 6], [4, 2, 3, 3], np.array([0.01, 0.003], np.float32), strides=[2, 2], group=2
    ),
    "ConvTranspose depthwise": transposed(
        [1, 4, 5, 6], [4, 1, 4, 4], strides=[2, 2], pads=[1] * 4, group=4
    ),
    "ConvTranspose dilated": transposed(
        [1, 3, 5, 6], [3, 4, 3, 3], strides=[2, 1], dilations=[2, 3]
    ),
    "ConvTranspose, cut": transposed_and_cut,
    "ConvTranspose of one dimension": transposed([1, 3, 9], [3, 4, 5], strides=[3], pads=[1, 2]),
    "ConvTranspose, uint8 weights, Relu": transposed_unsigned,
    "Gemm, Relu": gemm,
    "Gemm, bias in float": gemm_float_bias,
    "MatMul, Add": matmul_and_bias,
    "MatMul, uint8 weights": matmul_unsigned,
    "MatMul, uint4 weights": matmul_narrow,
    "MatMul of two": matmul_of_two,
    "Add": add,
    "Sub, Relu": subtract_and_bound,
    "Mul": multiply,
    "Concat": concatenate,
    "Concat of unlike scales": concatenate_unlike,
    "Split, Slice, Add": split,
    "Transpose, Reshape, Slice, Pad, Flatten": moves,
    "Pad, another scale": pad_rescaled,
    "Gather": gather,
    "MaxPool": max_pool,
    "MaxPool, another scale": max_pool_rescaled,
    "AveragePool": average,
    "AveragePool, pads": pool("AveragePool", 0.013742, [1, 8, 7, 9], **BORDERED),
    "AveragePool, pads counted": pool(
        "AveragePool", 0.013742, [1, 8, 7, 9], count_include_pad=1, **BORDERED
    ),
    "AveragePool, SAME": pool(
        "AveragePool", 0.01317, [1, 4, 8, 9], kernel_shape=[3, 2], auto_pad="SAME_UPPER"
    ),
    "AveragePool of an image": pool("AveragePool", 0.0235, [1, 32, 8, 8], kernel_shape=[8, 8]),
    "AveragePool of one dimension": pool("AveragePool", 0.013742, [1, 8, 11], kernel_shape=[3]),
    "GlobalAveragePool": global_average,
    "GlobalAveragePool of 16": pool("GlobalAveragePool", 0.0235, [1, 64, 4, 4]),
    "GlobalAveragePool of 6": pool("GlobalAveragePool", 0.0235, [1, 64, 2, 3]),
    "GlobalAveragePool of 36": pool("GlobalAveragePool", 0.0235, [1, 64, 6, 6]),
    "ReduceMean": reduce_mean,
    "Relu": bounded("Relu"),
    "Clip": bounded("Clip", -1.3, 2.1),
    "Relu6": relu6,
    "LeakyRelu": table("LeakyRelu", alpha=0.1),
    "Sigmoid": table("Sigmoid"),
    "Tanh": table("Tanh"),
    "HardSigmoid": table("HardSigmoid"),
    "HardSwish": table("HardSwish"),
    "Elu": table("Elu"),
    "Div by a number": with_number("Div", 1.7),
    "PRelu of a number": with_number("PRelu", 0.13),
    "Max with a number": with_number("Max", 0.5),
    "GlobalMaxPool": pool("GlobalMaxPool", 0.013742, [1, 64, 4, 5]),
    "Softmax": softmax([4, 12], -1),
    "Softmax of channels": softmax([2, 5, 3, 4], 1),
    "Softmax of many": softmax([2, 600], 1),
    "Softmax, other steps": softmax([4, 12], -1, 0.0039, -5),
    "Softmax of two": softmax([40, 2], 1, 1 / 255),
    "Resize": resize,
    "requantization": requantize,
    "network": network,
}
