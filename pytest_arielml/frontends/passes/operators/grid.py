"""GridSample: coordinates, then gathers of the points around them.

https://onnx.ai/onnx/operators/onnx__GridSample.html
"""

from __future__ import annotations

import itertools
import math
from typing import Any, Final

import onnx

from pytest_arielml.frontends.passes.operators.build import Rewrite

_CUBIC_A: Final = -0.75
# Opset 16 had names of its own.
_MODES: Final = {"bilinear": "linear", "bicubic": "cubic"}


def sample_grid(rewrite: Rewrite) -> bool:
    """`GridSample` in every mode.

    IREE compiles planes with zeros around them alone; for these it reads
    memory beside the input, and rounds halves up where ONNX rounds to even.
    """
    shape, grid = rewrite.shape(0), rewrite.shape(1)
    dtype, grid_dtype = rewrite.facts.dtype(rewrite.input(0)), rewrite.facts.dtype(rewrite.input(1))
    if shape is None or grid is None or dtype is None or grid_dtype is None or dtype.kind != "f":
        return False
    mode = rewrite.text("mode", "linear")
    mode = _MODES.get(mode, mode)
    padding = rewrite.text("padding_mode", "zeros")
    _Sampler(rewrite, shape, grid, (dtype, grid_dtype), mode, padding).nodes()
    return True


class _Sampler:
    def __init__(
        self,
        rewrite: Rewrite,
        shape: tuple[int, ...],
        grid: tuple[int, ...],
        dtypes: tuple[Any, Any],
        mode: str,
        padding: str,
    ) -> None:
        self._rewrite = rewrite
        self._batch, self._channels, *self._sizes = shape
        self._grid = grid
        self._points = math.prod(grid[1:-1])
        self._dtype, self._grid_dtype = dtypes
        self._mode = mode
        self._padding = padding
        self._aligned = bool(rewrite.options.get("align_corners", 0))

    def nodes(self) -> None:
        """Makes the nodes that stand for the operator."""
        rewrite, rank = self._rewrite, len(self._sizes)
        whole = math.prod(self._sizes)
        self._flat = rewrite.reshape(rewrite.input(0), [self._batch, self._channels, whole])
        taps = [self._taps(axis) for axis in range(rank)]
        total = ""
        for corner in itertools.product(*taps):
            value = self._value([index for index, _ in corner])
            for _, share in corner:
                if share:
                    value = self._add("Mul", value, share)
            total = self._add("Add", total, value) if total else value
        shape = [self._batch, self._channels, *self._grid[1:-1]]
        rewrite.reshape(total, shape, rewrite.result)

    def _taps(self, axis: int) -> list[tuple[str, str]]:
        """Points along an axis, and their shares: each [batch, 1, points]; "" for all."""
        at = self._start(axis)
        if self._mode == "nearest":
            return [(self._inside(self._add("Round", at), axis), "")]
        first = self._add("Floor", at)
        offset = self._add("Sub", at, first)
        found = []
        for step in (0, 1) if self._mode == "linear" else (-1, 0, 1, 2):
            point = self._add("Add", first, self._number(step)) if step else first
            distance = self._add("Abs", self._add("Sub", offset, self._number(step)))
            share = self._share(distance, near=step in (0, 1))
            if self._dtype != self._grid_dtype:
                to = self._rewrite.facts.type(self._rewrite.input(0))
                assert to is not None
                share = self._add("Cast", share, to=to.element)
            found.append((self._inside(point, axis), share))
        return found

    def _start(self, axis: int) -> str:
        """[batch, 1, points]: the coordinates, brought inside from beyond the border."""
        at = self._coordinate(axis)
        found = self._inside(at, axis)
        if self._padding != "border" or self._aligned:
            return found
        # The border runs half a pixel around the outermost points.
        low, high = self._number(-0.5), self._number(self._sizes[axis] - 0.5)
        beyond = self._add("Or", self._add("Less", at, low), self._add("Greater", at, high))
        return self._add("Where", beyond, found, at)

    def _coordinate(self, axis: int) -> str:
        """[batch, 1, points]: where the points lie along an axis of the input."""
        rewrite, size = self._rewrite, self._sizes[axis]
        # The last axis is the first coordinate.
        place = rewrite.constant(len(self._sizes) - 1 - axis)
        picked = rewrite.add("Gather", rewrite.input(1), place, axis=len(self._grid) - 1)
        at = rewrite.reshape(picked, [self._batch, 1, self._points])
        at = self._add("Add", at, self._number(1))
        if self._aligned:
            return self._add("Mul", at, self._number((size - 1) / 2))
        at = self._add("Mul", at, self._number(size / 2))
        return self._add("Sub", at, self._number(0.5))

    def _inside(self, at: str, axis: int) -> str:
        """Coordinates that lie outside, brought inside, where the mode says so."""
        size = self._sizes[axis]
        if self._padding == "border":
            return self._add("Clip", at, self._number(0), self._number(size - 1))
        if self._padding == "reflection":
            low = 0.0 if self._aligned else -0.5
            span = size - 1 - 2 * low
            if span == 0:
                return self._add("Mul", at, self._number(0))
            # There and back again: a triangle wave.
            far = self._add("Abs", self._add("Sub", at, self._number(low)))
            turns = self._add("Floor", self._add("Mul", far, self._number(1 / (2 * span))))
            rest = self._add("Sub", far, self._add("Mul", turns, self._number(2 * span)))
            back = self._add("Abs", self._add("Sub", rest, self._number(span)))
            return self._add("Sub", self._number(low + span), back)
        return at

    def _share(self, distance: str, *, near: bool) -> str:
        """Share of points at `distance`, which is at most 1 for the `near` ones."""
        if self._mode == "linear":
            return self._add("Sub", self._number(1), distance)
        a = _CUBIC_A
        powers = (a + 2, -(a + 3), 0.0, 1.0) if near else (a, -5 * a, 8 * a, -4 * a)
        value = self._number(powers[0])
        for power in powers[1:]:
            value = self._add("Mul", value, distance)
            value = self._add("Add", value, self._number(power))
        return value

    def _value(self, indices: list[str]) -> str:
        """[batch, channels, points]: the input at a point, or zero outside of it."""
        rewrite = self._rewrite
        place, valid = "", ""
        stride = math.prod(self._sizes)
        for index, size in zip(indices, self._sizes, strict=True):
            stride //= size
            kept = self._add("Clip", index, self._number(0), self._number(size - 1))
            if self._padding == "zeros":
                within = self._add("Equal", kept, index)
                valid = self._add("And", valid, within) if valid else within
            whole = self._add("Cast", self._add("Round", kept), to=onnx.TensorProto.INT64)
            part = self._add("Mul", whole, rewrite.constant(stride)) if stride != 1 else whole
            place = self._add("Add", place, part) if place else part
        everywhere = rewrite.constant([self._batch, self._channels, self._points])
        place = self._add("Expand", place, everywhere)
        value = self._add("GatherElements", self._flat, place, axis=2)
        if not valid:
            return value
        return self._add("Where", valid, value, rewrite.constant(0, self._dtype))

    def _number(self, value: float) -> str:
        return self._rewrite.constant(value, self._grid_dtype)

    def _add(self, kind: str, *inputs: str, **options: Any) -> str:
        return self._rewrite.add(kind, *inputs, **options)
