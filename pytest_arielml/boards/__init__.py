"""Boards: what is on them, one TOML file a board; and this machine as one."""

from pytest_arielml.boards.board import (
    Board,
    Core,
    FlashTool,
    Qemu,
    Region,
    Renode,
    Serial,
    Timer,
    Uart,
)
from pytest_arielml.boards.bus import Banks, Bus, Cache, MemoryTiming
from pytest_arielml.boards.catalogue import board_names, load_board
from pytest_arielml.boards.host import HOST, host_board

__all__ = [
    "HOST",
    "Banks",
    "Board",
    "Bus",
    "Cache",
    "Core",
    "FlashTool",
    "MemoryTiming",
    "Qemu",
    "Region",
    "Renode",
    "Serial",
    "Timer",
    "Uart",
    "board_names",
    "host_board",
    "load_board",
]
