"""Convolutions and dense layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from pytest_arielml.frontends.tflite.convert import Converter, Unsupported
from pytest_arielml.frontends.tflite.operators.windows import same_pads
from pytest_arielml.frontends.tflite.read import Operator, Tensor

#: Where weights as TensorFlow Lite keeps them, by (output, height, width, input), go in ONNX.
_CONV = (0, 3, 1, 2)
_DEPTHWISE = (3, 0, 1, 2)
_TRANSPOSED = (3, 0, 1, 2)


def convolve(maker: Converter, operator: Operator) -> None:
    """`CONV_2D`, in groups where the weights have fewer input channels. Raises: Unsupported."""
    x, weights = operator.inputs[:2]
    size, shape = maker.shape(x), maker.shape(weights)
    _convolve(maker, operator, _CONV, group=size[3] // shape[3])


def convolve_depthwise(maker: Converter, operator: Operator) -> None:
    """`DEPTHWISE_CONV_2D`. Raises: Unsupported."""
    _convolve(maker, operator, _DEPTHWISE, group=maker.shape(operator.inputs[0])[3])


def convolve_transposed(maker: Converter, operator: Operator) -> None:
    """`TRANSPOSE_CONV`. Raises: Unsupported."""
    _, weights, x = operator.inputs[:3]
    options = operator.options
    source, result = maker.shape(x), maker.shape(operator.outputs[0])
    kernel = maker.shape(weights)[1:3]
    strides = (options.strideH, options.strideW)
    begin, extra = [], []
    for place in (0, 1):
        reach = (source[place + 1] - 1) * strides[place] + kernel[place]
        cut = max(reach - result[place + 1], 0)
        begin.append(cut // 2 if options.padding == 0 else 0)
        extra.append(result[place + 1] - reach + cut)
    operands = [
        maker.real(x, first=True),
        _weights(maker, weights, _TRANSPOSED, axis=1),
        *_bias(maker, operator, 3, x, weights),
    ]
    name = maker.add(
        "ConvTranspose", *operands, kernel_shape=kernel, strides=strides, output_padding=extra
    )
    # IREE has the same padding at both ends alone.
    ends = [start + size for start, size in zip(begin, result[1:3], strict=True)]
    bounds = [maker.constant(values, np.int64) for values in (begin, ends, [2, 3])]
    name = maker.add("Slice", name, *bounds)
    activation = getattr(options, "fusedActivationFunction", 0)
    maker.give_real(operator.outputs[0], name, first=True, activation=activation)


def multiply(maker: Converter, operator: Operator) -> None:
    """`FULLY_CONNECTED`. Raises: Unsupported."""
    x, weights = operator.inputs[:2]
    options = operator.options
    if options.weightsFormat:
        raise Unsupported("weights in an order for one processor")
    inputs = maker.shape(weights)[1]
    source = maker.tensor(x)
    name = maker.stored(x)
    flat = (int(np.prod(source.shape)) // inputs, inputs)
    if source.shape != flat:
        name = maker.reshape(name, flat)
        name = maker.dequantized(name, source) if source.quantized else name
    else:
        name = maker.real(x)
    operands = [
        name,
        _weights(maker, weights, (0, 1), axis=0),
        *_bias(maker, operator, 2, x, weights),
    ]
    name = maker.add("Gemm", *operands, transB=1)
    (target,) = operator.outputs
    shape = maker.shape(target)
    whole = (flat[0], maker.shape(weights)[0])
    if shape == whole:
        maker.give_real(target, name, activation=options.fusedActivationFunction)
        return
    maker.give_real(target, name, activation=options.fusedActivationFunction)
    maker.give(target, maker.reshape(maker.stored(target), shape))


def _convolve(maker: Converter, operator: Operator, order: tuple[int, ...], *, group: int) -> None:
    x, weights = operator.inputs[:2]
    options: Any = operator.options
    (target,) = operator.outputs
    kernel = maker.shape(weights)[1:3]
    strides = (options.strideH, options.strideW)
    dilations = (options.dilationHFactor or 1, options.dilationWFactor or 1)
    found: dict[str, Any] = {"kernel_shape": kernel, "strides": strides, "dilations": dilations}
    if options.padding == 0:
        sizes = maker.shape(x)[1:3], maker.shape(target)[1:3]
        found["pads"] = same_pads(*sizes, kernel, strides, dilations)
    operands = [
        maker.real(x, first=True),
        _weights(maker, weights, order, axis=0),
        *_bias(maker, operator, 2, x, weights),
    ]
    name = maker.add("Conv", *operands, group=group, **found)
    activation = options.fusedActivationFunction
    maker.give_real(target, name, first=True, activation=activation)


def _weights(maker: Converter, number: int, order: tuple[int, ...], *, axis: int) -> str:
    """Constant weights, turned; where they go by output channel, that is `axis`."""
    tensor = maker.tensor(number)
    turned = maker.constant(maker.value(number).transpose(order))
    if tensor.quantized:
        if tensor.per_channel and order.index(tensor.axis) != axis:
            raise Unsupported("weights with scales along another axis than the channels")
        return maker.dequantized(turned, tensor, axis)
    return maker.add("Cast", turned, to=1) if tensor.dtype == np.float16 else turned


def _bias(maker: Converter, operator: Operator, place: int, x: int, weights: int) -> list[str]:
    """The bias, when there is one: of integers, in the steps of the product."""
    if place >= len(operator.inputs) or operator.inputs[place] < 0:
        return []
    number = operator.inputs[place]
    tensor = maker.tensor(number)
    if tensor.dtype != np.int32:
        return [maker.real(number)]
    left, right = maker.tensor(x), maker.tensor(weights)
    if left.scale is None or right.scale is None:
        raise Unsupported("a bias of integers to a product of reals")
    # What the file says of the bias's own scale is this, rounded once more.
    scale = np.asarray(left.scale * right.scale, np.float32)
    zero = np.zeros(scale.shape, np.int64)
    steps = Tensor(
        tensor.name, tensor.kind, tensor.dtype, tensor.shape, (), scale=scale, zero_point=zero
    )
    return [maker.dequantized(maker.constant(maker.value(number)), steps)]
