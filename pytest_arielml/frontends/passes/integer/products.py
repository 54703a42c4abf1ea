"""Convolutions and matrix products: integer products, one requantization."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pytest_arielml.frontends.passes.graph import Array, attributes, is_own
from pytest_arielml.frontends.passes.integer.build import TOO_FAR, Builder, Quantized, Refused
from pytest_arielml.frontends.passes.integer.rounding import fitted
from pytest_arielml.frontends.passes.integer.scales import Scaling, multiplier

_INT32: Final = np.iinfo(np.int32)
#: Types of weights.
_WEIGHTS: Final = ("int8", "uint8", "int4", "uint4")
#: The greatest magnitude of an integer of 8 bits.
_GREATEST: Final = 255.0


def convolve(builder: Builder) -> None:
    """`Conv` with constant weights. Raises: Refused."""
    x = builder.signed(builder.per_tensor(0))
    weights, channels = constant_weights(builder, 1, axis=0)
    options = dict(builder.options)
    options.pop("kernel_shape", None)
    source = _surrounded(builder, x, weights.shape[2:], options)
    shape = builder.facts.shape(str(builder.node.output[0]))
    if shape is None:
        raise Refused("the size of its result is not known")
    finish_convolution(builder, x, source, weights, channels, options, shape)


def finish_convolution(
    builder: Builder,
    x: Quantized,
    source: str,
    weights: Array,
    channels: NDArray[np.float64],
    options: dict[str, Any],
    shape: tuple[int, ...],
    *,
    repeats: int = 1,
) -> None:
    """The result: a convolution without pads, requantized. Raises: Refused.

    Args:
        builder: of the node, whose third input is the bias.
        x: its input, of int8.
        source: name of what is convolved: `x` with its borders.
        weights: int64 [results, channels of a group, ...].
        channels: scale of the weights, [] or [results].
        options: attributes of the convolution.
        shape: of the result.
        repeats: how many results in a row share an element of the bias.
    """
    if weights.ndim == 3:
        # IREE has no such convolution of integers: it becomes one of a single row.
        aside = (*shape[:2], 1, shape[2])
        made = builder.aside(aside)
        row = made.add("Unsqueeze", source, made.constant([2]))
        for name in ("strides", "dilations"):
            if options.get(name):
                options = {**options, name: [1, *options[name]]}
        finish_convolution(
            made, x, row, weights[:, :, None], channels, options, aside, repeats=repeats
        )
        builder.take(made)
        builder.add("Squeeze", made.result, builder.constant([2]), output=builder.result)
        return
    others = tuple(range(1, weights.ndim))
    sums = weights.sum(axis=others, dtype=np.int64)
    reach = np.abs(weights).sum(axis=others, dtype=np.int64)
    narrow, rest = _narrow(weights)
    product = builder.add("ConvInteger", source, builder.constant(narrow, np.int8), **options)
    spread = [1, -1] + [1] * (weights.ndim - 2)
    if rest:
        # One window for each group: its sum is that of all its channels.
        count = options.get("group", 1)
        ones = builder.constant(np.ones([count, *weights.shape[1:]]), np.int8)
        window = builder.add("ConvInteger", source, ones, **options)
        if 1 < count < len(weights):
            repeated = np.repeat(np.arange(count), len(weights) // count)
            window = builder.add("Gather", window, builder.constant(repeated), axis=1)
        product = _with_rest(builder, product, window, rest)
    _finish(builder, product, x, channels, sums, reach, spread, axis=1, repeats=repeats)


def biased(builder: Builder) -> onnx.NodeProto | None:
    """The product that an `Add` gives its bias, with that bias; `None` for any other sum."""
    for place in (0, 1):
        product = builder.values.makers.get(builder.input(place))
        if product is None or not is_own(product, "MatMul"):
            continue
        bias = builder.input(1 - place)
        found = builder.values.dequantized(bias)
        known = builder.facts.value(bias) is not None
        known = known or (found is not None and found.constant is not None)
        if known and builder.values.is_used_once(builder.input(place)):
            node = onnx.NodeProto()
            node.CopyFrom(product)
            node.input.append(bias)
            return node
    return None


def multiply(builder: Builder) -> None:
    """`MatMul`, and `Gemm` with constant weights. Raises: Refused."""
    gemm = builder.node.op_type == "Gemm"
    other = builder.values.quantized(builder.input(1))
    if not gemm and other is not None and other.constant is None and not builder.input(2):
        _multiply_two(builder)
        return
    options = builder.options
    if gemm and (options.get("alpha", 1.0) != 1.0 or options.get("transA", 0)):
        raise Refused("it scales or transposes its first input")
    x = builder.signed(builder.per_tensor(0))
    transposed = bool(gemm and options.get("transB", 0))
    weights, channels = constant_weights(builder, 1, axis=0 if transposed else 1)
    if weights.ndim != 2:
        raise Refused("its weights are no matrix")
    if transposed:
        weights = weights.T
    if gemm and options.get("beta", 1.0) != 1.0 and builder.input(2):
        raise Refused("it scales its bias")
    sums = weights.sum(axis=0, dtype=np.int64)
    reach = np.abs(weights).sum(axis=0, dtype=np.int64)
    narrow, rest = _narrow(weights)
    product = builder.add("MatMulInteger", x.name, builder.constant(narrow, np.int8))
    rank = len(x.shape)
    if rest:
        wide = builder.add("Cast", x.name, to=onnx.TensorProto.INT32)
        total = builder.add("ReduceSum", wide, builder.constant([rank - 1]), keepdims=1)
        product = _with_rest(builder, product, total, rest)
    shape = [1] * (rank - 1) + [-1]
    _finish(builder, product, x, channels, sums, reach, shape, axis=rank - 1)


def _multiply_two(builder: Builder) -> None:
    """`MatMul` of two inputs. Raises: Refused."""
    left, right = (builder.signed(builder.per_tensor(place)) for place in (0, 1))
    depth = left.shape[-1]
    reach = _GREATEST**2 * depth
    if reach > _INT32.max:
        raise Refused("its sums take more than 32 bits")
    if min(len(left.shape), len(right.shape)) < 2:
        raise Refused("one of its inputs is no matrix")
    product = builder.add("MatMulInteger", left.name, right.name)
    # (a - x) (b - y) is a b, less x times the sums of b, and y times those of a.
    for one, other, axis in ((left, right, -2), (right, left, -1)):
        if one.quantization.zero:
            wide = builder.add("Cast", other.name, to=onnx.TensorProto.INT32)
            at = builder.constant([len(other.shape) + axis])
            total = builder.add("ReduceSum", wide, at, keepdims=1)
            zero = builder.constant(one.quantization.zero, np.int32)
            product = builder.add("Sub", product, builder.add("Mul", total, zero))
    rest = left.quantization.zero * right.quantization.zero * depth
    if rest:
        product = builder.add("Add", product, builder.constant(rest, np.int32))
    scale = left.quantization.scale * right.quantization.scale
    ratio = np.asarray(scale / builder.target.quantization.scale)
    builder.requantize(product, builder.factors(ratio, reach))


def constant_weights(
    builder: Builder, place: int, *, axis: int
) -> tuple[Array, NDArray[np.float64]]:
    """Weights of 8 or 4 bits less their zero points (int64), and the scale of each channel.

    Channels are along `axis`. Raises: Refused.
    """
    found = builder.values.dequantized(builder.input(place))
    if found is None or found.quantization.dtype.name not in _WEIGHTS:
        raise Refused(_unknown(builder, place))
    if found.constant is None:
        raise Refused("its weights are not constant")
    quantization = found.quantization
    values = found.constant.astype(np.int64)
    zeros, scales = quantization.zero_point, quantization.scale
    if not quantization.per_tensor:
        if quantization.axis is None or quantization.axis % values.ndim != axis:
            raise Refused("its weights have scales along another axis than the channels")
        zeros = zeros.reshape([-1 if at == axis else 1 for at in range(values.ndim)])
    values = values - zeros
    if np.ptp(values) > _GREATEST:
        raise Refused("its weights less their zero points take more than 8 bits")
    return values, np.asarray(scales, np.float64)


def _unknown(builder: Builder, place: int) -> str:
    """Why an input is no weights of one scale a channel."""
    maker = builder.values.makers.get(builder.input(place))
    if maker is not None and is_own(maker, "DequantizeLinear"):
        if attributes(maker).get("block_size", 0):
            return "its weights have a scale for each block of a channel"
        return "its weights do not have 8 or 4 bits, or scales that are not constant"
    return f"input {place} is not quantized to 8 bits"


def _narrow(weights: Array) -> tuple[Array, int]:
    """Weights of 8 bits, and what each of them lacks: those of uint8 reach from -255 to 255."""
    least, greatest = int(weights.min(initial=0)), int(weights.max(initial=0))
    rest = 0 if least >= -128 and greatest <= 127 else int(weights.min()) + 128
    return weights - rest, rest


def _with_rest(builder: Builder, product: str, total: str, rest: int) -> str:
    """A product of weights that each lack `rest`, which is as often in it as `total` says."""
    term = builder.add("Mul", total, builder.constant(rest, np.int32))
    return builder.add("Add", product, term)


def _surrounded(
    builder: Builder, x: Quantized, kernel: tuple[int, ...], options: dict[str, object]
) -> str:
    """The input with its zero point written around it, and the options without pads."""
    auto = builder.text("auto_pad", "NOTSET")
    options.pop("auto_pad", None)
    pads = options.pop("pads", None)
    count = len(kernel)
    if auto.startswith("SAME"):
        pads = _same(builder, x.shape[2:], kernel, auto == "SAME_UPPER")
    elif auto == "VALID":
        pads = None
    if not isinstance(pads, list) or not any(pads):
        return x.name
    widths = [0, 0, *pads[:count], 0, 0, *pads[count:]]
    zero = builder.constant(x.quantization.zero, x.quantization.dtype)
    return builder.add("Pad", x.name, builder.constant(widths), zero)


def _same(
    builder: Builder, sizes: tuple[int, ...], kernel: tuple[int, ...], upper: bool
) -> list[int]:
    """Pads for an output of the input's size over the stride."""
    strides = builder.options.get("strides", [1] * len(kernel))
    dilations = builder.options.get("dilations", [1] * len(kernel))
    low, high = [], []
    for size, width, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
        needed = (math.ceil(size / stride) - 1) * stride + (width - 1) * dilation + 1 - size
        less, more = max(needed, 0) // 2, max(needed, 0) - max(needed, 0) // 2
        low.append(less if upper else more)
        high.append(more if upper else less)
    return [*low, *high]


def _finish(
    builder: Builder,
    product: str,
    x: Quantized,
    channels: NDArray[np.float64],
    sums: NDArray[np.int64],
    reach: NDArray[np.int64],
    shape: list[int],
    *,
    axis: int,
    repeats: int = 1,
) -> None:
    """Adds the bias, from which the zero point's part is taken, and requantizes.

    `sums` are those of each channel's weights, `reach` those of their magnitudes.
    """
    scale = x.quantization.scale * channels
    ratio = np.asarray(scale / builder.target.quantization.scale)
    own = scale[::repeats] if scale.ndim else scale
    bias = np.repeat(_bias(builder, own, len(sums) // repeats), repeats)
    bias = bias - x.quantization.zero * sums
    most = np.asarray(reach * _GREATEST if ratio.ndim else np.max(reach * _GREATEST, initial=1.0))
    plain = multiplier(ratio, most)
    # Halves of exact factors go to the even integer, as the runtimes' do.
    fit = (
        None
        if plain is not None and plain.exact
        else _fitted(builder, x, channels, bias, reach, sums)
    )
    scaling = fit or plain
    if scaling is None:
        raise Refused(TOO_FAR)
    if scaling is plain:
        bias = _corrected(bias, ratio, scaling)
    if bias.min(initial=0) < _INT32.min or bias.max(initial=0) > _INT32.max:
        raise Refused("its bias takes more than 32 bits")
    if np.any(bias):
        product = builder.add(
            "Add", product, builder.constant(bias.reshape(_static(shape, len(bias))), np.int32)
        )
    builder.requantize(product, scaling, axis=axis if ratio.ndim else None)


def _fitted(
    builder: Builder,
    x: Quantized,
    channels: NDArray[np.float64],
    bias: NDArray[np.int64],
    reach: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> Scaling | None:
    """Factors that round as the runtimes' do, if any."""
    target = builder.target
    steps = np.float32(x.quantization.scale) * channels.astype(np.float32)
    ratio = np.asarray(steps / np.float32(target.quantization.scale), np.float32)
    positive, negative = (reach + sums) // 2, (sums - reach) // 2
    least, greatest = x.quantization.bounds
    zero = target.quantization.zero
    return fitted(
        ratio,
        bias + least * positive + greatest * negative,
        bias + greatest * positive + least * negative,
        (target.low - zero, target.high - zero),
    )


def _corrected(
    bias: NDArray[np.int64], ratio: NDArray[np.float64], scaling: Scaling
) -> NDArray[np.int64]:
    """The bias for rounded factors.

    A large bias would carry their error into every result. Where that is more
    than the rounding of the bias itself, it is changed so that its product is right.
    """
    exact = bias * ratio
    factors = np.maximum(scaling.factors, 1) / 2.0**scaling.shift
    error = np.abs(exact - bias * factors)
    moved = np.rint(exact / factors)
    return np.where(error > ratio / 2, moved, bias).astype(np.int64)


def _static(shape: list[int], channels: int) -> list[int]:
    return [channels if size == -1 else size for size in shape]


def _bias(builder: Builder, scale: NDArray[np.float64], channels: int) -> NDArray[np.int64]:
    """The bias in steps of the product."""
    name = builder.input(2)
    if not name:
        return np.zeros(channels, np.int64)
    found = builder.values.dequantized(name)
    if found is not None and found.constant is not None and found.constant.dtype == np.int32:
        own = found.quantization
        if np.allclose(own.scale, scale, rtol=1e-6, atol=0.0) and not np.any(own.zero_point):
            return np.broadcast_to(found.constant.astype(np.int64).reshape(-1), channels).copy()
        real = own.scale * (found.constant.astype(np.float64) - own.zero_point)
    else:
        constant = builder.facts.value(name)
        if constant is None:
            raise Refused("its bias is not constant")
        real = constant.astype(np.float64)
    if real.size not in (1, channels):
        raise Refused("its bias has another shape than its channels")
    return np.rint(np.broadcast_to(real.reshape(-1), channels) / scale).astype(np.int64)
