"""Convolutions of each channel by itself, and averages as such."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.compiler.kernels.dot import BYTES, accumulate, add_product, byte, halves, word
from pytest_arielml.compiler.kernels.kernel import INPUT, WEIGHTS, Kernel
from pytest_arielml.compiler.kernels.text import Body

# Windows of more pixels are walked row by row.
_LARGEST: Final = 16


@dataclass(frozen=True)
class Depthwise(Kernel):
    """Each result from its own channel.

    `uniform` is what all weights are, where they are one number, as in an average: then it
    stands in the code, and no weights are read.
    """

    uniform: int | None = None

    @property
    def name(self) -> str:
        """What it does, for profiles."""
        high, wide = self.window.kernel
        size = f"{self.rows}x{self.columns}x{self.results}"
        return f"depthwise_{size}_{high}x{wide}"

    @cached_property
    def block(self) -> int:
        """Channels of a tile."""
        if self._words:
            return BYTES
        most = self.style.channels
        while most > 2 and self.results % most:
            most //= 2
        return min(most, self.results)

    @property
    def _words(self) -> bool:
        """Whether four channels are read at once."""
        return self.style.dsp and self.results >= BYTES

    @property
    def _size(self) -> int:
        """Bytes of a weight: with words, halves that can be multiplied as they are."""
        return 2 if self._words else 1

    @property
    def tile_bytes(self) -> int:
        """Bytes of weights that a tile reads."""
        if self.uniform is not None:
            return 0
        high, wide = self.window.kernel
        return self.block * self._size * high * wide

    def weights(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Weights [results, kernel height, kernel width, 1] as the kernel reads them."""
        if self.uniform is not None:
            return np.zeros(1, np.int8)
        by_pixel = weights.reshape(self.results, -1).T
        found = []
        for number in range(self.blocks):
            tile = by_pixel[:, self.first(number) :][:, : self.block]
            if self._words:
                tile = tile[:, [0, 2, 1, 3]].astype("<i2")
            found.append(np.ascontiguousarray(tile).reshape(-1).view(np.int8))
        return np.concatenate(found)

    def before(self, *_: object) -> list[str]:
        """Nothing: each channel has inputs of its own."""
        return []

    def accumulate(
        self, body: Body, kinds: tuple[str, str], starts: list[str], tile: str, sums: list[str]
    ) -> None:
        """Adds the products of a tile to `sums`."""
        high, wide = self.window.kernel
        line = self.window.width * self.channels
        weights = body.index((tile, self.tile_bytes))
        channel = body.index((tile, self.block))
        if self.results % self.block:
            channel = body.value(
                f"arith.minsi {channel}, {body.constant(self.results - self.block)} : index"
            )
        starts = [body.index(each, channel) for each in starts]
        if high * wide <= _LARGEST:
            for row in range(high):
                moved = [body.index(each, row * line) for each in starts]
                here = body.index(weights, row * wide * self.block * self._size)
                self._row(body, kinds, moved, here, sums)
            return
        with body.carry(high, 1, sums) as (index, inside):
            moved = [body.index(each, (index, line)) for each in starts]
            here = body.index(weights, (index, wide * self.block * self._size))
            self._row(body, kinds, moved, here, inside)

    def _row(
        self,
        body: Body,
        kinds: tuple[str, str],
        starts: list[str],
        weights: str,
        sums: list[str],
    ) -> None:
        for column in range(self.window.kernel[1]):
            places = [body.index(each, column * self.channels) for each in starts]
            here = body.index(weights, column * self.block * self._size)
            if self._words:
                self._four(body, kinds, places, here, sums)
                continue
            for channel in range(self.block):
                if self.uniform is not None:
                    weight = body.constant(self.uniform, "i32")
                else:
                    weight = byte(body, WEIGHTS, kinds[1], body.index(here, channel))
                for pixel, place in enumerate(places):
                    value = byte(body, INPUT, kinds[0], body.index(place, channel))
                    at = pixel * self.block + channel
                    sums[at] = add_product(body, value, weight, sums[at])

    def _four(
        self,
        body: Body,
        kinds: tuple[str, str],
        places: list[str],
        weights: str,
        sums: list[str],
    ) -> None:
        """Four channels of a pixel of the window: of halves, those that lie alike."""
        if self.uniform is not None:
            by = [body.constant(self.uniform, "i32")] * 2
            names = ("smlabb", "smlatb")
        else:
            by = [word(body, WEIGHTS, kinds[1], body.index(weights, at)) for at in (0, BYTES)]
            names = ("smlabb", "smlatt")
        for pixel, place in enumerate(places):
            read = halves(body, word(body, INPUT, kinds[0], place))
            for odd in (0, 1):
                for upper, name in enumerate(names):
                    at = pixel * self.block + 2 * upper + odd
                    sums[at] = accumulate(body, name, read[odd], by[odd], sums[at])
