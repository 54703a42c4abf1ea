"""Integer factors that round as a float product of 32 bits does.

onnxruntime and LiteRT (by XNNPACK) bring a sum of integer products to 8 bits by
``rint(float32(sum) * ratio)``, with the ratio and the product rounded to float32. What
comes to lie near a half goes to the even integer then, though the exact product is a
little above or below. A result of 8 bits changes at 255 sums at most: the factors here
are chosen such that it changes at the same ones.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.frontends.passes.integer.scales import Scaling

Integers = NDArray[np.int64]

#: Factors stay below ``2**30``, and below half of that beside sums of 31 bits: what
#: computes their product in halves of words then adds up within 32 bits.
_BITS: Final = 30
_ROOM: Final = (1 << 30) - (1 << 18)
_GREATEST: Final = (1 << 31) - 1
#: With more, a core could not shift the high word alone.
_MOST: Final = 52
_WORD: Final = 32
#: Shifts from here on are so far apart: layers of one shape share a kernel, then.
_FIRST: Final = 34
_STEP: Final = 4
#: How many of the tightest bounds on each side are tried where no factor keeps to all.
_TRIED: Final = 16
#: A result is rarer by so many powers of e at the end of its range than at zero.
_RARER: Final = 6.0


def fitted(
    ratio: NDArray[np.float32], low: Integers, high: Integers, steps: tuple[int, int]
) -> Scaling | None:
    """Factors `m` and a shift `s` so that ``(acc * m + 2**(s - 1)) >> s`` rounds as said above.

    Where no factor does for every sum of a channel, one is taken that misses the
    fewest, and rather those that make results far from zero.

    Args:
        ratio: one ([]) or one a channel.
        low: least `acc` of each channel (or one for all).
        high: the greatest.
        steps: least and greatest result before the zero point is added.

    Returns `None` when a ratio is too large for a factor.
    """
    ratios = np.atleast_1d(ratio)
    reach = int(max(np.abs(low).max(initial=0), np.abs(high).max(initial=0)))
    shift = _shift(float(ratios.max()), _BITS if reach < _ROOM else _BITS - 1)
    if shift < _WORD:
        shift = _shift(float(ratios.max()), _BITS + 1)
    if shift < 1:
        return None
    nominal = np.rint(ratios.astype(np.float64) * 2.0**shift).astype(np.int64)
    numbers = np.arange(steps[0] + 1, steps[1] + 1, dtype=np.int64)
    if not numbers.size:
        return Scaling(nominal.reshape(np.shape(ratio)), shift, False)
    if not np.ndim(ratio):
        low, high = low.min(keepdims=True), high.max(keepdims=True)
    first = _first(ratios[:, None], numbers, low[:, None], high[:, None])
    least, most = _bounds(first, numbers, low[:, None], high[:, None], shift)
    factors = np.clip(nominal, least.max(axis=1), most.min(axis=1))
    weights = np.exp(-_RARER * np.abs(np.tile(numbers, 2)) / np.abs(numbers).max())
    for channel in np.flatnonzero(least.max(axis=1) > most.min(axis=1)):
        tight = np.sort(least[channel])[-_TRIED:], np.sort(most[channel])[:_TRIED]
        tried = np.array([nominal[channel], *tight[0], *tight[1]])
        tried = tried[(tried >= 0) & (tried <= _GREATEST)][:, None]
        missed = (tried < least[channel]) | (tried > most[channel])
        cost = (missed * weights).sum(axis=1)
        factors[channel] = tried[int(cost.argmin()), 0]
    return Scaling(factors.reshape(np.shape(ratio)), shift, False)


def _shift(largest: float, bits: int) -> int:
    """The greatest shift with a factor of so many bits for the largest ratio, or a little less."""
    shift = min(_MOST, bits - math.frexp(largest)[1])
    if np.rint(largest * 2.0**shift) >= 1 << bits:
        shift -= 1
    return shift - max(0, shift - _FIRST) % _STEP


def rounded(acc: Any, ratio: Any) -> Any:
    """What the runtimes make of a sum, before the zero point is added."""
    return np.rint(np.asarray(acc).astype(np.float32) * np.asarray(ratio, np.float32))


def _first(
    ratios: NDArray[np.float32], numbers: Integers, low: Integers, high: Integers
) -> Integers:
    """The least sum that gives each number, or ``high + 1``: [channels, numbers]."""
    shape = np.broadcast_shapes(low.shape, numbers.shape)
    below, above = np.broadcast_to(low, shape), np.broadcast_to(high + 1, shape)
    while np.any(below < above):
        middle = (below + above) >> 1
        reached = rounded(middle, ratios) >= numbers
        above = np.where(reached, middle, above)
        below = np.where(reached | (below >= above), below, middle + 1)
    return above


def _bounds(
    first: Integers, numbers: Integers, low: Integers, high: Integers, shift: int
) -> tuple[Integers, Integers]:
    """Least and greatest factor, by each number at `first` and at the sum before it.

    At `first` the product with the factor is to reach the number less a half,
    and one below it is not to.
    """
    half = np.broadcast_to((2 * numbers - 1) << (shift - 1), first.shape)
    at = np.concatenate([first, first - 1], axis=1)
    known = np.concatenate([first <= high, first > low], axis=1)
    reached = np.concatenate([half, half - 1], axis=1)
    upward = np.repeat([True, False], first.shape[1])
    divisor = np.where(at == 0, 1, at)
    up, down = -(-reached // divisor), reached // divisor
    bounding_below = known & (at != 0) & (upward == (at > 0))
    bounding_above = known & (at != 0) & (upward == (at < 0))
    return (
        np.where(bounding_below, up, 0),
        np.where(bounding_above, down, _GREATEST),
    )
