"""Resize, one axis after the other: each is a gather, or a product with a matrix.

https://onnx.ai/onnx/operators/onnx__Resize.html
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from pytest_arielml.frontends.passes.graph import Array
from pytest_arielml.frontends.passes.operators.build import Rewrite

_ROI, _SCALES, _SIZES = 1, 2, 3
# Batch and channels, which IREE's own lowering does not resize.
_KEPT: Final = 2
_CUBIC_A: Final = -0.75


def resize(rewrite: Rewrite) -> bool:
    """For what IREE refuses, and for aligned corners, whose scale it takes from the sizes.

    Scales or sizes, and the region, must be constants.
    """
    shape, dtype = rewrite.shape(0), rewrite.facts.dtype(rewrite.input(0))
    if shape is None or dtype is None:
        return False
    mode = rewrite.text("mode", "nearest")
    if mode != "nearest" and dtype.kind != "f":
        return False
    axes = [axis % len(shape) for axis in rewrite.options.get("axes", range(len(shape)))]
    target = _target(rewrite, shape, axes)
    if target is None or not _refused(rewrite, mode, shape, target[0]):
        return False
    regions = _regions(rewrite, axes)
    if regions is None:
        return False
    lines = [
        _Line(rewrite, shape[axis], size, scale, region)
        for axis, size, scale, region in zip(axes, *target, regions, strict=True)
    ]
    value, current = rewrite.input(0), list(shape)
    for axis, line in zip(axes, lines, strict=True):
        if line.identity:
            continue
        if mode == "nearest":
            value = rewrite.add("Gather", value, rewrite.constant(line.nearest()), axis=axis)
        else:
            matrix = rewrite.constant(line.matrix(mode), dtype)
            before, after = math.prod(current[:axis]), math.prod(current[axis + 1 :])
            flat = rewrite.reshape(value, [before, current[axis], after])
            value = rewrite.add("MatMul", matrix, flat)
        current[axis] = line.size
        if mode != "nearest":
            value = rewrite.reshape(value, current)
    outside = np.zeros([1] * len(shape), np.bool_)
    for axis, line in zip(axes, lines, strict=True):
        along = [-1 if each == axis else 1 for each in range(len(shape))]
        outside = outside | line.outside().reshape(along)
    if outside.any():
        fill = rewrite.constant(rewrite.options.get("extrapolation_value", 0.0), dtype)
        value = rewrite.add("Where", rewrite.constant(outside, np.bool_), fill, value)
    rewrite.add("Identity", value, output=rewrite.result)
    return True


def _target(
    rewrite: Rewrite, shape: tuple[int, ...], axes: list[int]
) -> tuple[list[int], list[float]] | None:
    """Sizes and scales of `axes`, when they are constants."""
    given = [shape[axis] for axis in axes]
    if rewrite.input(_SIZES):
        wanted = rewrite.value(_SIZES)
        if wanted is None:
            return None
        sizes = [int(size) for size in wanted]
        scales = [size / old for size, old in zip(sizes, given, strict=True)]
        policy = rewrite.text("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            scale = min(scales) if policy == "not_larger" else max(scales)
            scales = [scale] * len(scales)
            sizes = [int(scale * old + 0.5) for old in given]
        return sizes, scales
    factors = rewrite.value(_SCALES)
    if factors is None or factors.size != len(axes):
        return None
    scales = [float(factor) for factor in factors]
    return [int(scale * old) for scale, old in zip(scales, given, strict=True)], scales


def _refused(rewrite: Rewrite, mode: str, shape: tuple[int, ...], sizes: list[int]) -> bool:
    options = rewrite.options
    transformation = rewrite.text("coordinate_transformation_mode", "half_pixel")
    return (
        "axes" in options
        or bool(options.get("antialias", 0))
        or bool(options.get("exclude_outside", 0))
        or transformation in ("align_corners", "half_pixel_symmetric", "tf_crop_and_resize")
        or (mode == "nearest" and transformation not in ("asymmetric", "half_pixel"))
        or (mode == "cubic" and options.get("cubic_coeff_a", _CUBIC_A) != _CUBIC_A)
        or rewrite.text("keep_aspect_ratio_policy", "stretch") != "stretch"
        or list(shape[:_KEPT]) != sizes[:_KEPT]
    )


def _regions(rewrite: Rewrite, axes: list[int]) -> list[tuple[float, float] | None] | None:
    """The part of each axis that is cut out, None for the whole of it; None when not known."""
    if rewrite.text("coordinate_transformation_mode", "") != "tf_crop_and_resize":
        return [None] * len(axes)
    region = rewrite.value(_ROI)
    if region is None:
        return None
    starts, ends = region[: len(axes)], region[len(axes) :]
    return [(float(start), float(end)) for start, end in zip(starts, ends, strict=True)]


class _Line:
    """One axis: `given` points become `size`."""

    def __init__(
        self,
        rewrite: Rewrite,
        given: int,
        size: int,
        scale: float,
        region: tuple[float, float] | None,
    ) -> None:
        self._rewrite = rewrite
        self._given = given
        self.size = size
        self._scale = scale
        self._region = region

    @property
    def identity(self) -> bool:
        """Whether it leaves the axis as it is."""
        return math.isclose(self._scale, 1.0) and self._region in (None, (0.0, 1.0))

    def outside(self) -> Array:
        """[size]: points beyond the input, where a region is cut out."""
        if self._region is None or self.identity:
            return np.zeros(1, np.bool_)
        found = self._coordinates()
        return np.asarray((found < 0) | (found > self._given - 1))

    def nearest(self) -> Array:
        """[size]: the point that each is taken from."""
        found = self._coordinates()
        match self._rewrite.text("nearest_mode", "round_prefer_floor"):
            case "round_prefer_floor":
                found = np.ceil(found - 0.5)
            case "round_prefer_ceil":
                found = np.floor(found + 0.5)
            case "floor":
                found = np.floor(found)
            case _:
                found = np.ceil(found)
        return np.clip(found, 0, self._given - 1).astype(np.int64)

    def matrix(self, mode: str) -> Array:
        """[size, given]: the share of each point of the input."""
        options = self._rewrite.options
        # With antialiasing, a kernel reaches over all points that become one.
        stretch = min(self._scale, 1.0) if options.get("antialias", 0) else 1.0
        reach = math.ceil((1 if mode == "linear" else 2) / stretch)
        matrix = np.zeros((self.size, self._given))
        for row, at in enumerate(self._coordinates()):
            points = np.arange(math.floor(at) - reach, math.floor(at) + reach + 1)
            distance = np.abs(points - at) * stretch
            if mode == "linear":
                shares = np.clip(1 - distance, 0, None)
            else:
                shares = _cubic(distance, options.get("cubic_coeff_a", _CUBIC_A))
            if stretch != 1.0:
                shares = shares / shares.sum()
            if options.get("exclude_outside", 0):
                shares = np.where((points < 0) | (points >= self._given), 0, shares)
                shares = shares / (shares.sum() or 1.0)
            # The edge goes on for ever.
            np.add.at(matrix[row], np.clip(points, 0, self._given - 1), shares)
        return matrix

    def _coordinates(self) -> Array:
        """[size]: where each point lies on the axis of the input."""
        given, scale = self._given, self._scale
        # ONNX's output width, which need not be whole.
        width = scale * given
        y = np.arange(self.size, dtype=np.float64)
        match self._rewrite.text("coordinate_transformation_mode", "half_pixel"):
            case "align_corners":
                return y * 0 if width == 1 else y * (given - 1) / (width - 1)
            case "asymmetric":
                return y / scale
            case "tf_crop_and_resize":
                assert self._region is not None
                start, end = self._region
                if width == 1:
                    return y * 0 + 0.5 * (start + end) * (given - 1)
                return start * (given - 1) + y * (end - start) * (given - 1) / (width - 1)
            case "pytorch_half_pixel" if width == 1:
                return y * 0 - 0.5
            case "half_pixel_symmetric":
                offset = given / 2 * (1 - self.size / width)
                return offset + (y + 0.5) / scale - 0.5
            case _:
                return (y + 0.5) / scale - 0.5


def _cubic(distance: Array, a: float) -> Array:
    """Keys' convolution kernel, https://ieeexplore.ieee.org/document/1163711."""
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
