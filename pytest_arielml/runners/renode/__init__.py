"""Renode as a runner: one process serves a session, a machine in it one image.

It is driven over its robot server, as Robot Framework drives it; the UART is a
socket. Virtual time is a count of instructions: the platforms in
`renode_platforms/` make each take a whole number of nanoseconds and of ticks of
the board's own timer, so that ticks count the instructions of a call.

Differences from hardware: no timing but that; the UART moves bytes at once;
flash is RAM, and can be written.
"""

from __future__ import annotations

from pytest_arielml.runners.renode.runner import RenodeRunner, available, create

__all__ = ["RenodeRunner", "available", "create"]
