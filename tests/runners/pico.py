"""Helpers: an RP2040 with a program of the test's own."""

from __future__ import annotations

import struct

from thumb import Thumb

from pytest_arielml.boards import load_board
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import Program, Symbol

BOARD = load_board("rp2040")
ORIGIN = 0x1000_0400
RAM = 0x2000_0000
STACK = (RAM, RAM + 0x1000)

CLOCKS = 0x4000_8000
RESETS = 0x4000_C000
PSM = 0x4001_0000
XOSC = 0x4002_4000
PLL = 0x4002_8000
UART = 0x4003_4000
TIMER = 0x4005_4000
WATCHDOG = 0x4005_8000
SCS = 0xE000_E000

# Bits of RESETS; all 25 are set after reset.
ALL = (1 << 25) - 1
PLL_SYS = 1 << 12
TIMER_RESET = 1 << 21
UART0 = 1 << 22


def program(code: Thumb, *, watch: tuple[str, ...] = ()) -> Program:
    """`code` behind a vector table; its labels are functions."""
    vectors = struct.pack("<II", STACK[1], code.origin | 1)
    labels = sorted((address, name) for name, address in code.labels.items())
    functions = tuple(Symbol(name, address, 0) for address, name in labels)
    watched = tuple(symbol for symbol in functions if symbol.name in watch)
    segments = ((BOARD.vectors, vectors), (code.origin, code.finish()))
    return Program(segments, functions, watched, stack=STACK)


def thumb() -> Thumb:
    """An empty program for Armv6-M."""
    return Thumb(ORIGIN, baseline=True)


def boot(code: Thumb, *, watch: tuple[str, ...] = ()) -> EmuMachine:
    """A machine about to run `code`."""
    return EmuMachine(program(code, watch=watch), BOARD)


def start_crystal(code: Thumb) -> None:
    code.store(XOSC, 0x00FA_BAA0)
    code.store(CLOCKS + 0x30, 2)


def start_uart(code: Thumb) -> None:
    """PL011: out of reset, 1 Mbaud, 8N1 with FIFOs, both receive interrupts; masked."""
    code.cpsid()
    code.store(RESETS, ALL & ~UART0)
    code.store(UART + 0x24, 7)
    code.store(UART + 0x28, 52)
    code.store(UART + 0x2C, 0x70)
    code.store(UART + 0x34, 0)
    code.store(UART + 0x38, 1 << 4 | 1 << 6)
    code.store(UART + 0x30, 0x301)
    code.store(SCS + 0x100, 1 << 20)


def echo(code: Thumb) -> None:
    """Sends each byte back; sleeps in between."""
    start_uart(code)
    code.load(4, UART)
    code.movs(5, 1 << 4)
    code.label("wait")
    code.ldr(2, 4, 0x18)
    code.half(0x422A)  # tst r2, r5
    code.b("got", "eq")
    code.wfi()
    code.store(SCS + 0x280, 1 << 20)
    code.b("wait")
    code.label("got")
    code.ldr(3, 4)
    code.str_(3, 4)
    code.b("wait")
