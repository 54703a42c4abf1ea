"""The default runner: a model of the board around Unicorn, in this process.

Counted is every instruction issued, one whose condition did not hold
included: it takes its slot, as in QEMU's `-icount`. One that faulted is not
counted. Sleep counts nothing, so a count does not depend on when the host
sends its bytes.

Cycles are estimated: the least that the core's manual gives for each
instruction, with memory that has no wait states. They are a floor. Cores
whose maker publishes no table get one cycle an instruction. The board's
timers run on these cycles. With the bus model (`RunnerOptions.bus_model`) cores
wait for memories too, by the board's figures; see docs/timing.md.

Several cores run in turns of about a hundred instructions, always the one
whose time, cycles by clock, is least; so a slow core does less. They share
memories and peripherals. What each does in turn is the same each time, and
another with another seed (`Interleaving`). The time of a core that sleeps
goes on with that of the others.

Differences from hardware: interrupts wake the core, but no handler is ever
entered (a board that would enter one faults); a fault ends the run instead of
entering its handler; the UART moves bytes at once; RAM can be executed only
if the image has a segment of code there.
"""

from __future__ import annotations

from pytest_arielml.runners.emu.engine import Interleaving
from pytest_arielml.runners.emu.machine import EmuMachine
from pytest_arielml.runners.emu.runner import EmuRunner, available, create

__all__ = ["EmuMachine", "EmuRunner", "Interleaving", "available", "create"]
