"""Operators that move values about: integers stay the integers that they are."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from onnx import helper

from pytest_arielml.frontends.tflite.convert import FIRST, Converter, Unsupported
from pytest_arielml.frontends.tflite.operators.windows import same_quantization
from pytest_arielml.frontends.tflite.read import Operator

#: Those that give other sizes to the same values in the same order.
RESHAPES: Final = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")


def reshape(maker: Converter, operator: Operator) -> None:
    """One of `RESHAPES`. Raises: Unsupported."""
    x, (target,) = operator.inputs[0], operator.outputs
    name = maker.reshape(maker.stored(x), maker.shape(target))
    _moved(maker, x, target, name)


def transpose(maker: Converter, operator: Operator) -> None:
    """`TRANSPOSE`. Raises: Unsupported."""
    x, order = operator.inputs
    (target,) = operator.outputs
    perm = [int(axis) for axis in maker.value(order)]
    if maker.is_first(x):
        # From the order that it is in.
        perm = [FIRST.index(axis) for axis in perm]
        name = maker.stored(x, first=True)
        if perm != sorted(perm):
            name = maker.add("Transpose", name, perm=perm)
    else:
        name = maker.add("Transpose", maker.stored(x), perm=perm)
    _moved(maker, x, target, name)


def join(maker: Converter, operator: Operator) -> None:
    """`CONCATENATION`. Raises: Unsupported."""
    (target,) = operator.outputs
    rank = len(maker.shape(target))
    axis = operator.options.axis % rank
    first = maker.is_first(*operator.inputs)
    names = [maker.real(number, first=first) for number in operator.inputs]
    if not maker.tensor(target).quantized and maker.tensor(target).dtype != np.float32:
        names = [maker.stored(number, first=first) for number in operator.inputs]
    name = maker.add("Concat", *names, axis=FIRST.index(axis) if first else axis)
    _computed(maker, target, name, first, getattr(operator.options, "fusedActivationFunction", 0))


def stack(maker: Converter, operator: Operator) -> None:
    """`PACK`. Raises: Unsupported."""
    (target,) = operator.outputs
    shape = maker.shape(target)
    axis = operator.options.axis % len(shape)
    part = (*shape[:axis], 1, *shape[axis + 1 :])
    for number in operator.inputs:
        same_quantization(maker, number, target)
    names = [maker.reshape(maker.stored(number), part) for number in operator.inputs]
    maker.give(target, maker.add("Concat", *names, axis=axis))


def unstack(maker: Converter, operator: Operator) -> None:
    """`UNPACK`. Raises: Unsupported."""
    (x,) = operator.inputs
    shape = maker.shape(x)
    axis = operator.options.axis % len(shape)
    for place, target in enumerate(operator.outputs):
        piece = _slice(maker, maker.stored(x), [place], [place + 1], [axis], [1])
        _moved(maker, x, target, maker.reshape(piece, maker.shape(target)))


def split(maker: Converter, operator: Operator) -> None:
    """`SPLIT` and `SPLIT_V`. Raises: Unsupported."""
    if operator.kind == "SPLIT":
        along, x = operator.inputs
    else:
        x, _, along = operator.inputs
    axis = int(maker.value(along).reshape(())) % len(maker.shape(x))
    first = maker.is_first(x)
    start = 0
    for target in operator.outputs:
        size = maker.shape(target)[axis]
        place = FIRST.index(axis) if first else axis
        source = maker.stored(x, first=first)
        piece = _slice(maker, source, [start], [start + size], [place], [1])
        same_quantization(maker, x, target)
        maker.give(target, piece, first=first)
        start += size


def slice_(maker: Converter, operator: Operator) -> None:
    """`SLICE`. Raises: Unsupported."""
    x, begin, _ = operator.inputs
    (target,) = operator.outputs
    starts = [int(value) for value in maker.value(begin)]
    ends = [start + size for start, size in zip(starts, maker.shape(target), strict=True)]
    axes = list(range(len(starts)))
    name = _slice(maker, maker.stored(x), starts, ends, axes, [1] * len(starts))
    _moved(maker, x, target, name)


def slice_strided(maker: Converter, operator: Operator) -> None:
    """`STRIDED_SLICE`. Raises: Unsupported."""
    x, begin, end, stride = operator.inputs
    (target,) = operator.outputs
    options: Any = operator.options
    if options.ellipsisMask or options.newAxisMask or getattr(options, "offset", False):
        raise Unsupported("a mask for an ellipsis, a new axis or an offset")
    shape = maker.shape(x)
    starts, ends, steps = [], [], []
    for axis, (first, last, step) in enumerate(
        zip(maker.value(begin), maker.value(end), maker.value(stride), strict=True)
    ):
        low, high, by = int(first), int(last), int(step)
        if options.shrinkAxisMask >> axis & 1:
            low, by = low % shape[axis], 1
            high = low + 1
        else:
            if options.beginMask >> axis & 1:
                low = 0 if by > 0 else shape[axis] - 1
            if options.endMask >> axis & 1:
                high = shape[axis] if by > 0 else -shape[axis] - 1
        starts.append(low)
        ends.append(high)
        steps.append(by)
    name = _slice(maker, maker.stored(x), starts, ends, list(range(len(starts))), steps)
    _moved(maker, x, target, maker.reshape(name, maker.shape(target)))


def pad(maker: Converter, operator: Operator) -> None:
    """`PAD` and `PADV2`. Raises: Unsupported."""
    x, widths = operator.inputs[:2]
    (target,) = operator.outputs
    first = maker.is_first(x)
    pairs = maker.value(widths).astype(np.int64)
    if first:
        pairs = pairs[list(FIRST)]
    pads = maker.constant(pairs.T.reshape(-1))
    operands = [maker.stored(x, first=first), pads]
    operands.append(_padding(maker, operator, x))
    _moved(maker, x, target, maker.add("Pad", *operands), first=first)


def _padding(maker: Converter, operator: Operator, x: int) -> str:
    """The value that is written around a tensor: by its own way to hold it."""
    tensor: Any = maker.tensor(x)
    if operator.kind == "PADV2":
        same_quantization(maker, operator.inputs[2], x)
        return maker.constant(maker.value(operator.inputs[2]).reshape(()))
    return maker.constant(tensor.zero_point if tensor.quantized else 0, tensor.dtype)


def gather(maker: Converter, operator: Operator) -> None:
    """`GATHER`. Raises: Unsupported."""
    x, places = operator.inputs
    (target,) = operator.outputs
    if getattr(operator.options, "batchDims", 0):
        raise Unsupported("places of its own for each of a batch")
    axis = operator.options.axis % len(maker.shape(x))
    name = maker.add("Gather", maker.stored(x), maker.stored(places), axis=axis)
    _moved(maker, x, target, name)


def tile(maker: Converter, operator: Operator) -> None:
    """`TILE` and `BROADCAST_TO`. Raises: Unsupported."""
    x, counts = operator.inputs
    (target,) = operator.outputs
    kind = "Tile" if operator.kind == "TILE" else "Expand"
    sizes = maker.constant(maker.value(counts).reshape(-1), np.int64)
    _moved(maker, x, target, maker.add(kind, maker.stored(x), sizes))


def cast(maker: Converter, operator: Operator) -> None:
    """`CAST`. Raises: Unsupported."""
    (x,), (target,) = operator.inputs, operator.outputs
    if maker.tensor(x).quantized or maker.tensor(target).quantized:
        raise Unsupported("a cast of quantized integers")
    element = helper.np_dtype_to_tensor_dtype(maker.tensor(target).dtype)
    maker.give(target, maker.add("Cast", maker.stored(x), to=element))


def shape(maker: Converter, operator: Operator) -> None:
    """`SHAPE`, which is known: every size is."""
    (target,) = operator.outputs
    sizes = maker.shape(operator.inputs[0])
    maker.give(target, maker.constant(sizes, maker.tensor(target).dtype))


def _slice(
    maker: Converter,
    name: str,
    starts: list[int],
    ends: list[int],
    axes: list[int],
    steps: list[int],
) -> str:
    operands = [maker.constant(values, np.int64) for values in (starts, ends, axes, steps)]
    return maker.add("Slice", name, *operands)


def _moved(maker: Converter, x: int, target: int, name: str, *, first: bool = False) -> None:
    """Notes values that were moved, and holds them as `target` does."""
    source, result = maker.tensor(x), maker.tensor(target)
    if source.same_quantization(result):
        maker.give(target, name, first=first)
    else:
        maker.give_real(target, maker.dequantized(name, source), first=first)


def _computed(maker: Converter, target: int, name: str, first: bool, activation: int) -> None:
    tensor = maker.tensor(target)
    if tensor.quantized or tensor.dtype == np.float32:
        maker.give_real(target, name, first=first, activation=activation)
    else:
        maker.give(target, name, first=first)
