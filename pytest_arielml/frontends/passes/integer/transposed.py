"""Transposed convolutions: each phase of the strides is a convolution, the phases interleave.

With strides `s`, result ``q * s + r`` sums over the weights at ``j * s + r``
times the input at ``q - j``: a convolution of the input for each of the
phases ``r``. All of them are one convolution of more channels, whose results are
then put side by side. It multiplies as often as a transposed convolution does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pytest_arielml.frontends.passes.graph import Array, is_own
from pytest_arielml.frontends.passes.integer.build import Builder, Quantized, Refused
from pytest_arielml.frontends.passes.integer.moves import move
from pytest_arielml.frontends.passes.integer.products import constant_weights, finish_convolution
from pytest_arielml.frontends.passes.operators.convolution import transposed_pads


@dataclass(frozen=True)
class _Axis:
    """One dimension of the space.

    Attributes:
        size: of the input.
        kernel: weights along it.
        stride, dilation: between results, between weights.
        start: place of the first result that is wanted.
        result: how many are.
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    start: int
    result: int

    @property
    def taps(self) -> int:
        """Weights of a phase."""
        return math.ceil(((self.kernel - 1) * self.dilation + 1) / self.stride)

    @property
    def skipped(self) -> int:
        """Groups of phases in front of the first that is wanted."""
        return self.start // self.stride

    @property
    def groups(self) -> int:
        """Groups of phases that hold what is wanted."""
        return math.ceil((self.start + self.result) / self.stride) - self.skipped

    @property
    def border(self) -> tuple[int, int]:
        """Zeros before and after the input; less than none: so many values are left out."""
        before = self.taps - 1 - self.skipped
        return before, self.groups + self.taps - 1 - self.size - before


def cut(builder: Builder) -> None:
    """`Slice` of a transposed convolution, which has pads then, or of integers. Raises: Refused."""
    name = builder.input(0)
    maker = builder.values.makers.get(name)
    if maker is None or not is_own(maker, "ConvTranspose") or not builder.values.is_used_once(name):
        move(builder)
        return
    wanted = builder.facts.shape(str(builder.node.output[0]))
    starts, axes, steps = (builder.value(place) for place in (1, 3, 4))
    if wanted is None or starts is None or axes is None or np.any(starts < 0):
        raise Refused("what is cut out of it is not known")
    if min(axes) < 2 or (steps is not None and np.any(steps != 1)):
        raise Refused("more than pads is cut out of it")
    first = dict(zip(axes.tolist(), starts.tolist(), strict=True))
    inner = builder.other(maker)
    convolve(inner, [(first.get(at, 0), size) for at, size in enumerate(wanted[2:], start=2)])
    builder.take(inner)


def convolve(builder: Builder, part: Sequence[tuple[int, int]] | None = None) -> None:
    """`ConvTranspose` with constant weights. Raises: Refused.

    Args:
        builder: of the node.
        part: of its result, from where and how many; `None` for all of it.
    """
    x = builder.signed(builder.per_tensor(0))
    weights, scales = constant_weights(builder, 1, axis=1)
    group = builder.options.get("group", 1)
    axes = _axes(builder, x, weights.shape[2:])
    if part is not None:
        axes = [
            replace(axis, start=axis.start + first, result=size)
            for axis, (first, size) in zip(axes, part, strict=True)
        ]
    phases = math.prod(axis.stride for axis in axes)
    dense = _by_phase(weights, group, axes)
    scales = np.repeat(np.tile(scales, group), phases) if scales.ndim else scales
    source = _bordered(builder, x, axes)
    plain = all(
        axis.stride == 1 and (axis.skipped, axis.groups) == (axis.start, axis.result)
        for axis in axes
    )
    shape = (x.shape[0], len(dense), *(axis.groups for axis in axes))
    made = builder if plain else builder.aside(shape)
    finish_convolution(made, x, source, dense, scales, {"group": group}, shape, repeats=phases)
    if plain:
        return
    builder.take(made)
    _interleave(builder, made.result, shape, axes)


def _axes(builder: Builder, x: Quantized, kernel: tuple[int, ...]) -> list[_Axis]:
    result = builder.facts.shape(str(builder.node.output[0]))
    if result is None:
        raise Refused("the size of its result is not known")
    count = len(kernel)
    options = builder.options
    strides = options.get("strides") or [1] * count
    dilations = options.get("dilations") or [1] * count
    start = (options.get("pads") or [0] * 2 * count)[:count]
    if "output_shape" in options or builder.text("auto_pad", "NOTSET").startswith("SAME"):
        start = transposed_pads(builder, x.shape[2:], kernel, result[2:])[:count]
    if min(start) < 0:
        raise Refused("its result is larger than what it computes")
    places = zip(x.shape[2:], kernel, strides, dilations, start, result[2:], strict=True)
    return [_Axis(*place) for place in places]


def _by_phase(weights: Array, group: int, axes: list[_Axis]) -> Array:
    """Weights of the convolution: [results * phases, channels of a group, taps ...].

    Args:
        weights: [channels, results of a group, kernel ...].
        group: how many there are.
        axes: of the space.
    """
    channels, results = weights.shape[0] // group, weights.shape[1]
    grouped = weights.reshape(group, channels, results, *weights.shape[2:]).swapaxes(1, 2)
    wide = np.zeros(
        [group * results, channels, *(axis.taps * axis.stride for axis in axes)], weights.dtype
    )
    places = [slice(0, (axis.kernel - 1) * axis.dilation + 1, axis.dilation) for axis in axes]
    everything = slice(None)
    wide[(everything, everything, *places)] = grouped.reshape(
        group * results, channels, *weights.shape[2:]
    )
    split = wide.reshape(
        *wide.shape[:2], *(size for axis in axes for size in (axis.taps, axis.stride))
    )
    count = len(axes)
    split = np.flip(split, axis=tuple(2 + 2 * at for at in range(count)))
    strides, taps = [3 + 2 * at for at in range(count)], [2 + 2 * at for at in range(count)]
    ordered = split.transpose(0, *strides, 1, *taps)
    made: Array = ordered.reshape(-1, channels, *(axis.taps for axis in axes))
    return made


def _bordered(builder: Builder, x: Quantized, axes: list[_Axis]) -> str:
    """The input with zeros around it, as many as the taps reach beyond it."""
    name = x.name
    for at, axis in enumerate(axes, start=2):
        first, last = (max(-width, 0) for width in axis.border)
        if first or last:
            name = builder.slice(name, at, first, axis.size - last)
    before = [max(axis.border[0], 0) for axis in axes]
    after = [max(axis.border[1], 0) for axis in axes]
    if not any(before) and not any(after):
        return name
    widths = builder.constant([0, 0, *before, 0, 0, *after])
    return builder.add("Pad", name, widths, builder.constant(x.quantization.zero, np.int8))


def _interleave(builder: Builder, name: str, shape: tuple[int, ...], axes: list[_Axis]) -> None:
    """The result: phases, which lie in the channels of `name`, side by side, and cut to size."""
    count = len(axes)
    batch, strides = shape[0], [axis.stride for axis in axes]
    channels = shape[1] // math.prod(strides)
    if max(strides) > 1:
        name = builder.reshape(name, [batch, channels, *strides, *shape[2:]])
        places = [place for at in range(count) for place in (2 + count + at, 2 + at)]
        name = builder.add("Transpose", name, perm=[0, 1, *places])
        sizes = [size * stride for size, stride in zip(shape[2:], strides, strict=True)]
        name = builder.reshape(name, [batch, channels, *sizes])
    for at, axis in enumerate(axes, start=2):
        first = axis.start - axis.skipped * axis.stride
        if first or axis.result != axis.groups * axis.stride:
            name = builder.slice(name, at, first, first + axis.result)
    builder.add("Identity", name, output=builder.result)
