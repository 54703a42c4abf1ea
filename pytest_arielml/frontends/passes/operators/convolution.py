"""Convolutions that IREE takes only in part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx

from pytest_arielml.frontends.passes.operators.build import Rewrite
from pytest_arielml.frontends.passes.operators.pooling import same_pads

#: Most groups of a transposed convolution; each becomes one of its own.
LARGEST: Final = 32


def convolve_integers(rewrite: Rewrite) -> bool:
    """`ConvInteger` with pads, or with a zero point for each output channel.

    Zero is the zero point, and is written around the input before. The zero
    points of the weights are taken off the result, times the sum of each window.
    """
    shape, weights = rewrite.shape(0), rewrite.shape(1)
    dtype, kind = rewrite.facts.dtype(rewrite.input(0)), rewrite.facts.dtype(rewrite.input(1))
    if shape is None or weights is None or dtype is None or kind is None:
        return False
    count = len(shape) - 2
    pads = same_pads(rewrite, shape[2:], weights[2:]) or rewrite.options.get("pads") or [0]
    zeros = rewrite.shape(3) if rewrite.input(3) else ()
    by_channel = zeros is None or math.prod(zeros) != 1
    if not any(pads) and not by_channel:
        return False
    if by_channel and (zeros != weights[:1] or rewrite.options.get("group", 1) != 1):
        return False
    x = rewrite.input(0)
    if any(pads):
        widths = [0, 0, *pads[:count], 0, 0, *pads[count:]]
        if rewrite.input(2):
            zero = rewrite.reshape(rewrite.input(2), [])
        else:
            zero = rewrite.constant(0, dtype)
        x = rewrite.add("Pad", x, rewrite.constant(widths), zero)
    options = _without(rewrite.options, "auto_pad", "pads")
    if not by_channel:
        inputs = [x, *list(rewrite.node.input)[1:]]
        rewrite.add("ConvInteger", *inputs, output=rewrite.result, **options)
        return True
    product = rewrite.add("ConvInteger", x, rewrite.input(1), rewrite.input(2), **options)
    ones = rewrite.constant(np.ones([1, *weights[1:]]), kind)
    window = rewrite.add("ConvInteger", x, ones, rewrite.input(2), **options)
    zero = rewrite.add("Cast", rewrite.input(3), to=onnx.TensorProto.INT32)
    zero = rewrite.reshape(zero, [1, -1] + [1] * count)
    rewrite.add("Sub", product, rewrite.add("Mul", window, zero), output=rewrite.result)
    return True


def convolve_transposed(rewrite: Rewrite) -> bool:
    """`ConvTranspose` in groups, or with pads that follow from the size of the output."""
    shape, weights = rewrite.shape(0), rewrite.shape(1)
    result = rewrite.facts.shape(rewrite.result)
    if shape is None or weights is None or result is None:
        return False
    options = dict(rewrite.options)
    groups = options.pop("group", 1)
    padded = rewrite.text("auto_pad", "NOTSET").startswith("SAME")
    if groups > LARGEST or (groups == 1 and not padded):
        return False
    pads: list[int] = []
    if padded or "output_shape" in options:
        # IREE takes the same off before and after; what is left over is cut off after.
        options = _without(options, "auto_pad", "output_shape", "pads")
        pads = transposed_pads(rewrite, shape[2:], weights[2:], result[2:])
        if min(pads) < 0:
            return False
    if groups == 1:
        value = rewrite.add("ConvTranspose", *rewrite.node.input, **options)
        _cut(rewrite, value, pads, result)
        return True
    each_in, each_out = shape[1] // groups, weights[1]
    parts = []
    for group in range(groups):
        first = group * each_in
        inputs = [
            rewrite.slice(rewrite.input(0), 1, first, first + each_in),
            rewrite.slice(rewrite.input(1), 0, first, first + each_in),
        ]
        if rewrite.input(2):
            inputs.append(
                rewrite.slice(rewrite.input(2), 0, group * each_out, (group + 1) * each_out)
            )
        parts.append(rewrite.add("ConvTranspose", *inputs, **options))
    _cut(rewrite, rewrite.add("Concat", *parts, axis=1), pads, result)
    return True


def col2im(rewrite: Rewrite) -> bool:
    """`Col2Im`: a transposed convolution, with a kernel that puts each value in its place."""
    shape, dtype = rewrite.shape(0), rewrite.facts.dtype(rewrite.input(0))
    image, block = rewrite.value(1), rewrite.value(2)
    if shape is None or dtype is None or image is None or block is None:
        return False
    count, points = len(image), int(np.prod(block))
    dilations = rewrite.options.get("dilations") or [1] * count
    strides = rewrite.options.get("strides") or [1] * count
    pads = rewrite.options.get("pads") or [0] * 2 * count
    sizes, kernel = [int(size) for size in image], [int(size) for size in block]
    windows, rest = [], []
    for axis in range(count):
        reach = dilations[axis] * (kernel[axis] - 1) + 1
        room = sizes[axis] + pads[axis] + pads[count + axis] - reach
        windows.append(room // strides[axis] + 1)
        # What no window reaches at the end of the image.
        rest.append(room % strides[axis])
    batch, channels = shape[0], shape[1] // points
    value = rewrite.reshape(rewrite.input(0), [batch * channels, points, *windows])
    weights = np.eye(points).reshape([points, 1, *kernel])
    options: dict[str, Any] = {"strides": strides, "dilations": dilations, "pads": pads}
    options["output_padding"] = rest
    value = rewrite.add("ConvTranspose", value, rewrite.constant(weights, dtype), **options)
    rewrite.reshape(value, [batch, channels, *sizes], rewrite.result)
    return True


def _cut(rewrite: Rewrite, value: str, pads: list[int], result: tuple[int, ...]) -> None:
    """Takes the pads off `value`, and makes it the result."""
    for axis, before in enumerate(pads[: len(pads) // 2], start=2):
        value = rewrite.slice(value, axis, before, before + result[axis])
    rewrite.add("Identity", value, output=rewrite.result)


def transposed_pads(
    rewrite: Rewrite, given: Sequence[int], kernel: Sequence[int], wanted: Sequence[int]
) -> list[int]:
    """Pads of a `ConvTranspose` that gives `wanted` sizes: all before, then all after.

    https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
    """
    count = len(kernel)
    strides = rewrite.options.get("strides") or [1] * count
    dilations = rewrite.options.get("dilations") or [1] * count
    extra = rewrite.options.get("output_padding") or [0] * count
    before, after = [], []
    for axis in range(count):
        full = strides[axis] * (given[axis] - 1) + extra[axis]
        total = full + (kernel[axis] - 1) * dilations[axis] + 1 - wanted[axis]
        more = total - total // 2
        upper = rewrite.text("auto_pad", "NOTSET") == "SAME_UPPER"
        before.append(total - more if upper else more)
        after.append(total - before[-1])
    return before + after


def _without(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
