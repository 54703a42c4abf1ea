"""What kernels have in common: tiles of pixels and channels, and how they are cut up."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.compiler.kernels.cores import Style
from pytest_arielml.compiler.kernels.requantize import Requantization
from pytest_arielml.compiler.kernels.text import Body, executable

# Workgroups that a dispatch is cut into: enough that eight cores end together,
# not so many that their start costs more than a hundredth.
_GROUPS: Final = 32

#: Which workgroup this is, along an axis.
GROUP: Final = "stream.dispatch.workgroup.id[{}] : index"

#: Buffers of a kernel: input, weights, parameters, output.
INPUT, WEIGHTS, PARAMETERS, OUTPUT = "%b0", "%b1", "%b2", "%b3"


@dataclass(frozen=True)
class Window:
    """What a convolution reads and writes: sizes in pixels, padding already written.

    `height` and `width` are the input's, `rows` and `columns` the output's.
    """

    height: int
    width: int
    kernel: tuple[int, int]
    strides: tuple[int, int]

    @property
    def rows(self) -> int:
        """Rows of the output."""
        return (self.height - self.kernel[0]) // self.strides[0] + 1

    @property
    def columns(self) -> int:
        """Columns of the output."""
        return (self.width - self.kernel[1]) // self.strides[1] + 1


@dataclass(frozen=True)
class Kernel(ABC):
    """From `channels` channels to `results`, int8 in and out, all [row, column, channel].

    `pool` is how many rows and columns of results go into one, their largest.
    `border` is what is written around the output (top, left, bottom, right), with `fill`.
    A tile is `pixels` pixels that lie side by side, by `block` channels of the
    output. The last tile of a row begins earlier where they do not come out
    even, and computes some results a second time.
    """

    window: Window
    channels: int
    results: int
    scaling: Requantization
    style: Style
    pool: tuple[int, int] = (1, 1)
    border: tuple[int, int, int, int] = (0, 0, 0, 0)
    fill: int = 0

    @property
    @abstractmethod
    def name(self) -> str:
        """What it does, for profiles."""

    @property
    @abstractmethod
    def block(self) -> int:
        """Channels of a tile."""

    @property
    @abstractmethod
    def tile_bytes(self) -> int:
        """Bytes of weights that a tile reads."""

    @abstractmethod
    def weights(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Weights [results, kernel height, kernel width, channels] as the kernel reads them."""

    @abstractmethod
    def before(self, body: Body, kinds: tuple[str, str], starts: list[str]) -> list[str]:
        """What the sums of each pixel begin with beside their bias; none for nothing."""

    @abstractmethod
    def accumulate(
        self, body: Body, kinds: tuple[str, str], starts: list[str], tile: str, sums: list[str]
    ) -> None:
        """Adds the products of a tile to `sums`, one a pixel and channel, in place.

        Args:
            body: where to write.
            kinds: types of the buffers of inputs and weights.
            starts: where in the input each pixel's window begins.
            tile: number of the tile along the channels.
            sums: of the pixels, one after the other.
        """

    @cached_property
    def flat(self) -> bool:
        """Whether each pixel is a product of its own, and it is not rows that are cut up."""
        window = self.window
        alone = window.kernel == window.strides == self.pool == (1, 1)
        # With a border, rows save a division, where tiles fill them.
        return alone and (not any(self.border) or bool(self.columns % self.style.pixels))

    @cached_property
    def pixels(self) -> int:
        """Pixels of a tile; where there is a pool, those of a row that go into one."""
        if self.pool != (1, 1):
            return 1 if self.style.biased else self.pool[1]
        return min(self.style.pixels, self.rows * self.columns if self.flat else self.columns)

    @property
    def rows(self) -> int:
        """Rows of the output, border aside."""
        return self.window.rows // self.pool[0]

    @property
    def columns(self) -> int:
        """Columns of the output, border aside."""
        return self.window.columns // self.pool[1]

    @cached_property
    def blocks(self) -> int:
        """Tiles along the channels."""
        return math.ceil(self.results / self.block)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the output, border included."""
        top, left, bottom, right = self.border
        return (
            self.rows + top + bottom,
            self.columns + left + right,
            self.results,
        )

    def first(self, block: int) -> int:
        """The first channel of a tile."""
        return min(block * self.block, self.results - self.block)

    def parameters(
        self, bias: NDArray[np.int64], factors: NDArray[np.int64] | None
    ) -> NDArray[np.int32]:
        """Bias, and factor where each channel has its own, in the order that they are read."""
        listed = [
            self.first(number) + each for number in range(self.blocks) for each in range(self.block)
        ]
        columns = [bias] if factors is None else [bias, factors]
        return np.stack(columns, axis=1)[listed].reshape(-1).astype(np.int32)

    @property
    def _each(self) -> int:
        """Parameters of a channel."""
        return 1 if self.scaling.factor is not None else 2

    def text(self, name: str) -> str:
        """The kernel as an executable called `name`."""
        body, window = Body(), self.window
        sizes = (
            window.height * window.width * self.channels,
            max(1, self.blocks * self.tile_bytes),
            self.blocks * self.block * self._each,
            math.prod(self.shape),
        )
        kinds = [
            f"memref<{size}x{kind}>"
            for size, kind in zip(sizes, ("i8", "i8", "i32", "i8"), strict=True)
        ]
        # Groups of rows, or of pixels where rows do not matter; where these
        # are few, groups of channels, too.
        lines, step = (self.rows * self.columns, self.pixels) if self.flat else (self.rows, 1)
        down = _parts(math.ceil(lines / step), _GROUPS)
        most = _GROUPS
        if lines == 1:
            # A dense layer's groups all begin with what is the same for each: of groups
            # that come out even on two, four and eight cores, eight do.
            most //= 4 if self.blocks % 8 == 0 else 2
        across = _even_parts(self.blocks, max(1, most // down[0]))
        tiles = _part(body, 0, *across, self.blocks)
        low, high = _part(body, 1, down[0], down[1] * step, lines)
        if self.flat:
            with body.loop(low, high, step) as pixel:
                pixel = least(body, pixel, lines - step)
                start = body.index((pixel, self.channels))
                self._tiles(body, kinds, start, self._places(body, pixel), tiles)
        else:
            with body.loop(low, high) as row:
                step = 1 if self.pool != (1, 1) else self.pixels
                with body.loop(0, self.columns, step) as column:
                    if self.columns % step:
                        column = least(body, column, self.columns - step)
                    self._window(body, kinds, row, column, tiles)
        if any(self.border):
            if self.flat:
                # Of pixels, no group has whole rows: the first does all of them.
                first = least(body, low, 1)
                if across[0] > 1:
                    first = body.index(first, body.value(GROUP.format(0)))
                with body.when("eq", first, 0):
                    every = body.constant(self.rows)
                    self._surround(body, kinds[3], body.constant(0), every)
            elif across[0] == 1:
                self._surround(body, kinds[3], low, high)
            else:
                with body.when("eq", body.value(GROUP.format(0)), 0):
                    self._surround(body, kinds[3], low, high)
        return executable(name, (across[0], down[0], 1), kinds, body)

    def _surround(self, body: Body, kind: str, low: str, high: str) -> None:
        """Writes the border beside rows; above when they are the first, below the last."""
        top, left, bottom, right = self.border
        line = self.shape[1] * self.results
        if left or right:
            with body.loop(low, high) as row:
                start = body.index((row, line), top * line)
                self._fill(body, kind, start, left * self.results)
                end = body.index(start, (left + self.columns) * self.results)
                self._fill(body, kind, end, right * self.results)
        if top:
            with body.when("eq", low, 0):
                self._fill(body, kind, body.constant(0), top * line)
        if bottom:
            with body.when("eq", high, self.rows):
                self._fill(body, kind, body.constant((top + self.rows) * line), bottom * line)

    def _fill(self, body: Body, kind: str, start: str, count: int) -> None:
        if not count:
            return
        step = 4 if count % 4 == 0 else 1
        value = body.value(
            f"vector.broadcast {body.constant(self.fill, 'i8')} : i8 to vector<{step}xi8>"
        )
        with body.loop(0, count, step) as at:
            place = body.index(start, at)
            body.line(f"vector.store {value}, {OUTPUT}[{place}] : {kind}, vector<{step}xi8>")

    def _places(self, body: Body, pixel: str) -> list[str]:
        """Where the results of pixels begin that lie side by side, or in the next row."""
        top, left, _, right = self.border
        places = []
        for number in range(self.pixels):
            at = body.index(pixel, number)
            if any(self.border):
                row = body.value(f"arith.divui {at}, {body.constant(self.columns)} : index")
                at = body.index(at, (row, left + right), top * self.shape[1] + left)
            places.append(body.index((at, self.results)))
        return places

    def _window(
        self, body: Body, kinds: list[str], row: str, column: str, tiles: tuple[str, str]
    ) -> None:
        """All tiles of the pixels that begin at a row and a column of the output."""
        window, (top, left, _, _) = self.window, self.border
        start = body.index(
            (row, self.pool[0] * window.strides[0] * window.width * self.channels),
            (column, self.pool[1] * window.strides[1] * self.channels),
        )
        width = self.shape[1]
        out = body.index(
            (row, width * self.results),
            (column, self.results),
            (top * width + left) * self.results,
        )
        outs = [body.index(out, number * self.results) for number in range(self.pixels)]
        self._tiles(body, kinds, start, outs, tiles)

    def _tiles(
        self, body: Body, kinds: list[str], start: str, outs: list[str], tiles: tuple[str, str]
    ) -> None:
        step = self.window.strides[1] * self.channels
        starts = [body.index(start, number * step) for number in range(self.pixels)]
        pooled = self.pool != (1, 1)
        added = [] if pooled else self.before(body, (kinds[0], kinds[1]), starts)
        # One after the other where each has something of its own to begin with.
        places: list[tuple[list[str], list[str]]] = []
        if pooled and self.style.biased:
            line = self.window.strides[0] * self.window.width * self.channels
            for row, column in product(range(self.pool[0]), range(self.pool[1])):
                moved = [body.index(starts[0], row * line + column * step)]
                places.append((moved, self.before(body, (kinds[0], kinds[1]), moved)))
        with body.loop(*tiles) as tile:
            at_tile = [
                body.index((tile, self.block * self._each), channel * self._each)
                for channel in range(self.block)
            ]
            biases = [_parameter(body, kinds, place) for place in at_tile]
            if not pooled:
                sums = self._begun(body, biases, added)
                self.accumulate(body, (kinds[0], kinds[1]), starts, tile, sums)
            else:
                sums = self._largest(body, (kinds[0], kinds[1]), starts, tile, biases, places)
            factors = [""] * self.block
            if self.scaling.factor is None:
                factors = [_parameter(body, kinds, body.index(place, 1)) for place in at_tile]
            channel = body.index((tile, self.block))
            if self.results % self.block:
                channel = least(body, channel, self.results - self.block)
            for at, total in enumerate(sums):
                beside, of_tile = divmod(at, self.block)
                result = self.scaling.emit(body, total, factors[of_tile])
                place = body.index(outs[beside], channel, of_tile)
                body.line(f"memref.store {result}, {OUTPUT}[{place}] : {kinds[3]}")

    def _begun(self, body: Body, biases: list[str], added: list[str]) -> list[str]:
        """What the sums of a tile begin with."""
        if not added:
            return biases * self.pixels
        return [body.value(f"arith.addi {bias}, {each} : i32") for each in added for bias in biases]

    def _largest(
        self,
        body: Body,
        kinds: tuple[str, str],
        starts: list[str],
        tile: str,
        biases: list[str],
        places: list[tuple[list[str], list[str]]],
    ) -> list[str]:
        """The largest sums of the pixels that go into one: a larger sum never gives less."""
        best = [body.constant(-(1 << 31), "i32")] * self.block
        line = self.window.strides[0] * self.window.width * self.channels
        if places:
            for moved, added in places:
                sums = self._begun(body, biases, added)
                self.accumulate(body, kinds, moved, tile, sums)
                self._raise(body, best, sums)
            return best
        with body.carry(self.pool[0], 1, best) as (row, inside):
            sums = self._begun(body, biases, [])
            moved = [body.index(start, (row, line)) for start in starts]
            self.accumulate(body, kinds, moved, tile, sums)
            self._raise(body, inside, sums)
        return best

    def _raise(self, body: Body, best: list[str], sums: list[str]) -> None:
        for at, total in enumerate(sums):
            channel = at % self.block
            best[channel] = body.value(f"arith.maxsi {best[channel]}, {total} : i32")


def least(body: Body, value: str, most: int) -> str:
    """The smaller of an index and a number."""
    return body.value(f"arith.minsi {value}, {body.constant(most)} : index")


def _parameter(body: Body, kinds: list[str], place: str) -> str:
    return body.value(f"memref.load {PARAMETERS}[{place}] : {kinds[2]}")


def _parts(count: int, most: int) -> tuple[int, int]:
    """How many parts of what size, at most `most`."""
    size = math.ceil(count / min(count, most))
    return math.ceil(count / size), size


def _even_parts(count: int, wanted: int) -> tuple[int, int]:
    """About `wanted` parts, all of one size where that can be.

    Parts that differ would come in turns, and so each to the same core of those that
    take turns.
    """
    whole = [parts for parts in range(1, count + 1) if count % parts == 0]
    parts = min(whole, key=lambda each: abs(math.log(each / wanted)))
    return (parts, count // parts) if 2 * parts > wanted else _parts(count, wanted)


def _part(body: Body, axis: int, parts: int, size: int, count: int) -> tuple[str, str]:
    """Where this workgroup's part of `count` begins and ends."""
    if parts == 1:
        return body.constant(0), body.constant(count)
    number = body.value(GROUP.format(axis))
    low = body.index((number, size))
    high = body.index(low, size)
    return low, high if count % size == 0 else least(body, high, count)
