"""Boards: what is on them, one TOML file a board."""

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
from pytest_arielml.boards.catalogue import board_names, load_board

__all__ = [
    "Board",
    "Core",
    "FlashTool",
    "Qemu",
    "Region",
    "Renode",
    "Serial",
    "Timer",
    "Uart",
    "board_names",
    "load_board",
]
