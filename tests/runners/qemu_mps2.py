"""Helpers: an MPS2 with a program of the test's own, in QEMU."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from elf import FUNCTION, write_elf
from thumb import Thumb

from pytest_arielml.boards.board import Qemu
from pytest_arielml.runners.qemu import QemuMachine
from pytest_arielml.runners.qemu.command import command_line
from pytest_arielml.runners.qemu.program import find_program

MPS2 = Qemu("arm", "mps2-an386", 5)
ORIGIN = 0x100
STACK = 0x2000_1000

# Arm CMSDK, DDI 0479: UART and timer.
UART = 0x4000_4000
TIMER = 0x4000_0000
SCS = 0xE000_E000
SPINS = 1_000_000


def start(code: Thumb) -> None:
    """The UART with its receive interrupt, masked, and a timer that counts down; r4: the UART."""
    code.cpsid()
    code.store(UART + 0x10, 16)
    code.store(UART + 0x08, 0b1011)
    code.store(SCS + 0x100, 1)
    code.store(TIMER + 0x08, 0xFFFF_FFFF)
    code.store(TIMER + 0x04, 0xFFFF_FFFF)
    code.store(TIMER, 1)
    code.load(4, UART)


def send(code: Thumb, register: int, name: str) -> None:
    """Sends the low byte of a register once there is room; `name` is for its label."""
    code.label(name)
    code.ldr(0, 4, 4)
    code.lsls(0, 0, 31)
    code.b(name, "ne")
    code.str_(register, 4)


def say(code: Thumb, text: str) -> None:
    """Sends `text`."""
    for index, character in enumerate(text.encode()):
        code.movs(1, character)
        send(code, 1, f"say{index}")


def receive(code: Thumb) -> None:
    """Sleeps until a byte is there: in r5."""
    code.label("receive")
    code.ldr(0, 4, 4)
    code.lsrs(1, 0, 1)
    code.lsls(1, 1, 31)
    code.b("received", "ne")
    code.wfi()
    code.store(UART + 0x0C, 2)
    code.store(SCS + 0x280, 1)
    code.b("receive")
    code.label("received")
    code.ldr(5, 4)


def timing() -> Thumb:
    """Greets with `B`; for each byte, loops `SPINS` times and sends the ticks of that."""
    code = Thumb(ORIGIN)
    start(code)
    say(code, "B")
    receive(code)
    code.load(7, TIMER + 4)
    code.ldr(6, 7)
    code.load(2, SPINS)
    code.label("spin")
    code.subs(2, 1)
    code.b("spin", "ne")
    code.ldr(3, 7)
    code.half(0x1AF3)  # subs r3, r6, r3
    for shift in (0, 8, 16, 24):
        code.lsrs(1, 3, shift) if shift else code.mov(1, 3)
        send(code, 1, f"send{shift}")
    code.b("receive")
    return code


def echoing() -> Thumb:
    """Greets with `B`, then sends each byte back."""
    code = Thumb(ORIGIN)
    start(code)
    say(code, "B")
    receive(code)
    send(code, 5, "send")
    code.b("receive")
    return code


def image(path: Path, code: Thumb) -> Any:
    """An image with `code`, as far as the runner looks at it."""
    vectors = struct.pack("<II", STACK, code.origin | 1)
    segments = [(0, 0, vectors), (code.origin, code.origin, code.finish())]
    symbols = [("start", code.origin | 1, 0, FUNCTION)]
    return SimpleNamespace(elf=write_elf(path, segments, symbols, entry=code.origin | 1))


def boot(path: Path, code: Thumb) -> QemuMachine:
    """`code` on an MPS2; raises Unavailable without QEMU."""
    elf = image(path, code).elf
    program = find_program("arm", None).path
    return QemuMachine(lambda wire: command_line(program, MPS2, elf, wire), 10**9 >> MPS2.shift)
