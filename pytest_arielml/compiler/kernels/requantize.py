"""The end of a product: bias and zero point in, an integer of 8 bits out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pytest_arielml.compiler.kernels.text import Body

# Bits of a half of a word.
_HALF: Final = 16


@dataclass(frozen=True)
class Requantization:
    """``clip(((accumulator * factor + 2**(shift - 1)) >> shift) + zero_point, low, high)``.

    `factor` is `None` where each channel has its own. `even`: a half goes to the even
    integer. `unsigned`: the result is a uint8. `narrow`: by products of 32 bits alone.
    """

    factor: int | None
    shift: int
    zero_point: int
    low: int
    high: int
    even: bool
    unsigned: bool = False
    narrow: bool = False

    def narrowed(self, reach: int, factor: int) -> Requantization:
        """The same by products of 32 bits, if they do.

        Args:
            reach: the greatest magnitude of the accumulator.
            factor: the greatest factor.
        """
        # The sum of the two products in the middle is to stay within 31 bits.
        fits = (factor >> _HALF) + (reach >> _HALF) + 3 < 1 << (_HALF - 1)
        return replace(self, narrow=fits and self.shift == 2 * _HALF and not self.even)

    def emit(self, body: Body, accumulator: str, factor: str) -> str:
        """Name of the result, an i8."""
        if self.narrow:
            return self._bounded(body, self._high_word(body, accumulator, factor), "i32")
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
            rest = body.value(f"arith.andi {rounded}, {mask} : i64")
            half_way = body.value(f"arith.cmpi eq, {rest}, {none} : i64")
            last = body.value(f"arith.andi {steps}, {body.constant(1, 'i64')} : i64")
            less = body.value(f"arith.select {half_way}, {last}, {none} : i64")
            steps = body.value(f"arith.subi {steps}, {less} : i64")
        # From 31 bits on the steps of an accumulator of 32 bits fit in 32.
        if self.shift >= 32:
            steps = body.value(f"arith.trunci {steps} : i64 to i32")
            return self._bounded(body, steps, "i32")
        return self._bounded(body, steps, "i64")

    def _high_word(self, body: Body, accumulator: str, factor: str) -> str:
        """``(accumulator * factor + 2**31) >> 32``, from products of halves."""
        half, mask = body.constant(_HALF, "i32"), body.constant((1 << _HALF) - 1, "i32")
        high = body.value(f"arith.shrsi {accumulator}, {half} : i32")
        low = body.value(f"arith.andi {accumulator}, {mask} : i32")
        if self.factor is not None:
            upper = body.constant(self.factor >> _HALF, "i32")
            lower = body.constant(self.factor & ((1 << _HALF) - 1), "i32")
        else:
            upper = body.value(f"arith.shrui {factor}, {half} : i32")
            lower = body.value(f"arith.andi {factor}, {mask} : i32")
        least = body.value(f"arith.muli {low}, {lower} : i32")
        carried = body.value(f"arith.shrui {least}, {half} : i32")
        total = body.value(f"arith.addi {carried}, {body.constant(1 << (_HALF - 1), 'i32')} : i32")
        for one, other in ((high, lower), (low, upper)):
            product = body.value(f"arith.muli {one}, {other} : i32")
            total = body.value(f"arith.addi {total}, {product} : i32")
        middle = body.value(f"arith.shrsi {total}, {half} : i32")
        most = body.value(f"arith.muli {high}, {upper} : i32")
        return body.value(f"arith.addi {most}, {middle} : i32")

    def _bounded(self, body: Body, steps: str, kind: str) -> str:
        zero, low, high = (
            body.constant(each, kind) for each in (self.zero_point, self.low, self.high)
        )
        moved = body.value(f"arith.addi {steps}, {zero} : {kind}")
        raised = body.value(f"arith.maxsi {moved}, {low} : {kind}")
        bounded = body.value(f"arith.minsi {raised}, {high} : {kind}")
        return body.value(f"arith.trunci {bounded} : {kind} to i8")
