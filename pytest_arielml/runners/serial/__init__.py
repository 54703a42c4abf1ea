"""Real boards: the wire over a serial port, images flashed by the usual tools.

Time is the board's own timer's; nothing counts instructions.
"""

from __future__ import annotations

from pytest_arielml.runners.serial.flash import ToolFinding, flash_tools
from pytest_arielml.runners.serial.port import Port, board_ports, known_ports
from pytest_arielml.runners.serial.runner import SerialRunner, available, create

__all__ = [
    "Port",
    "SerialRunner",
    "ToolFinding",
    "available",
    "board_ports",
    "create",
    "flash_tools",
    "known_ports",
]
