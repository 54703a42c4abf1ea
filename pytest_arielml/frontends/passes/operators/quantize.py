"""Quantization in blocks, and from 16 and 4 bits: IREE has none of these.

https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
"""

from __future__ import annotations

from typing import Final

import numpy as np
import onnx

from pytest_arielml.frontends.passes.operators.build import Rewrite

_X, _SCALE, _ZERO = 0, 1, 2
_WIDE: Final = frozenset({"int16", "uint16"})
_NARROW: Final = frozenset({"int4", "uint4"})


def quantize(rewrite: Rewrite) -> bool:
    """`QuantizeLinear` in blocks."""
    known = rewrite.facts.type(rewrite.result)
    dtype = rewrite.facts.dtype(rewrite.result)
    shape, scale_dtype = rewrite.shape(_X), rewrite.facts.dtype(rewrite.input(_SCALE))
    if known is None or dtype is None or shape is None or scale_dtype is None:
        return False
    # IREE has no cast to 16 bits either.
    if dtype.name in _WIDE or dtype.kind not in "iu":
        return False
    if not rewrite.options.get("block_size", 0) or not _shaped(rewrite):
        return False
    scale = _spread(rewrite, _SCALE, rewrite.input(_SCALE), shape)
    scaled = rewrite.add("Div", rewrite.input(_X), scale)
    value = rewrite.add("Round", scaled)
    if rewrite.input(_ZERO):
        zero = _spread(rewrite, _ZERO, rewrite.input(_ZERO), shape)
        like = rewrite.facts.type(rewrite.input(_SCALE))
        assert like is not None
        value = rewrite.add("Add", value, rewrite.add("Cast", zero, to=like.element))
    bounds = np.iinfo(np.dtype(dtype.name))
    low, high = (rewrite.constant(bound, scale_dtype) for bound in (bounds.min, bounds.max))
    value = rewrite.add("Clip", value, low, high)
    rewrite.add("Cast", value, output=rewrite.result, to=known.element)
    return True


def dequantize(rewrite: Rewrite) -> bool:
    """`DequantizeLinear` in blocks, or from 16 or 4 bits."""
    known, dtype = rewrite.facts.type(rewrite.result), rewrite.facts.dtype(rewrite.input(_X))
    shape = rewrite.shape(_X)
    if known is None or dtype is None or shape is None:
        return False
    blocks = rewrite.options.get("block_size", 0)
    # Integers of 4 bits are none to numpy.
    if dtype.kind not in "iu" and dtype.name not in _NARROW:
        return False
    if not (blocks or dtype.name in _WIDE | _NARROW) or not _shaped(rewrite):
        return False
    value = rewrite.add("Cast", rewrite.input(_X), to=onnx.TensorProto.INT32)
    if rewrite.input(_ZERO):
        # First of all: little else takes 4 bits.
        zero = rewrite.add("Cast", rewrite.input(_ZERO), to=onnx.TensorProto.INT32)
        value = rewrite.add("Sub", value, _spread(rewrite, _ZERO, zero, shape))
    value = rewrite.add("Cast", value, to=known.element)
    scale = _spread(rewrite, _SCALE, rewrite.input(_SCALE), shape)
    rewrite.add("Mul", value, scale, output=rewrite.result)
    return True


def _shaped(rewrite: Rewrite) -> bool:
    """Whether the shapes of scale and zero point are known."""
    places = [_SCALE, _ZERO] if rewrite.input(_ZERO) else [_SCALE]
    return all(rewrite.shape(place) is not None for place in places)


def _spread(rewrite: Rewrite, place: int, name: str, shape: tuple[int, ...]) -> str:
    """Scale or zero point, called `name` now, in a shape that broadcasts to that of the data."""
    given = rewrite.shape(place)
    assert given is not None
    block = rewrite.options.get("block_size", 0)
    axis = rewrite.options.get("axis", 1)
    axis = axis % len(shape) if shape else 0
    if block:
        # Each along the axis, as often as a block is long; the last may be shorter.
        places = rewrite.constant(np.arange(shape[axis]) // block)
        return rewrite.add("Gather", name, places, axis=axis)
    if given in ((), (1,)):
        return rewrite.reshape(name, []) if given else name
    return rewrite.reshape(name, [-1 if at == axis else 1 for at in range(len(shape))])
