"""A small assembler for RV32IMFC, and helpers: a riscv-virt with a program of the test's own."""

from __future__ import annotations

import struct
from dataclasses import replace

from pytest_arielml.boards import load_board
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import Program, Symbol

BOARD = load_board("riscv-virt")
ORIGIN = BOARD.flash.origin + 0x400
RAM = BOARD.ram.origin
STACK = (RAM, RAM + 0x1000)

TEST = 0x0010_0000
CLINT = 0x0200_0000
PLIC = 0x0C00_0000
UART = 0x1000_0000

ZERO, RA, SP, T0, T1, T2, S0, S1, A0, A1 = 0, 1, 2, 5, 6, 7, 8, 9, 10, 11
MSTATUS, MIE = 0x300, 0x304
PMPCFG0, PMPADDR0, PMPADDR1 = 0x3A0, 0x3B0, 0x3B1

_CONDITIONS = {"eq": 0, "ne": 1, "lt": 4, "ge": 5, "ltu": 6, "geu": 7}


class Riscv:
    """Code that grows; branches go to labels, also ones that come later."""

    def __init__(self, origin: int = ORIGIN) -> None:
        self.origin = origin
        self.labels: dict[str, int] = {}
        self._code = bytearray()
        self._fixups: list[tuple[int, str, int | None]] = []

    @property
    def here(self) -> int:
        return self.origin + len(self._code)

    def label(self, name: str) -> None:
        self.labels[name] = self.here

    def half(self, value: int) -> None:
        self._code += struct.pack("<H", value)

    def word(self, value: int) -> None:
        self._code += struct.pack("<I", value & 0xFFFF_FFFF)

    def finish(self) -> bytes:
        for offset, name, condition in self._fixups:
            distance = self.labels[name] - (self.origin + offset)
            (word,) = struct.unpack_from("<I", self._code, offset)
            bits = _jump(distance) if condition is None else _branch(distance)
            struct.pack_into("<I", self._code, offset, word | bits)
        self._fixups.clear()
        return bytes(self._code)

    # Of the base set.

    def lui(self, rd: int, upper: int) -> None:
        self.word(upper << 12 | rd << 7 | 0x37)

    def addi(self, rd: int, rs: int, value: int) -> None:
        self.word((value & 0xFFF) << 20 | rs << 15 | rd << 7 | 0x13)

    def li(self, rd: int, value: int) -> None:
        """Always two instructions."""
        low = (value & 0xFFF) - ((value & 0x800) << 1)
        self.lui(rd, (value - low) >> 12 & 0xFFFFF)
        self.addi(rd, rd, low)

    def add(self, rd: int, left: int, right: int) -> None:
        self.word(right << 20 | left << 15 | rd << 7 | 0x33)

    def xor(self, rd: int, left: int, right: int) -> None:
        self.word(right << 20 | left << 15 | 4 << 12 | rd << 7 | 0x33)

    def mul(self, rd: int, left: int, right: int) -> None:
        self.word(1 << 25 | right << 20 | left << 15 | rd << 7 | 0x33)

    def div(self, rd: int, left: int, right: int) -> None:
        self.word(1 << 25 | right << 20 | left << 15 | 4 << 12 | rd << 7 | 0x33)

    def load(self, rd: int, base: int, offset: int = 0, *, width: int = 4) -> None:
        kind = {1: 4, 2: 5, 4: 2}[width]
        self.word((offset & 0xFFF) << 20 | base << 15 | kind << 12 | rd << 7 | 0x03)

    def store(self, rs: int, base: int, offset: int = 0, *, width: int = 4) -> None:
        kind = {1: 0, 2: 1, 4: 2}[width]
        high, low = offset >> 5 & 0x7F, offset & 31
        self.word(high << 25 | rs << 20 | base << 15 | kind << 12 | low << 7 | 0x23)

    def put(self, address: int, value: int, *, width: int = 4) -> None:
        """Stores a value by t0 and t1."""
        self.li(T0, address)
        self.li(T1, value)
        self.store(T1, T0, width=width)

    def b(self, condition: str, left: int, right: int, label: str) -> None:
        self._fixups.append((len(self._code), label, 0))
        self.word(right << 20 | left << 15 | _CONDITIONS[condition] << 12 | 0x63)

    def jal(self, label: str, rd: int = RA) -> None:
        self._fixups.append((len(self._code), label, None))
        self.word(rd << 7 | 0x6F)

    def j(self, label: str) -> None:
        self.jal(label, ZERO)

    def jr(self, rs: int) -> None:
        self.word(rs << 15 | 0x67)

    def ret(self) -> None:
        self.half(0x8082)

    def csrw(self, csr: int, rs: int) -> None:
        self.word(csr << 20 | rs << 15 | 1 << 12 | 0x73)

    def csrs(self, csr: int, rs: int) -> None:
        self.word(csr << 20 | rs << 15 | 2 << 12 | 0x73)

    def set_csr(self, csr: int, value: int) -> None:
        self.li(T0, value)
        self.csrs(csr, T0)

    def wfi(self) -> None:
        self.word(0x1050_0073)

    def ebreak(self) -> None:
        self.half(0x9002)

    # Of the compressed set.

    def c_addi(self, rd: int, value: int) -> None:
        self.half((value >> 5 & 1) << 12 | rd << 7 | (value & 31) << 2 | 1)

    def c_li(self, rd: int, value: int) -> None:
        self.half(0x4001 | (value >> 5 & 1) << 12 | rd << 7 | (value & 31) << 2)

    def c_mv(self, rd: int, rs: int) -> None:
        self.half(0x8002 | rd << 7 | rs << 2)

    # Of the float set.

    def fmv_w_x(self, fd: int, rs: int) -> None:
        self.word(0x78 << 25 | rs << 15 | fd << 7 | 0x53)

    def fmv_x_w(self, rd: int, fs: int) -> None:
        self.word(0x70 << 25 | fs << 15 | rd << 7 | 0x53)

    def fadd(self, fd: int, left: int, right: int) -> None:
        self.word(right << 20 | left << 15 | fd << 7 | 0x53)


def _branch(distance: int) -> int:
    return (
        (distance >> 12 & 1) << 31
        | (distance >> 5 & 63) << 25
        | (distance >> 1 & 15) << 8
        | (distance >> 11 & 1) << 7
    )


def _jump(distance: int) -> int:
    return (
        (distance >> 20 & 1) << 31
        | (distance >> 1 & 1023) << 21
        | (distance >> 11 & 1) << 20
        | (distance >> 12 & 255) << 12
    )


def program(code: Riscv, *, watch: tuple[str, ...] = ()) -> Program:
    """`code` with its labels as functions."""
    labels = sorted((address, name) for name, address in code.labels.items())
    functions = tuple(Symbol(name, address, 0) for address, name in labels)
    watched = tuple(symbol for symbol in functions if symbol.name in watch)
    segments = ((code.origin, code.finish()),)
    return Program(segments, functions, watched, stack=STACK, entry=code.origin)


def boot(code: Riscv, *, watch: tuple[str, ...] = (), fpu: bool = True) -> EmuMachine:
    """A machine about to run `code`."""
    cores = (replace(BOARD.cores[0], fpu=fpu),)
    return EmuMachine(program(code, watch=watch), replace(BOARD, cores=cores))


def start_uart(code: Riscv) -> None:
    """16550A: 8N1, FIFOs, the interrupt of a received byte."""
    code.put(UART + 3, 0x83, width=1)
    code.put(UART + 0, 1, width=1)
    code.put(UART + 1, 0, width=1)
    code.put(UART + 3, 3, width=1)
    code.put(UART + 2, 7, width=1)
    code.put(UART + 1, 1, width=1)


def enable_interrupt(code: Riscv) -> None:
    """Source 10 of the PLIC, and interrupts from outside in `mie`; masked in `mstatus`."""
    code.put(PLIC + 4 * 10, 1)
    code.put(PLIC + 0x2000, 1 << 10)
    code.put(PLIC + 0x20_0000, 0)
    code.set_csr(MIE, 1 << 11)


def echo(code: Riscv) -> None:
    """Sends each byte back; sleeps in between."""
    start_uart(code)
    enable_interrupt(code)
    code.li(S0, UART)
    code.li(S1, PLIC + 0x20_0004)
    code.label("wait")
    code.load(A0, S0, 5, width=1)
    code.word(1 << 20 | A0 << 15 | 7 << 12 | A0 << 7 | 0x13)  # andi a0, a0, 1
    code.b("ne", A0, ZERO, "got")
    code.wfi()
    code.load(A0, S1)
    code.store(A0, S1)
    code.j("wait")
    code.label("got")
    code.load(A0, S0, width=1)
    code.store(A0, S0, width=1)
    code.j("wait")
