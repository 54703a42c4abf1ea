"""The end of a product: bias and zero point in, an integer of 8 bits out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pytest_arielml.compiler.kernels.text import Body

# Bits of a word, and of its half.
_WORD: Final = 32
_HALF: Final = 16
#: With more, zero point and half would not fit in a word beside the steps.
_MOST: Final = 52


def rest_of_high_word(shift: int, *, even: bool) -> int:
    """How far the high word of ``accumulator * factor`` is shifted on, or 0.

    Where it is, half a step is no part of the low word, which is left out then:
    ``(((accumulator * factor) >> 32) + added) >> rest`` is the result before it is
    bounded, zero point and half in ``added = (zero_point << rest) + (1 << (rest - 1))``.
    """
    return shift - _WORD if _WORD < shift <= _MOST and not even else 0


@dataclass(frozen=True)
class Requantization:
    """``clip(((accumulator * factor + 2**(shift - 1)) >> shift) + zero_point, low, high)``.

    `factor` is `None` where each channel has its own. `even`: a half goes to the even
    integer. `unsigned`: the result is a uint8. `narrow`: by products of 32 bits alone.
    `joined`: one instruction adds the high word of a product to a register.
    """

    factor: int | None
    shift: int
    zero_point: int
    low: int
    high: int
    even: bool
    unsigned: bool = False
    narrow: bool = False
    joined: bool = False

    def narrowed(self, reach: int, factor: int) -> Requantization:
        """The same by products of 32 bits, if they do.

        Args:
            reach: the greatest magnitude of the accumulator.
            factor: the greatest factor.
        """
        # The sum of the two products in the middle is to stay within 31 bits.
        fits = (factor >> _HALF) + (reach >> _HALF) + 3 < 1 << (_HALF - 1)
        rest = rest_of_high_word(self.shift, even=self.even)
        plain = self.shift == _WORD and not self.even
        return replace(self, narrow=fits and (plain or rest > 0))

    def emit(self, body: Body, accumulator: str, factor: str) -> str:
        """Name of the result, an i8."""
        rest = rest_of_high_word(self.shift, even=self.even)
        if rest:
            return self._from_high_word(body, accumulator, factor, rest)
        if self.narrow:
            high = self._high_word(body, accumulator, factor, 1 << (_HALF - 1))
            return self._bounded(body, high, "i32")
        half = body.constant(1 << (self.shift - 1), "i64")
        shift = body.constant(self.shift, "i64")
        if self.factor is not None:
            wide_factor = body.constant(self.factor, "i64")
        else:
            wide_factor = body.value(f"arith.extsi {factor} : i32 to i64")
        wide = body.value(f"arith.extsi {accumulator} : i32 to i64")
        product = body.value(f"arith.muli {wide}, {wide_factor} : i64")
        rounded = body.value(f"arith.addi {product}, {half} : i64")
        steps = body.value(f"arith.shrsi {rounded}, {shift} : i64")
        if self.even:
            # Nothing is left behind the point of what was half way: its last bit goes.
            mask = body.constant((1 << self.shift) - 1, "i64")
            none = body.constant(0, "i64")
            below = body.value(f"arith.andi {rounded}, {mask} : i64")
            half_way = body.value(f"arith.cmpi eq, {below}, {none} : i64")
            last = body.value(f"arith.andi {steps}, {body.constant(1, 'i64')} : i64")
            less = body.value(f"arith.select {half_way}, {last}, {none} : i64")
            steps = body.value(f"arith.subi {steps}, {less} : i64")
        # From 31 bits on the steps of an accumulator of 32 bits fit in 32.
        if self.shift >= 32:
            steps = body.value(f"arith.trunci {steps} : i64 to i32")
            return self._bounded(body, steps, "i32")
        return self._bounded(body, steps, "i64")

    def _from_high_word(self, body: Body, accumulator: str, factor: str, rest: int) -> str:
        """The result where half a step is no part of the low word: that one is left out."""
        if self.narrow:
            high = self._high_word(body, accumulator, factor, 0)
        else:
            wide = body.value(f"arith.extsi {accumulator} : i32 to i64")
            if self.factor is not None:
                wide_factor = body.constant(self.factor, "i64")
            else:
                wide_factor = body.value(f"arith.extsi {factor} : i32 to i64")
            product = body.value(f"arith.muli {wide}, {wide_factor} : i64")
            upper = body.value(f"arith.shrsi {product}, {body.constant(_WORD, 'i64')} : i64")
            high = body.value(f"arith.trunci {upper} : i64 to i32")
        added = body.constant((self.zero_point << rest) + (1 << (rest - 1)), "i32")
        if self.joined:
            # LLVM would add a constant of few bits by an instruction of its own.
            added = body.value(f'llvm.inline_asm "", "=r,0" {added} : (i32) -> i32')
        total = body.value(f"arith.addi {high}, {added} : i32")
        steps = body.value(f"arith.shrsi {total}, {body.constant(rest, 'i32')} : i32")
        return self._within(body, steps, "i32")

    def _high_word(self, body: Body, accumulator: str, factor: str, half: int) -> str:
        """``(accumulator * factor + half * 2**16) >> 32``, from products of halves."""
        half_word, mask = body.constant(_HALF, "i32"), body.constant((1 << _HALF) - 1, "i32")
        high = body.value(f"arith.shrsi {accumulator}, {half_word} : i32")
        low = body.value(f"arith.andi {accumulator}, {mask} : i32")
        if self.factor is not None:
            upper = body.constant(self.factor >> _HALF, "i32")
            lower = body.constant(self.factor & ((1 << _HALF) - 1), "i32")
        else:
            upper = body.value(f"arith.shrui {factor}, {half_word} : i32")
            lower = body.value(f"arith.andi {factor}, {mask} : i32")
        least = body.value(f"arith.muli {low}, {lower} : i32")
        total = body.value(f"arith.shrui {least}, {half_word} : i32")
        if half:
            total = body.value(f"arith.addi {total}, {body.constant(half, 'i32')} : i32")
        for one, other in ((high, lower), (low, upper)):
            product = body.value(f"arith.muli {one}, {other} : i32")
            total = body.value(f"arith.addi {total}, {product} : i32")
        middle = body.value(f"arith.shrsi {total}, {half_word} : i32")
        most = body.value(f"arith.muli {high}, {upper} : i32")
        return body.value(f"arith.addi {most}, {middle} : i32")

    def _bounded(self, body: Body, steps: str, kind: str) -> str:
        zero = body.constant(self.zero_point, kind)
        return self._within(body, body.value(f"arith.addi {steps}, {zero} : {kind}"), kind)

    def _within(self, body: Body, value: str, kind: str) -> str:
        low, high = body.constant(self.low, kind), body.constant(self.high, kind)
        raised = body.value(f"arith.maxsi {value}, {low} : {kind}")
        bounded = body.value(f"arith.minsi {raised}, {high} : {kind}")
        return body.value(f"arith.trunci {bounded} : {kind} to i8")
