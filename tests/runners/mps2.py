"""Helpers: the MPS2 boards with a program of the test's own."""

from __future__ import annotations

import struct

from thumb import Thumb

from pytest_arielml.boards import Board, load_board
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import Program

NAMES = ("mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps2-an521")
SCS = 0xE000_E000
# Of the receiver of UART0.
INTERRUPTS = {
    "mps2-an385": 0,
    "mps2-an386": 0,
    "mps2-an500": 0,
    "mps2-an505": 32,
    "mps2-an521": 32,
}


def thumb(board: Board) -> Thumb:
    """An empty program for the board."""
    return Thumb(board.flash.origin + 0x400)


def boot(board: Board, code: Thumb) -> EmuMachine:
    """A machine about to run `code`."""
    stack = (board.ram.origin, board.ram.origin + 0x1000)
    vectors = struct.pack("<II", stack[1], code.origin | 1)
    segments = ((board.vectors, vectors), (code.origin, code.finish()))
    return EmuMachine(Program(segments, (), (), stack=stack), board)


def load(name: str) -> Board:
    """The board called `name`."""
    return load_board(name)


def start_uart(board: Board, code: Thumb) -> None:
    """UART0 in both directions, its receive interrupt enabled; masked."""
    number = INTERRUPTS[board.name]
    code.cpsid()
    code.store(board.uart.base + 0x10, board.cores[0].clock_hz // board.uart.baud)
    code.store(board.uart.base + 0x08, 1 | 1 << 1 | 1 << 3)
    code.store(SCS + 0x100 + number // 32 * 4, 1 << number % 32)


def echo(board: Board, code: Thumb) -> None:
    """Sends each byte back; sleeps in between."""
    number = INTERRUPTS[board.name]
    start_uart(board, code)
    code.load(4, board.uart.base)
    code.movs(5, 1 << 1)
    code.label("wait")
    code.ldr(2, 4, 0x04)
    code.half(0x422A)  # tst r2, r5
    code.b("got", "ne")
    code.wfi()
    code.str_(5, 4, 0x0C)
    code.store(SCS + 0x280 + number // 32 * 4, 1 << number % 32)
    code.b("wait")
    code.label("got")
    code.ldr(3, 4)
    code.str_(3, 4)
    code.b("wait")
