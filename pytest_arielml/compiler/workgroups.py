"""Cuts elementwise dispatches into workgroups for the cores of a board.

IREE gives a workgroup of elementwise operations 4,096 elements, whatever they
cost: an image of 28 x 28 is quantized by one core while the others wait, which
on a core without an FPU is an eighth of a LeNet-5. It chooses that between two
of its phases, and no flag changes it; so the compiler stops behind the first
one, what it chose is replaced, and it goes on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

#: Raised when `cut` cuts otherwise.
RULE: Final = 1
#: What the compiler stops behind.
PHASE: Final = "executable-configurations"

# What the start of a workgroup costs, in elements: 60 to 100 instructions, and
# an element takes some ten, or hundreds of emulated floats.
_START: Final = 4
# Fewer elements are not worth waking a core for.
_LEAST: Final = 64

# The operation that a dispatch is cut by, on one line: it alone has `distribution`.
_ROOT: Final = re.compile(
    r"linalg\.generic \{indexing_maps = \[(?P<maps>[^]]*)\], "
    r'iterator_types = \[(?P<kinds>"parallel"(?:, "parallel")*)\]\}'
    r".* outs\(%[\w#]+ : tensor<(?P<sizes>(?:\d+x)+)\w+>\)"
    r".*#iree_cpu\.lowering_config<distribution = (?P<tiles>\[[\d, ]+\])"
    r"(?:, vector_common_parallel = \[(?P<vectors>[\d, ]+)\])?"
)


def cut(module: str, cores: int) -> str:
    """The module with its elementwise dispatches cut for 2 to `cores` cores.

    Args:
        module: as the compiler has it behind `PHASE`, an operation a line.
        cores: how many the board has.
    """
    return "".join(_line(line, cores) for line in module.splitlines(keepends=True))


def _line(line: str, cores: int) -> str:
    found = _ROOT.search(line)
    if found is None or not _is_identity(found["maps"]):
        return line
    sizes = [int(size) for size in found["sizes"].split("x") if size]
    tiles = _numbers(found["tiles"].strip("[]"))
    vectors = _numbers(found["vectors"]) if found["vectors"] else [1] * len(sizes)
    if not len(sizes) == len(tiles) == len(vectors):
        return line
    # A dimension that is not cut up has tile 0.
    now = [tile or size for tile, size in zip(tiles, sizes, strict=True)]
    # More items than IREE makes, never fewer.
    ways = (each for each in _ways(sizes, vectors) if math.prod(each) < math.prod(now))
    best = min((now, *ways), key=lambda tiles: _cost(sizes, tiles, cores))
    if best == now:
        return line
    start, end = found.span("tiles")
    return f"{line[:start]}[{', '.join(map(str, best))}]{line[end:]}"


def _is_identity(maps: str) -> bool:
    """Whether each element of the output is a turn of the loops: the last map says it."""
    _, _, last = maps.rpartition("affine_map<(")
    loops, _, results = last.partition(") -> (")
    return loops == results.partition(")>")[0]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _ways(sizes: Sequence[int], vectors: Sequence[int]) -> Iterator[list[int]]:
    """Tiles of whole vectors that divide the loops, the outermost cut first."""
    for place, size in enumerate(sizes):
        inner = list(sizes[place + 1 :])
        for tile in range(1, size + 1):
            if size % tile or tile % max(vectors[place], 1):
                continue
            if tile * math.prod(inner) >= _LEAST:
                yield [1] * place + [tile] + inner
        if vectors[place] > 1:
            return


def _cost(sizes: Sequence[int], tiles: Sequence[int], cores: int) -> float:
    """How much longer the longest core works than its share, summed over 2, 4, ... cores.

    A core that is late or slow is waited for half an item, all in all.
    """
    elements = math.prod(tiles)
    items = math.prod(math.ceil(size / tile) for size, tile in zip(sizes, tiles, strict=True))
    total = math.prod(sizes)
    counts = {2**power for power in range(1, cores.bit_length())} | {cores}
    return sum(
        (math.ceil(items / count) * (elements + _START) * count + elements / 2) / total
        for count in counts
        if 1 < count <= cores
    )
