"""Averages: integer sums, the count in the requantization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pytest_arielml.frontends.passes.integer.build import ELEMENTS, Builder, Quantized, Refused
from pytest_arielml.frontends.passes.integer.scales import Scaling
from pytest_arielml.frontends.passes.operators.pooling import same_pads

#: Most sums that are looked at for those that come to lie half way between two steps.
_LOOKED_AT: Final = 1 << 20
#: Share of them from which on it matters where they go.
_SHARE: Final = 1e-3
#: As near to a half as this, in bits behind the point, float32 cannot tell it from a half.
_NEAR: Final = 16

#: Why an average stays in float. What follows from the conversions around it as their author
#: put them, which another round no longer sees.
HALVES: Final = "its results lie half way between two steps"


def average_all(builder: Builder) -> None:
    """`GlobalAveragePool`. Raises: Refused."""
    x = builder.signed(builder.per_tensor(0))
    total, count = _sum(builder, x, list(range(2, len(x.shape))), keep=True)
    _finish_image(builder, x, total, count)


def _finish_image(builder: Builder, x: Quantized, total: str, count: int) -> None:
    """The result of an average over a whole image. Raises: Refused."""
    if builder.is_quantized_by_reference:
        _finish_whole(builder, x, total, count)
    elif _has_halves(builder, x, count):
        raise Refused(HALVES)
    else:
        _finish(builder, x, total, count)


def mean(builder: Builder) -> None:
    """`ReduceMean` over constant axes. Raises: Refused."""
    x = builder.signed(builder.per_tensor(0))
    axes = builder.value(1)
    if axes is None:
        raise Refused("its axes are not constant")
    keep = bool(builder.options.get("keepdims", 1))
    total, count = _sum(builder, x, [int(axis) for axis in axes], keep=keep)
    if _has_halves(builder, x, count):
        # The rounding errors of the reference's own sum decide there which way it goes.
        raise Refused(HALVES)
    _finish(builder, x, total, count)


def _sum(builder: Builder, x: Quantized, axes: list[int], *, keep: bool) -> tuple[str, int]:
    """Sums over `axes`, and of how many values each is."""
    wide = builder.add("Cast", x.name, to=onnx.TensorProto.INT32)
    total = builder.add("ReduceSum", wide, builder.constant(axes), keepdims=int(keep))
    return total, math.prod(x.shape[axis] for axis in axes)


def average(builder: Builder) -> None:
    """`AveragePool`. Raises: Refused."""
    options = builder.options
    kernel = list(options["kernel_shape"])
    shape = builder.facts.shape(str(builder.node.output[0]))
    x = builder.per_tensor(0)
    if shape is None:
        raise Refused("the size of its result is not known")
    if len(kernel) > 2:
        raise Refused("IREE has no such sums of integers")
    if options.get("ceil_mode", 0):
        raise Refused("its last windows reach beyond the borders")
    pads = same_pads(builder, x.shape[2:], kernel) or list(options.get("pads") or [])
    whole = not any(pads) and tuple(kernel) == x.shape[2:]
    ones = np.ones(x.shape[2:], np.int64)
    counts = _windows(ones, kernel, shape[2:], pads, options)
    if options.get("count_include_pad", 0):
        counts[...] = math.prod(kernel)
    common = math.lcm(*np.unique(counts).tolist())
    halves = any(_has_halves(builder, x, int(count)) for count in np.unique(counts))
    if halves and not whole:
        if not builder.is_quantized_by_reference:
            raise Refused(HALVES)
        _average_in_float(builder)
        return
    x = builder.signed(x)
    name = x.name
    if any(pads):
        half = len(pads) // 2
        widths = builder.constant([0, 0, *pads[:half], 0, 0, *pads[half:]])
        name = builder.add("Pad", name, widths, builder.constant(x.quantization.zero, np.int8))
    channels = x.shape[1]
    weights = builder.constant(np.ones([channels, 1, *kernel]), np.int8)
    kept = {each: options[each] for each in ("strides", "dilations") if each in options}
    total = builder.add("ConvInteger", name, weights, group=channels, **kept)
    if whole:
        _finish_image(builder, x, total, common)
        return
    if len(np.unique(counts)) == 1 and not options.get("count_include_pad", 0):
        _finish(builder, x, total, common)
        return
    # The zero point is in each window as often as it has places, those of the border too.
    zero = x.quantization.zero * math.prod(kernel)
    total = builder.add("Sub", total, builder.constant(zero, np.int32)) if zero else total
    factors = builder.constant((common // counts)[None, None], np.int32)
    total = builder.add("Mul", total, factors)
    ratio = np.asarray(x.quantization.scale / builder.target.quantization.scale / common)
    builder.requantize(total, builder.factors(ratio, 255.0 * common))


def _windows(
    values: NDArray[np.int64],
    kernel: Sequence[int],
    result: Sequence[int],
    pads: Sequence[int],
    options: dict[str, Any],
) -> NDArray[np.int64]:
    """Sums of `values` over windows; nothing is in the border."""
    count = len(kernel)
    strides = options.get("strides") or [1] * count
    dilations = options.get("dilations") or [1] * count
    before, after = (pads[:count], pads[count:]) if any(pads) else ([0] * count, [0] * count)
    for axis in range(count):
        widths = [(0, 0)] * count
        widths[axis] = (before[axis], after[axis])
        wide = np.pad(values, widths)
        starts = np.arange(result[axis]) * strides[axis]
        taps = [
            np.take(wide, starts + tap * dilations[axis], axis=axis) for tap in range(kernel[axis])
        ]
        values = np.sum(taps, axis=0)
    return values


def _has_halves(builder: Builder, x: Quantized, count: int) -> bool:
    """Whether many averages of `count` values lie half way between two steps."""
    ratio = float(x.quantization.scale / builder.target.quantization.scale) / count
    steps = np.arange(1, min(255 * count, _LOOKED_AT) + 1) * ratio
    halves = np.abs(steps - np.floor(steps) - 0.5) < 2.0**-_NEAR
    return bool(np.mean(halves) > _SHARE)


def _finish(builder: Builder, x: Quantized, total: str, count: int) -> None:
    ratio = np.asarray(x.quantization.scale / builder.target.quantization.scale / count)
    scaling = builder.factors(ratio, 255.0 * count)
    builder.requantize(_centred(builder, x, total, count), scaling)


def _finish_whole(builder: Builder, x: Quantized, total: str, count: int) -> None:
    """The result of an average over all of an image, which onnxruntime sums in integers.

    It multiplies by a float32, and rounds. Whether that meets halves depends on the
    float's own error; all sums are tried here.
    """
    scales = [np.float32(each.scale) for each in (x.quantization, builder.target.quantization)]
    ratio = scales[0] / (scales[1] * np.float32(count))
    scaling = builder.factors(np.asarray(ratio, np.float64), 255.0 * count)
    reach = min(255 * count, _LOOKED_AT)
    totals = np.arange(-reach, reach + 1)
    expected = np.rint(totals.astype(np.float32) * ratio).astype(np.int64)
    shift = scaling.shift
    off = {
        near: np.count_nonzero(_rounded(totals * int(scaling.factors), scaling, near) != expected)
        for near in (0, 1 << max(shift - _NEAR, 0))
    }
    near = min(off, key=lambda each: off[each])
    builder.requantize(_centred(builder, x, total, count), scaling, near=near)


def _rounded(products: NDArray[np.int64], scaling: Scaling, near: int) -> NDArray[np.int64]:
    """What `Requantize` makes of products, before it moves and bounds them."""
    moved = products + (1 << (scaling.shift - 1)) + near
    steps = moved >> scaling.shift
    half_way = (moved & ((1 << scaling.shift) - 1)) <= 2 * near
    even = half_way if scaling.exact else np.zeros_like(half_way)
    return steps - np.where(even, steps & 1, 0)


def _centred(builder: Builder, x: Quantized, total: str, count: int) -> str:
    """Sums of integers less their zero point."""
    zero = x.quantization.zero * count
    return builder.add("Sub", total, builder.constant(zero, np.int32)) if zero else total


def _average_in_float(builder: Builder) -> None:
    """The result in float, where the errors of the reference's sum decide about halves.

    onnxruntime adds the zero point before it rounds, which a `QuantizeLinear` does not.
    """
    quantization = builder.target.quantization
    pooled = builder.add("AveragePool", builder.input(0), **builder.options)
    steps = builder.add("Div", pooled, builder.constant(quantization.scale, np.float32))
    moved = builder.add("Add", steps, builder.constant(quantization.zero, np.float32))
    bounds = [
        builder.constant(bound, np.float32) for bound in (builder.target.low, builder.target.high)
    ]
    bounded = builder.add("Clip", builder.add("Round", moved), *bounds)
    # IREE makes uint8 of a float as it makes int8, and stops at 127.
    whole = builder.add("Cast", bounded, to=onnx.TensorProto.INT32)
    element = ELEMENTS[quantization.dtype.name]
    builder.add("Cast", whole, output=builder.result, to=element)
    builder.kept_in_float = HALVES
