"""Convolutions and dense layers over channels that lie side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.compiler.kernels.dot import BIAS, BYTES, SETTLED, Tile, byte
from pytest_arielml.compiler.kernels.kernel import INPUT, WEIGHTS, Kernel
from pytest_arielml.compiler.kernels.text import Body


@dataclass(frozen=True)
class Product(Kernel):
    """Each result from all channels of its window."""

    @property
    def name(self) -> str:
        """What it does, for profiles."""
        high, wide = self.window.kernel
        if self.window.height == high == wide == 1:
            return f"dense_{self.results}x{self.channels}"
        size = f"{self.rows}x{self.columns}x{self.results}"
        return f"conv_{size}_{high}x{wide}x{self.channels}"

    @cached_property
    def block(self) -> int:
        """Channels of a tile."""
        most = self.style.channels if self.pixels > 1 else self.style.single
        if self.style.biased:
            # More sums than low registers can hold beside what they are made of do not pay.
            most = max(1, min(most, SETTLED // self.pixels))
        while most > 2 and self.results % most:
            most //= 2
        return min(most, self.results)

    @cached_property
    def _reach(self) -> tuple[int, int]:
        """Rows of the kernel, and bytes that lie side by side in each."""
        high, wide = self.window.kernel
        if wide == self.window.width:
            return 1, high * wide * self.channels
        return high, wide * self.channels

    @property
    def tile_bytes(self) -> int:
        """Bytes of weights that a tile reads."""
        rows, length = self._reach
        return self.block * rows * length

    def weights(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Weights [results, kernel height, kernel width, channels] as the kernel reads them."""
        rows, length = self._reach
        by_row = weights.reshape(self.results, rows, length)
        words = length // BYTES * BYTES if self.style.dsp else 0
        found = []
        for number in range(self.blocks):
            tile = by_row[self.first(number) :][: self.block]
            whole = tile[:, :, :words].reshape(self.block, rows, -1, BYTES)
            rest = tile[:, :, words:]
            parts = [
                whole.transpose(1, 2, 0, 3).reshape(rows, -1),
                rest.transpose(1, 2, 0).reshape(rows, -1),
            ]
            found.append(np.concatenate(parts, axis=1).reshape(-1))
        packed = np.concatenate(found)
        if self.style.biased:
            return (packed.astype(np.int16) + BIAS).astype(np.uint8).view(np.int8)
        return packed

    def before(self, body: Body, kinds: tuple[str, str], starts: list[str]) -> list[str]:
        """What each pixel's sums begin with beside their bias."""
        if not self.style.biased:
            return []
        rows, length = self._reach
        line = self.window.width * self.channels
        totals = [body.constant(0, "i32")] * len(starts)
        with body.carry(rows, 1, totals) as (row, inside):
            moved = [body.index(start, (row, line)) for start in starts]
            with body.carry(length, 1, inside) as (at, sums):
                for number, start in enumerate(moved):
                    value = byte(body, INPUT, kinds[0], body.index(start, at))
                    sums[number] = body.value(f"arith.addi {sums[number]}, {value} : i32")
        bias = body.constant(-BIAS, "i32")
        return [body.value(f"arith.muli {total}, {bias} : i32") for total in totals]

    def accumulate(
        self, body: Body, kinds: tuple[str, str], starts: list[str], tile: str, sums: list[str]
    ) -> None:
        """Adds the products of a tile to `sums`."""
        rows, length = self._reach
        line = self.window.width * self.channels
        products = Tile(body, (INPUT, kinds[0]), (WEIGHTS, kinds[1]), self.block, self.style)
        weights = body.index((tile, self.tile_bytes))
        steps = length // BYTES + length % BYTES if self.style.dsp else length
        if rows == 1 or rows * steps <= self.style.straight:
            for row in range(rows):
                moved = [body.index(each, row * line) for each in starts]
                here = body.index(weights, row * length * self.block)
                products.along(moved, here, length, sums, self.style.unroll)
            return
        with body.carry(rows, 1, sums) as (index, inside):
            moved = [body.index(each, (index, line)) for each in starts]
            here = body.index(weights, (index, length * self.block))
            products.along(moved, here, length, inside, self.style.unroll)
