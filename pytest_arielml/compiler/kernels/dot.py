"""Sums of products along contiguous bytes."""

from __future__ import annotations

from typing import Final

from pytest_arielml.compiler.kernels.cores import Style
from pytest_arielml.compiler.kernels.text import Body

BYTES: Final = 4
#: What weights are more than they are where they are read as unsigned.
BIAS: Final = 128
#: How many sums at most are kept in registers of Armv6-M, which has eight of use.
SETTLED: Final = 4


def word(body: Body, memory: str, kind: str, at: str) -> str:
    """Four bytes from anywhere, as an i32."""
    loaded = body.value(f"vector.load {memory}[{at}] : {kind}, vector<4xi8>")
    cast = body.value(f"vector.bitcast {loaded} : vector<4xi8> to vector<1xi32>")
    return body.value(f"vector.extract {cast}[0] : i32 from vector<1xi32>")


def byte(body: Body, memory: str, kind: str, at: str, extend: str = "extsi") -> str:
    """A byte, with its sign (or without: `extui`), as an i32."""
    loaded = body.value(f"memref.load {memory}[{at}] : {kind}")
    return body.value(f"arith.{extend} {loaded} : i8 to i32")


def halves(body: Body, value: str) -> tuple[str, str]:
    """The bytes 0 and 2 of a word, and 1 and 3, each a half of a word with its sign."""
    eight = body.constant(8, "i32")
    even = body.value(f'llvm.call_intrinsic "llvm.arm.sxtb16"({value}) : (i32) -> i32')
    turned = body.value(f"llvm.intr.fshr({value}, {value}, {eight}) : (i32, i32, i32) -> i32")
    odd = body.value(f'llvm.call_intrinsic "llvm.arm.sxtb16"({turned}) : (i32) -> i32')
    return even, odd


def accumulate(body: Body, name: str, a: str, b: str, total: str) -> str:
    """`total` and the product of halves of `a` and `b`, by one of the Armv7E-M instructions."""
    return body.value(
        f'llvm.call_intrinsic "llvm.arm.{name}"({a}, {b}, {total}) : (i32, i32, i32) -> i32'
    )


def add_product(body: Body, a: str, b: str, total: str) -> str:
    """`total` and the product of two i32."""
    product = body.value(f"arith.muli {a}, {b} : i32")
    return body.value(f"arith.addi {total}, {product} : i32")


def settle(body: Body, values: list[str]) -> None:
    """Has `values` in the low registers of Armv6-M, all at once, before anything that follows.

    Left to itself LLVM computes one after the other, and keeps on the stack what each
    has read.
    """
    count = len(values)
    kinds = ", ".join(["i32"] * count)
    constraints = ",".join(["=l"] * count + [str(place) for place in range(count)])
    whole = "i32" if count == 1 else f"!llvm.struct<({kinds})>"
    made = body.value(
        f'llvm.inline_asm has_side_effects asm_dialect = att "", "{constraints},~{{memory}}" '
        f"{', '.join(values)} : ({kinds}) -> {whole}"
    )
    if count == 1:
        values[:] = [made]
        return
    values[:] = [
        body.value(f"llvm.extractvalue {made}[{place}] : {whole}") for place in range(count)
    ]


class Tile:
    """Some pixels by some channels: what is read serves all of them.

    `x`, `w` are the buffers of bytes, each with its type.
    Weights lie channel beside channel: of a step first all words (or bytes)
    that the tile's channels need, then those of the next step.
    """

    def __init__(
        self, body: Body, x: tuple[str, str], w: tuple[str, str], channels: int, style: Style
    ) -> None:
        self._body = body
        self._x, self._w = x, w
        self._channels = channels
        self._dsp = style.dsp
        self._settles = style.biased
        self._extend = "extui" if style.biased else "extsi"

    def along(
        self, starts: list[str], weights: str, length: int, sums: list[str], unroll: int
    ) -> None:
        """Adds the products of `length` bytes to `sums`, in place.

        Args:
            starts: where each pixel's bytes begin.
            weights: where the weights begin.
            length: how many bytes.
            sums: one a pixel and channel, pixels outermost.
            unroll: how many steps a turn of the loop takes at most.
        """
        size = BYTES if self._dsp else 1
        steps = length // size
        turns = 0
        if steps > 2 * unroll:
            # Rather fewer steps a turn than some that are left over.
            few = range(unroll, unroll // 2, -1)
            unroll = next((each for each in few if steps % each == 0), unroll)
            turns = steps // unroll
        if turns:
            with self._body.carry(turns * unroll, unroll, sums) as (index, inside):
                moved = [self._body.index(start, (index, size)) for start in starts]
                here = self._body.index(weights, (index, size * self._channels))
                for step in range(unroll):
                    self._step(moved, here, step, inside)
        for step in range(turns * unroll, steps):
            self._step(starts, weights, step, sums)
        for rest in range(steps * size, length):
            self._single(starts, weights, rest, sums)

    def _step(self, starts: list[str], weights: str, step: int, sums: list[str]) -> None:
        if not self._dsp:
            self._single(starts, weights, step, sums)
            return
        body = self._body
        at = step * BYTES
        read = [halves(body, word(body, *self._x, body.index(each, at))) for each in starts]
        for channel in range(self._channels):
            place = body.index(weights, at * self._channels + channel * BYTES)
            even, odd = halves(body, word(body, *self._w, place))
            for pixel, (low, high) in enumerate(read):
                at_sum = pixel * self._channels + channel
                first = accumulate(body, "smlad", low, even, sums[at_sum])
                sums[at_sum] = accumulate(body, "smlad", high, odd, first)

    def _single(self, starts: list[str], weights: str, at: int, sums: list[str]) -> None:
        body = self._body
        read = [byte(body, *self._x, body.index(each, at)) for each in starts]
        for channel in range(self._channels):
            place = body.index(weights, at * self._channels + channel)
            weight = byte(body, *self._w, place, self._extend)
            for pixel, value in enumerate(read):
                at_sum = pixel * self._channels + channel
                sums[at_sum] = add_product(body, value, weight, sums[at_sum])
        if self._settles and len(sums) <= SETTLED:
            settle(body, sums)
