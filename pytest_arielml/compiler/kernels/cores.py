"""What the kernels know of a core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Style:
    """How products are computed.

    Attributes:
        dsp: two products of 16 bits in one instruction (SMLAD), words read from anywhere.
        pixels, channels: how many results are computed at once; what is read serves all.
        single: the same for products of one pixel: channels.
        unroll: how many steps (words with `dsp`, else bytes) make a turn of the innermost loop.
        straight: how many steps, over all rows of a window, are written without any loop.
        narrow: there is no product of 64 bits.
        biased: weights are read as unsigned, 128 more than they are, which one
            instruction of Armv6-M does; 128 times the sum of the inputs is
            taken away again, once a pixel.
    """

    dsp: bool
    pixels: int
    channels: int
    single: int
    unroll: int
    straight: int
    narrow: bool = False
    biased: bool = False


#: By name, as the profiles choose them.
STYLES: Final = {
    "dsp": Style(dsp=True, pixels=2, channels=2, single=4, unroll=4, straight=12),
    "dsp-small": Style(dsp=True, pixels=1, channels=2, single=2, unroll=1, straight=2),
    "plain": Style(dsp=False, pixels=2, channels=2, single=4, unroll=8, straight=12),
    "plain-wide": Style(dsp=False, pixels=2, channels=4, single=8, unroll=8, straight=12),
    "thumb": Style(
        dsp=False, pixels=1, channels=4, single=4, unroll=4, straight=6, narrow=True, biased=True
    ),
    "thumb-small": Style(
        dsp=False, pixels=1, channels=2, single=2, unroll=1, straight=1, narrow=True, biased=True
    ),
    "plain-narrow": Style(dsp=False, pixels=1, channels=2, single=2, unroll=8, straight=12),
}
