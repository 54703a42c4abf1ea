"""QEMU as a runner: one process a board, its UART a socket without a name.

Virtual time is a count of instructions (`-icount`): each takes 2**shift ns, so
that the board's own timer counts the instructions of a call, to one tick.
While the core sleeps, time goes by the host's clock.

Differences from hardware: no timing but that; the UART moves bytes at once;
flash is RAM, and can be written.
"""

from __future__ import annotations

from pytest_arielml.runners.qemu.machine import QemuMachine
from pytest_arielml.runners.qemu.runner import QemuRunner, available, create

__all__ = ["QemuMachine", "QemuRunner", "available", "create"]
