"""The machine that pytest runs on, as a board."""

from __future__ import annotations

import platform
from typing import Final

from pytest_arielml.boards.board import Board, Core, Region, Timer, Uart

#: Its name, which is also that of its runner and of the target.
HOST: Final = "host"

# Kernels are compiled for the least that every processor of the architecture has:
# an answer then does not depend on the machine, and a cache can be shared.
_CPUS: Final = {"x86_64": "x86-64", "aarch64": "generic"}
_ARENA: Final = 256 << 20
_STACK: Final = 256 << 10
_TICKS_HZ: Final = 10_000_000


def host_board() -> Board:
    """This machine: one core, an arena of 256 MiB, and a monotonic clock for a timer.

    It has no flash, UART or clock rate that would say anything of a board.
    """
    machine = platform.machine()
    return Board(
        name=HOST,
        description=f"this machine ({machine}), in the process of pytest",
        architecture=f"{machine}-unknown-linux-gnu",
        support=HOST,
        stack=_STACK,
        cores=(Core(_CPUS.get(machine, machine), fpu=True, clock_hz=0),),
        memory={"flash": Region(0, 1 << 32), "ram": Region(0, _ARENA)},
        uart=Uart("memory", 0, 0),
        timer=Timer("monotonic", 0, _TICKS_HZ),
        vectors=0,
    )
