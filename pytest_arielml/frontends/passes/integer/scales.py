"""Quantization parameters, and how a ratio of scales becomes an integer product and a shift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pytest_arielml.frontends.passes.graph import attributes, is_own
from pytest_arielml.frontends.passes.operators.build import Facts

_DTYPES: Final = ("int8", "uint8")

#: Bits of a multiplier, its sign included: the product with an accumulator of
#: 32 bits then fits in 64.
_BITS: Final = 32
#: A core's multiply that gives the high word shifts by so much for free.
_HIGH_WORD: Final = 32
#: Bits behind the point that a result is right in: a thousandth of a step.
_PRECISION: Final = 10
#: Steps that a result may have before it is bounded.
_STEPS: Final = 256
_MOST: Final = 62


@dataclass(frozen=True)
class Quantization:
    """How a tensor of integers stands for one of reals: ``scale * (q - zero_point)``.

    Attributes:
        scale: float64, one value or one a channel (shape [] or [channels]).
        zero_point: int64, of the same shape.
        dtype: of the integers.
        axis: of the channels; None for one scale.
    """

    scale: NDArray[np.float64]
    zero_point: NDArray[np.int64]
    dtype: np.dtype[Any]
    axis: int | None = None

    @property
    def per_tensor(self) -> bool:
        """Whether one scale holds for all."""
        return self.axis is None

    @property
    def zero(self) -> int:
        """The zero point, where there is one."""
        return int(self.zero_point)

    @property
    def bounds(self) -> tuple[int, int]:
        """Least and greatest integer."""
        info = np.iinfo(self.dtype)
        return int(info.min), int(info.max)

    def same(self, other: Quantization) -> bool:
        """Whether both read an integer as the same real."""
        return (
            self.per_tensor
            and other.per_tensor
            and self.dtype == other.dtype
            and self.zero == other.zero
            and bool(self.scale == other.scale)
        )


def read(node: onnx.NodeProto, facts: Facts, dtype: np.dtype[Any] | None) -> Quantization | None:
    """The parameters of a `QuantizeLinear` or `DequantizeLinear`; `None` if not understood.

    Args:
        node: the operator.
        facts: of its graph.
        dtype: of its integers.
    """
    if not is_own(node, "QuantizeLinear", "DequantizeLinear"):
        return None
    options = attributes(node)
    scale = facts.value(node.input[1])
    zero = facts.value(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    if scale is None or dtype is None or options.get("block_size", 0):
        return None
    if len(node.input) > 2 and node.input[2] and zero is None:
        return None
    if scale.dtype != np.float32 or not np.all(np.isfinite(scale)) or not np.all(scale > 0):
        return None
    zeros = np.zeros(scale.shape, np.int64) if zero is None else zero.astype(np.int64)
    if scale.size == 1:
        value = np.asarray(scale, np.float64).reshape(())
        return Quantization(value, zeros.reshape(()), np.dtype(dtype))
    if scale.ndim != 1 or zeros.shape != scale.shape:
        return None
    return Quantization(scale.astype(np.float64), zeros, np.dtype(dtype), options.get("axis", 1))


def is_eight_bits(quantization: Quantization) -> bool:
    """Whether its integers have eight bits."""
    return quantization.dtype.name in _DTYPES


@dataclass(frozen=True)
class Scaling:
    """Integer factors ([] or [channels], below 2**31) and a shift, for ratios of scales.

    `exact` says that they are the ratios, not rounded: halves occur then, and
    go to the even integer, as everywhere in ONNX.
    """

    factors: NDArray[np.int64]
    shift: int
    exact: bool


def multiplier(ratio: NDArray[np.float64], reach: NDArray[np.float64] | float) -> Scaling | None:
    """Factors `m` and a shift `s` so that ``(acc * m) >> s`` is ``acc * ratio``.

    All ratios share the shift. It is 32 where that is precise enough, since a
    core that multiplies to 64 bits then takes the high word. `None` when one
    shift does not serve all of them.

    Args:
        ratio: one, or one a channel.
        reach: the greatest magnitude of `acc`, or one a channel.
    """
    # A rounded multiplier is off by half at most, and so is each step of `acc`.
    counted = np.minimum(reach, _STEPS / ratio)
    least = math.ceil(math.log2(float(np.max(counted)))) + _PRECISION - 1
    largest = float(np.max(ratio))
    limit = 1 << (_BITS - 1)
    most = min(_MOST, _BITS - 1 - math.frexp(largest)[1])
    if round(largest * 2.0**most) >= limit:
        most -= 1
    if most < max(least, 1):
        return None
    shift = _HIGH_WORD if least <= _HIGH_WORD <= most else most
    scaled = ratio * 2.0**shift
    factors = np.rint(scaled)
    return Scaling(factors.astype(np.int64), shift, bool(np.all(factors == scaled)))
