"""Helpers: an nRF52840 with a program of the test's own."""

from __future__ import annotations

import struct
from dataclasses import replace

from thumb import Thumb

from pytest_arielml.boards import Board, Core, load_board
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import Program, Symbol

ORIGIN = 0x400
RAM = 0x2000_0000
STACK = (RAM, RAM + 0x1000)
UART = 0x4000_2000
TIMER = 0x4000_8000
SCS = 0xE000_E000


def board(cpu: str = "cortex-m4", *, fpu: bool = False) -> Board:
    """The nRF52840, perhaps with another core."""
    return replace(load_board("nrf52840"), cores=(Core(cpu, fpu, 64_000_000),))


def program(code: Thumb, *, watch: tuple[str, ...] = ()) -> Program:
    """`code` behind a vector table; its labels are functions."""
    vectors = struct.pack("<II", STACK[1], code.origin | 1)
    labels = sorted((address, name) for name, address in code.labels.items())
    functions = tuple(Symbol(name, address, 0) for address, name in labels)
    watched = tuple(symbol for symbol in functions if symbol.name in watch)
    segments = ((0, vectors), (code.origin, code.finish()))
    return Program(segments, functions, watched, stack=STACK)


def boot(code: Thumb, on: Board | None = None, *, watch: tuple[str, ...] = ()) -> EmuMachine:
    """A machine about to run `code`."""
    return EmuMachine(program(code, watch=watch), on or board())


def start_uart(code: Thumb) -> None:
    """Start-up as firmware does it: pins, enable, ENDRX interrupt; masked."""
    code.cpsid()
    code.store(UART + 0x50C, 6)
    code.store(UART + 0x514, 8)
    code.store(UART + 0x500, 8)
    code.store(UART + 0x304, 1 << 4)
    code.store(SCS + 0x100, 1 << 2)


def echo(code: Thumb, *, add: int = 0) -> None:
    """Sends each byte back, `add` higher; sleeps in between."""
    start_uart(code)
    code.store(UART + 0x534, RAM + 0x2000)
    code.store(UART + 0x538, 1)
    code.store(UART + 0x544, RAM + 0x2000)
    code.store(UART + 0x548, 1)
    code.label("next")
    code.store(UART + 0x110, 0)
    code.store(SCS + 0x280, 1 << 2)
    code.store(UART, 1)
    code.label("wait")
    code.load(2, UART + 0x110)
    code.ldr(3, 2)
    code.cmp(3, 0)
    code.b("got", "ne")
    code.wfi()
    code.b("wait")
    code.label("got")
    code.load(2, RAM + 0x2000)
    code.ldr(3, 2)
    code.adds(3, add)
    code.str_(3, 2)
    code.store(UART + 0x008, 1)
    code.b("next")
