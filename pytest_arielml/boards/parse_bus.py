"""The figures of a board's memories, from the table `bus` of its TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pytest_arielml.boards.board import Region
from pytest_arielml.boards.bus import Banks, Bus, Cache, MemoryTiming
from pytest_arielml.boards.table import Table
from pytest_arielml.units import format_bytes

_TEXT: Final = re.compile(r"[^\n]+")
# What a core fetches at once.
_WORD: Final = 4
_MOST_WAIT_STATES: Final = 10_000
_MOST_WIDTH: Final = 256
_MOST_BANKS: Final = 64
# Parts of a line that the model tells apart.
_MOST_PARTS: Final = 64


def parse_bus(table: Table, memory: Mapping[str, Region]) -> Bus:
    """What `table` says of the memories. Raises: UsageError."""
    table.only("source", *memory)
    timings = {
        name: _memory(table.table(name), region)
        for name, region in memory.items()
        if table.has(name)
    }
    if not timings:
        raise table.error(
            "source", "figures of " + " or ".join(memory), "none", "add them, or leave bus out"
        )
    return Bus(table.text("source", _TEXT, "one line: where the figures are from"), timings)


def _memory(table: Table, region: Region) -> MemoryTiming:
    table.only("wait_states", "width", "prefetch", "cache", "code_cache", "data_cache", "banks")
    for_code = _cache(table, "code_cache")
    for_data = _cache(table, "data_cache")
    unified = _cache(table, "cache")
    if unified is not None and (for_code is not None or for_data is not None):
        raise table.error(
            "cache", "a cache for code and data, or one for each", "both kinds", "remove one kind"
        )
    return MemoryTiming(
        wait_states=table.integer("wait_states", 0, _MOST_WAIT_STATES),
        width=_power(table, "width", _WORD, _MOST_WIDTH) if table.has("width") else _WORD,
        prefetch=table.boolean("prefetch") if table.has("prefetch") else False,
        code_cache=unified or for_code,
        data_cache=unified or for_data,
        banks=_banks(table, region),
    )


def _cache(table: Table, key: str) -> Cache | None:
    if not table.has(key):
        return None
    inner = table.table(key)
    inner.only("size", "ways", "line", "fill")
    size = inner.size("size")
    if size & (size - 1):
        raise inner.error("size", "a power of two", format_bytes(size))
    line = _power(inner, "line", _WORD, size)
    fill = _power(inner, "fill", _WORD, line) if inner.has("fill") else line
    if line // fill > _MOST_PARTS:
        raise inner.error("fill", f"at least {line // _MOST_PARTS}, of a line of {line}", str(fill))
    return Cache(size, _power(inner, "ways", 1, size // line), line, fill)


def _banks(table: Table, region: Region) -> tuple[Banks, ...]:
    if not table.has("banks"):
        return (Banks(region.length, 1, _WORD),)
    banks = tuple(_bank(part) for part in table.tables("banks"))
    covered = sum(part.length for part in banks)
    if covered != region.length:
        raise table.error(
            "banks",
            f"banks that make up the memory, {format_bytes(region.length)}",
            format_bytes(covered),
        )
    return banks


def _bank(table: Table) -> Banks:
    table.only("length", "count", "stripe")
    length = table.size("length")
    count = table.integer("count", 1, _MOST_BANKS) if table.has("count") else 1
    stripe = _power(table, "stripe", _WORD, length) if table.has("stripe") else _WORD
    if length % (count * stripe):
        raise table.error(
            "length", f"a multiple of {count} stripes of {stripe} bytes", format_bytes(length)
        )
    return Banks(length, count, stripe)


def _power(table: Table, key: str, least: int, most: int) -> int:
    value = table.integer(key, least, most)
    if value & (value - 1):
        raise table.error(key, "a power of two", str(value))
    return value
