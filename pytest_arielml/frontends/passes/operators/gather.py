"""Operators that only move data along an axis, to constant places: as `Gather`."""

from __future__ import annotations

import numpy as np

from pytest_arielml.frontends.passes.operators.build import Rewrite


def compress(rewrite: Rewrite) -> bool:
    """`Compress` by a constant condition."""
    shape, condition = rewrite.shape(0), rewrite.value(1)
    if shape is None or condition is None:
        return False
    value, axis = rewrite.input(0), rewrite.options.get("axis")
    if axis is None:
        value, axis = rewrite.reshape(value, [-1]), 0
    places = rewrite.constant(np.flatnonzero(condition))
    rewrite.add("Gather", value, places, output=rewrite.result, axis=axis)
    return True


def wrap(rewrite: Rewrite) -> bool:
    """`Pad` by repeating the input, by constant widths."""
    shape, widths = rewrite.shape(0), rewrite.value(1)
    if rewrite.text("mode", "constant") != "wrap" or shape is None or widths is None:
        return False
    axes = range(len(shape))
    if rewrite.input(3):
        chosen = rewrite.value(3)
        if chosen is None:
            return False
        axes = [int(axis) % len(shape) for axis in chosen]  # type: ignore[assignment]
    value, count = rewrite.input(0), len(axes)
    for place, axis in enumerate(axes):
        before, after = int(widths[place]), int(widths[count + place])
        # A negative width cuts off.
        places = np.arange(-before, shape[axis] + after) % shape[axis]
        value = rewrite.add("Gather", value, rewrite.constant(places), axis=axis)
    rewrite.add("Identity", value, output=rewrite.result)
    return True


def slice_backwards(rewrite: Rewrite) -> bool:
    """`Slice` with constant bounds and a step below -1, which IREE refuses."""
    shape, steps = rewrite.shape(0), rewrite.value(4)
    starts, ends = rewrite.value(1), rewrite.value(2)
    if shape is None or steps is None or starts is None or ends is None or (steps >= -1).all():
        return False
    axes = rewrite.value(3) if rewrite.input(3) else np.arange(len(starts))
    if axes is None:
        return False
    value = rewrite.input(0)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = shape[axis]
        # Python cuts bounds off as ONNX does, once negative ones are resolved.
        stop = int(end) + size if end < 0 else int(end)
        first = int(start) + size if start < 0 else int(start)
        if step < 0:
            places = range(min(first, size - 1), max(stop, -1), int(step))
        else:
            places = range(max(first, 0), min(stop, size), int(step))
        value = rewrite.add("Gather", value, rewrite.constant(list(places)), axis=int(axis))
    rewrite.add("Identity", value, output=rewrite.result)
    return True


def extract_features(rewrite: Rewrite) -> bool:
    """`ArrayFeatureExtractor`: a gather along the last axis."""
    shape = rewrite.shape(0)
    if not shape:
        return False
    places = rewrite.reshape(rewrite.input(1), [-1])
    value = rewrite.input(0)
    if len(shape) == 1:
        value = rewrite.reshape(value, [1, -1])
    rewrite.add("Gather", value, places, output=rewrite.result, axis=-1)
    return True
