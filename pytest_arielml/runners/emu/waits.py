"""The board's figures of its memories, for the native library."""

from __future__ import annotations

import ctypes

from pytest_arielml.boards import Board, Bus, Cache, MemoryTiming, Region, board_names, load_board
from pytest_arielml.errors import UsageError
from pytest_arielml.runners.emu import native


def bus_of(board: Board) -> Bus:
    """The figures. Raises: UsageError when the board has none."""
    if board.bus is None:
        known = [name for name in board_names() if load_board(name).bus is not None]
        raise UsageError(
            f"there is no bus model of {board.name}",
            expected="a board whose file has a table [bus]: " + ", ".join(known),
            found="no figures of its memories",
            advice="run without the bus model, or give them in a file of your own; "
            "see docs/timing.md",
        )
    return board.bus


def memory_records(board: Board) -> ctypes.Array[native.MemoryRecord]:
    """One a memory, in the order of `Bus.memories`. Raises: UsageError as `bus_of`."""
    memories = bus_of(board).memories
    records = (native.MemoryRecord * len(memories))()
    for index, (name, timing) in enumerate(memories.items()):
        records[index] = _record(timing, board.memory[name], writable=name != "flash")
    return records


def _record(timing: MemoryTiming, region: Region, *, writable: bool) -> native.MemoryRecord:
    stripes = (native.Stripes * len(timing.banks))(
        *(native.Stripes(part.length, part.count, part.stripe) for part in timing.banks)
    )
    return native.MemoryRecord(
        base=region.origin,
        length=region.length,
        wait_states=timing.wait_states,
        width=timing.width,
        prefetch=timing.prefetch,
        writable=writable,
        unified=timing.unified,
        code=_geometry(timing.code_cache),
        data=native.Geometry() if timing.unified else _geometry(timing.data_cache),
        stripe_count=len(stripes),
        stripes=stripes,
    )


def _geometry(cache: Cache | None) -> native.Geometry:
    if cache is None:
        return native.Geometry()
    return native.Geometry(cache.size, cache.ways, cache.line, cache.fill)
