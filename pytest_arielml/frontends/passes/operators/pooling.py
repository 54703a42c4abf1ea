"""Pooling operators."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pytest_arielml.frontends.passes.operators.build import Rewrite


def same_pads(rewrite: Rewrite, sizes: Sequence[int], kernel: Sequence[int]) -> list[int] | None:
    """The pads that `auto_pad` stands for: all before, then all after; None without it."""
    mode = rewrite.text("auto_pad", "NOTSET")
    if not mode.startswith("SAME"):
        return None
    strides = rewrite.options.get("strides") or [1] * len(kernel)
    dilations = rewrite.options.get("dilations") or [1] * len(kernel)
    before, after = [], []
    for size, points, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
        windows = math.ceil(size / stride)
        total = max((windows - 1) * stride + (points - 1) * dilation + 1 - size, 0)
        less = total // 2
        before.append(less if mode == "SAME_UPPER" else total - less)
        after.append(total - before[-1])
    return before + after


def pad_pool(rewrite: Rewrite) -> bool:
    """`MaxPool` with more pads on one side than on the other, which IREE cannot compile.

    The least value of the type is written around the input before.
    """
    shape, dtype = rewrite.shape(0), rewrite.facts.dtype(rewrite.input(0))
    if shape is None or dtype is None or len(rewrite.node.output) > 1:
        return False
    count = len(shape) - 2
    pads = same_pads(rewrite, shape[2:], rewrite.options["kernel_shape"])
    pads = pads or rewrite.options.get("pads") or []
    if list(pads[:count]) == list(pads[count:]):
        return False
    least = -np.inf if dtype.kind == "f" else np.iinfo(np.dtype(dtype.name)).min
    widths = rewrite.constant([0, 0, *pads[:count], 0, 0, *pads[count:]])
    padded = rewrite.add("Pad", rewrite.input(0), widths, rewrite.constant(least, dtype))
    options = {n: each for n, each in rewrite.options.items() if n not in ("auto_pad", "pads")}
    rewrite.add("MaxPool", padded, output=rewrite.result, **options)
    return True


def norm_pool(rewrite: Rewrite) -> bool:
    """`LpPool` with dilations or `auto_pad`: a convolution of powers, and a root."""
    shape, dtype = rewrite.shape(0), rewrite.facts.dtype(rewrite.input(0))
    if shape is None or dtype is None or rewrite.options.get("ceil_mode", 0):
        return False
    kernel = rewrite.options["kernel_shape"]
    dilations = rewrite.options.get("dilations") or [1] * len(kernel)
    pads = same_pads(rewrite, shape[2:], kernel)
    result = rewrite.facts.shape(rewrite.result)
    if result is None or (pads is None and set(dilations) == {1}):
        return False
    power = rewrite.options.get("p", 2)
    value = rewrite.add("Abs", rewrite.input(0))
    if power != 1:
        value = rewrite.add("Pow", value, rewrite.constant(power, dtype))
    # Each channel on its own.
    value = rewrite.reshape(value, [shape[0] * shape[1], 1, *shape[2:]])
    value = rewrite.add(
        "Conv",
        value,
        rewrite.constant(np.ones([1, 1, *kernel]), dtype),
        kernel_shape=kernel,
        dilations=dilations,
        strides=rewrite.options.get("strides") or [1] * len(kernel),
        pads=pads or rewrite.options.get("pads") or [0] * 2 * len(kernel),
    )
    if power != 1:
        value = rewrite.add("Pow", value, rewrite.constant(1 / power, dtype))
    rewrite.reshape(value, result, rewrite.result)
    return True


def unpool(rewrite: Rewrite) -> bool:
    """`MaxUnpool`: zeros, with the values scattered to their indices."""
    shape, dtype = rewrite.shape(0), rewrite.facts.dtype(rewrite.input(0))
    if shape is None or dtype is None:
        return False
    kernel = rewrite.options["kernel_shape"]
    strides = rewrite.options.get("strides") or [1] * len(kernel)
    pads = rewrite.options.get("pads") or [0] * 2 * len(kernel)
    count = len(kernel)
    inferred = [*shape[:2]] + [
        (size - 1) * strides[axis] - pads[axis] - pads[count + axis] + kernel[axis]
        for axis, size in enumerate(shape[2:])
    ]
    wanted: Sequence[int] = inferred
    if rewrite.input(2):
        given = rewrite.value(2)
        if given is None:
            return False
        wanted = [int(size) for size in given]
    zeros = rewrite.constant(np.zeros(math.prod(inferred)), dtype)
    places = rewrite.reshape(rewrite.input(1), [-1])
    values = rewrite.reshape(rewrite.input(0), [-1])
    flat = rewrite.add("ScatterElements", zeros, places, values, axis=0)
    value = rewrite.reshape(flat, inferred)
    more = [new - old for new, old in zip(wanted, inferred, strict=True)]
    if any(more):
        value = rewrite.add("Pad", value, rewrite.constant([0] * len(more) + more))
    rewrite.add("Identity", value, output=rewrite.result)
    return True
