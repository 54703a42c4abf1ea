"""Helpers: an RP2040 with both cores, and programs for them."""

from __future__ import annotations

from dataclasses import replace

import pico
from pico import RAM, SCS, STACK, UART
from thumb import Thumb

from pytest_arielml.boards import Board, Core
from pytest_arielml.runners.emu import EmuMachine, Interleaving

SIO = 0xD000_0000
CPUID, FIFO_ST, FIFO_WR, FIFO_RD = 0x00, 0x50, 0x54, 0x58
SPINLOCK = SIO + 0x100
DATA = RAM + 0x4000
STACK_1 = RAM + 0x2000
CLOCK = 125_000_000


def board(cpu: str = "cortex-m0plus", *, second_hz: int = CLOCK) -> Board:
    """The RP2040 with two cores, perhaps others than it has."""
    return replace(pico.BOARD, cores=(Core(cpu, False, CLOCK), Core(cpu, False, second_hz)))


def boot(
    code: Thumb, on: Board | None = None, *, seed: int = 0, watch: tuple[str, ...] = ()
) -> EmuMachine:
    """A machine about to run `code`."""
    return EmuMachine(pico.program(code, watch=watch), on or board(), Interleaving(seed))


def run(
    code: Thumb, on: Board | None = None, *, seed: int = 0, watch: tuple[str, ...] = ()
) -> EmuMachine:
    """The machine when all of it sleeps."""
    machine = boot(code, on, seed=seed, watch=watch)
    while machine.advance(seconds=10.0):
        pass
    return machine


def words(machine: EmuMachine) -> list[int]:
    """What `emit` sent."""
    data = machine.stream.read(0.0)
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def emit(code: Thumb, register: int) -> None:
    """Sends a register over the UART, which is set up; r0 and the register are lost."""
    code.load(0, UART)
    for _ in range(4):
        code.str_(register, 0)
        code.lsrs(register, register, 8)


def receive(code: Thumb, register: int, name: str) -> None:
    """Waits for a word of the other core; r0 is lost."""
    code.load(0, SIO)
    code.label(name)
    code.ldr(register, 0, FIFO_ST)
    code.lsrs(register, register, 1)
    code.b(f"{name}-there", "cs")
    code.wfe()
    code.b(name)
    code.label(f"{name}-there")
    code.ldr(register, 0, FIFO_RD)


def send(code: Thumb, register: int) -> None:
    """Gives a word to the other core and wakes it; r0 is lost."""
    code.load(0, SIO)
    code.str_(register, 0, FIFO_WR)
    code.sev()


def launch(code: Thumb, entry: str, *, name: str = "launch", stack: int = STACK_1) -> None:
    """Core 0 starts core 1 at `entry`, as the datasheet says; r0 to r3 are lost."""
    code.label(name)
    sequence: tuple[int | str, ...] = (0, 0, 1, pico.BOARD.vectors, stack, entry)
    for index, word in enumerate(sequence):
        step = f"{name}-{index}"
        if word == 0:
            code.load(0, SIO)
            code.label(f"{step}-drain")
            code.ldr(2, 0, FIFO_ST)
            code.lsrs(2, 2, 1)
            code.b(f"{step}-empty", "cc")
            code.ldr(2, 0, FIFO_RD)
            code.b(f"{step}-drain")
            code.label(f"{step}-empty")
            code.sev()
        code.load(3, word)
        if word == entry:
            code.adds(3, 1)
        send(code, 3)
        receive(code, 2, step)
        code.cmp_r(2, 3)
        code.b(f"{step}-right", "eq")
        code.b(name)
        code.label(f"{step}-right")


def spin(code: Thumb, turns: int, name: str) -> None:
    """`turns` of two instructions, three cycles on a Cortex-M0+; r7 is lost."""
    code.load(7, turns)
    code.label(name)
    code.subs(7, 1)
    code.b(name, "ne")


def sleep(code: Thumb, name: str = "asleep") -> None:
    """Never to wake: WFI with nothing enabled."""
    code.label(name)
    code.wfi()
    code.b(name)


def start_uart(code: Thumb) -> None:
    """So that `emit` works; interrupts are masked, and none is enabled."""
    pico.start_uart(code)
    code.store(SCS + 0x180, 0xFFFF_FFFF)


__all__ = [
    "CLOCK", "CPUID", "DATA", "FIFO_RD", "FIFO_ST", "FIFO_WR", "RAM", "SCS", "SIO", "SPINLOCK",
    "STACK", "STACK_1", "board", "boot", "emit", "launch", "receive", "run", "send", "sleep",
    "spin", "start_uart", "words",
]  # fmt: skip
