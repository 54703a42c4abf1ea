"""The end of a product: bias and zero point in, an integer of 8 bits out."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_arielml.compiler.kernels.text import Body


@dataclass(frozen=True)
class Requantization:
    """``clip(((accumulator * factor + 2**(shift - 1)) >> shift) + zero_point, low, high)``.

    `factor` is `None` where each channel has its own. `even`: a half goes to the even
    integer. `unsigned`: the result is a uint8.
    """

    factor: int | None
    shift: int
    zero_point: int
    low: int
    high: int
    even: bool
    unsigned: bool = False

    def emit(self, body: Body, accumulator: str, factor: str) -> str:
        """Name of the result, an i8."""
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
        kind = "i64"
        # From 31 bits on the steps of an accumulator of 32 bits fit in 32.
        if self.shift >= 32:
            kind = "i32"
            steps = body.value(f"arith.trunci {steps} : i64 to i32")
        zero, low, high = (
            body.constant(each, kind) for each in (self.zero_point, self.low, self.high)
        )
        moved = body.value(f"arith.addi {steps}, {zero} : {kind}")
        raised = body.value(f"arith.maxsi {moved}, {low} : {kind}")
        bounded = body.value(f"arith.minsi {raised}, {high} : {kind}")
        return body.value(f"arith.trunci {bounded} : {kind} to i8")
