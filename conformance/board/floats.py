"""Operations on floats with known results, to the bit."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

NAMES: Final = {
    1: "add",
    2: "subtract",
    3: "multiply",
    4: "divide",
    5: "square root",
    6: "fused multiply-add",
    7: "from integer",
    8: "to integer",
    9: "compare",
}
#: Zeros, subnormals, ties, the largest, infinities, NaN, and plain numbers.
_SPECIAL: Final = struct.unpack(
    ">24I",
    bytes.fromhex(
        "00000000 80000000 00000001 80000001 00000003 007fffff 00800000 3f800000"
        "3f800001 bf800000 3fffffff 3eaaaaab 33800000 34000001 4b800001 4effffff"
        "7f7fffff ff7fffff 7f800000 ff800000 7fc00000 40490fdb 5f000000 1f000001"
    ),
)
_RANDOM: Final = 40


@dataclass(frozen=True)
class Vector:
    """An operation, its operands as bits, and the bits that it must give."""

    operation: int
    operands: tuple[int, ...]
    expected: int

    def agrees(self, found: int) -> bool:
        """Whether `found` is the result; any quiet NaN is as good as another."""
        if self.operation <= 7 and is_nan(self.expected):
            return is_nan(found) and bool(found & 0x0040_0000)
        return found == self.expected

    def __str__(self) -> str:
        shown = ", ".join(f"{word:#010x}" for word in self.operands)
        return f"{NAMES[self.operation]} of {shown}"


def is_nan(bits: int) -> bool:
    """Whether these are a NaN's bits."""
    return bits & 0x7FFF_FFFF > 0x7F80_0000


def vectors(seed: int = 20) -> Iterator[Vector]:
    """Special operands in all pairs, and random ones of a seed."""
    random = np.random.default_rng(seed)
    pairs = [(a, b) for index, a in enumerate(_SPECIAL) for b in _SPECIAL[index % 3 :: 3]]
    pairs += [(int(a), int(b)) for a, b in random.integers(0, 1 << 32, (_RANDOM, 2))]
    for operation in (1, 2, 3, 4, 9):
        for a, b in pairs:
            yield Vector(operation, (a, b), expected(operation, a, b))
    singles = [*_SPECIAL, *(int(a) for a in random.integers(0, 1 << 32, _RANDOM))]
    for operation in (5, 7, 8):
        for a in singles:
            yield Vector(operation, (a,), expected(operation, a))
    # Where the sum rounded once differs from the product rounded first.
    triples = [(0x3F80_0001, 0x3F80_0001, 0xBF80_0002), (0x3F80_0001, 0x3F80_0001, 0x3300_0000)]
    # Sums that are subnormal, and zeros of either sign.
    triples += [(0x0080_0000, 0x3F00_0000, 0), (0x8080_0000, 0x3F00_0000, 0x8000_0001)]
    triples += [(0x3F80_0000, 0, 0x8000_0000), (0xBF80_0000, 0, 0x8000_0000)]
    triples += [(a, b, 0x3F80_0000) for a, b in pairs[::6]]
    for a, b, c in triples:
        yield Vector(6, (a, b, c), expected(6, a, b, c))


def expected(operation: int, a: int, b: int = 0, c: int = 0) -> int:
    """What IEEE 754 says, rounded to nearest, ties to even."""
    x, y, z = (np.uint32(bits).view(np.float32) for bits in (a, b, c))
    with np.errstate(all="ignore"):
        match operation:
            case 1:
                return _bits(x + y)
            case 2:
                return _bits(x - y)
            case 3:
                return _bits(x * y)
            case 4:
                return _bits(x / y)
            case 5:
                return _bits(np.sqrt(x))
            case 6:
                return _bits(_fused(x, y, z))
            case 7:
                return _bits(np.float32(np.uint32(a).view(np.int32)))
            case 8:
                return _to_integer(float(x)) & 0xFFFF_FFFF
            case _:
                return int(x < y) | int(x == y) << 1 | int(x > y) << 2


def _fused(x: np.float32, y: np.float32, z: np.float32) -> np.float32:
    values = [float(x), float(y), float(z)]
    if not all(map(math.isfinite, values)):
        return np.float32(x * y + z)
    exact = Fraction(values[0]) * Fraction(values[1]) + Fraction(values[2])
    if exact == 0:
        # The product of floats is exact as a double, and so is the sign of a zero.
        return np.float32(values[0] * values[1] + values[2])
    return _nearest(exact)


def _nearest(exact: Fraction) -> np.float32:
    """The float nearest to a number, the even one of two."""
    try:
        guess = np.float32(float(exact))
    except OverflowError:
        return np.float32(math.copysign(math.inf, exact))
    if not np.isfinite(guess):
        return guess
    near = [
        guess,
        np.nextafter(guess, np.float32(-np.inf)),
        np.nextafter(guess, np.float32(np.inf)),
    ]
    finite = [value for value in near if np.isfinite(value)]
    best = min(finite, key=lambda value: (abs(Fraction(float(value)) - exact), _bits(value) & 1))
    # A result that rounds to zero keeps its sign.
    return np.float32(math.copysign(float(best), exact))


def _to_integer(value: float) -> int:
    """Towards zero, and to the nearest there is: NaN is 0."""
    if math.isnan(value):
        return 0
    return int(max(-(2.0**31), min(2.0**31 - 1, value)))


def _bits(value: np.float32) -> int:
    (bits,) = (
        struct.unpack("<I", struct.pack("<f", value)) if not np.isnan(value) else (0x7FC0_0000,)
    )
    return int(bits)
