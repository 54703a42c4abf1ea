"""What the memories of a board make cores wait for, where its maker says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cache:
    """A cache in front of a memory, all in bytes but `ways`.

    Attributes:
        size: what it holds.
        ways: lines that addresses of one set can be in.
        line: a line.
        fill: what a miss brings, at most a line.
    """

    size: int
    ways: int
    line: int
    fill: int


@dataclass(frozen=True)
class Banks:
    """Neighbouring parts of a memory that each serve one access at a time.

    Attributes:
        length: bytes of all of them.
        count: how many they are.
        stripe: bytes in a row that are of one bank; the next ones are of the next.
    """

    length: int
    count: int
    stripe: int


@dataclass(frozen=True)
class MemoryTiming:
    """How long a memory takes.

    Attributes:
        wait_states: cycles beyond the first that an access takes.
        width: bytes that a read of code gives, which stay at hand until the next one.
        prefetch: while these are used, the next ones are read.
        code_cache, data_cache: in front of it; one object where both are one cache.
        banks: from its start on; one bank serves one core at a time.
    """

    wait_states: int
    width: int
    prefetch: bool
    code_cache: Cache | None
    data_cache: Cache | None
    banks: tuple[Banks, ...]

    @property
    def unified(self) -> bool:
        """Whether code and data go through one cache."""
        return self.code_cache is not None and self.code_cache is self.data_cache


@dataclass(frozen=True)
class Bus:
    """How long memories take, by their names in `Board.memory`, and who says so."""

    source: str
    memories: Mapping[str, MemoryTiming]
