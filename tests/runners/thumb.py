"""A small Thumb assembler: programs for tests, readable and without tools.

Encodings: Armv7-M Architecture Reference Manual (DDI 0403), A7.7. Methods that
say so make what Armv6-M has not.
"""

from __future__ import annotations

import struct

SP, LR, PC = 13, 14, 15
_CONDITIONS = ("eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")


class Thumb:
    """Code from `origin` on; labels may be used before they are set.

    `baseline` code is for Armv6-M: addresses are put together from bytes.
    """

    def __init__(self, origin: int, *, baseline: bool = False) -> None:
        self.origin = origin
        self.baseline = baseline
        self.code = bytearray()
        self.labels: dict[str, int] = {}
        self._fixups: list[tuple[int, str, str]] = []

    @property
    def here(self) -> int:
        return self.origin + len(self.code)

    def label(self, name: str) -> None:
        assert name not in self.labels
        self.labels[name] = self.here

    def half(self, *values: int) -> None:
        for value in values:
            self.code += struct.pack("<H", value)

    # Data processing
    def movs(self, rd: int, imm8: int) -> None:
        self.half(0x2000 | rd << 8 | imm8)

    def mov(self, rd: int, rm: int) -> None:
        self.half(0x4600 | (rd & 8) << 4 | rm << 3 | rd & 7)

    def adds(self, rd: int, imm8: int) -> None:
        self.half(0x3000 | rd << 8 | imm8)

    def subs(self, rd: int, imm8: int) -> None:
        self.half(0x3800 | rd << 8 | imm8)

    def adds_r(self, rd: int, rn: int, rm: int) -> None:
        self.half(0x1800 | rm << 6 | rn << 3 | rd)

    def eors(self, rd: int, rm: int) -> None:
        self.half(0x4040 | rm << 3 | rd)

    def lsls(self, rd: int, rm: int, imm5: int) -> None:
        self.half(imm5 << 6 | rm << 3 | rd)

    def lsrs(self, rd: int, rm: int, imm5: int) -> None:
        self.half(0x0800 | imm5 << 6 | rm << 3 | rd)

    def muls(self, rd: int, rm: int) -> None:
        self.half(0x4340 | rm << 3 | rd)

    def cmp(self, rn: int, imm8: int) -> None:
        self.half(0x2800 | rn << 8 | imm8)

    def cmp_r(self, rn: int, rm: int) -> None:
        self.half(0x4280 | rm << 3 | rn)

    def mla(self, rd: int, rn: int, rm: int, ra: int) -> None:
        self.half(0xFB00 | rn, ra << 12 | rd << 8 | rm)

    def udiv(self, rd: int, rn: int, rm: int) -> None:
        self.half(0xFBB0 | rn, 0xF0F0 | rd << 8 | rm)

    def add_w(self, rd: int, rn: int, rm: int) -> None:
        self.half(0xEB00 | rn, rd << 8 | rm)

    def movw(self, rd: int, imm16: int, top: bool = False) -> None:
        first = (0xF2C0 if top else 0xF240) | imm16 >> 12 | (imm16 >> 11 & 1) << 10
        self.half(first, (imm16 >> 8 & 7) << 12 | rd << 8 | imm16 & 0xFF)

    def load(self, rd: int, value: int | str) -> None:
        """A 32-bit value, or a label's address: two instructions, on Armv6-M seven."""
        if isinstance(value, str):
            self._fixups.append((len(self.code), "load", value))
            value = 0
        if self.baseline:
            self.movs(rd, value >> 24)
            for shift in (16, 8, 0):
                self.lsls(rd, rd, 8)
                self.adds(rd, value >> shift & 0xFF)
            return
        self.movw(rd, value & 0xFFFF)
        self.movw(rd, value >> 16 & 0xFFFF, top=True)

    def it(self, condition: str, mask: int) -> None:
        self.half(0xBF00 | _CONDITIONS.index(condition) << 4 | mask)

    # Memory
    def ldr(self, rt: int, rn: int, offset: int = 0) -> None:
        self.half(0x6800 | offset // 4 << 6 | rn << 3 | rt)

    def str_(self, rt: int, rn: int, offset: int = 0) -> None:
        self.half(0x6000 | offset // 4 << 6 | rn << 3 | rt)

    def ldrb(self, rt: int, rn: int, offset: int = 0) -> None:
        self.half(0x7800 | offset << 6 | rn << 3 | rt)

    def str_w(self, rt: int, rn: int, offset: int) -> None:
        self.half(0xF8C0 | rn, rt << 12 | offset)

    def ldr_w(self, rt: int, rn: int, offset: int) -> None:
        self.half(0xF8D0 | rn, rt << 12 | offset)

    def ldrex(self, rt: int, rn: int) -> None:
        self.half(0xE850 | rn, rt << 12 | 0xF00)

    def strex(self, rd: int, rt: int, rn: int) -> None:
        self.half(0xE840 | rn, rt << 12 | rd << 8)

    def push(self, *registers: int) -> None:
        bits = sum(1 << (8 if register == LR else register) for register in registers)
        self.half(0xB400 | bits)

    def pop(self, *registers: int) -> None:
        bits = sum(1 << (8 if register == PC else register) for register in registers)
        self.half(0xBC00 | bits)

    # Control
    def b(self, target: str, condition: str | None = None) -> None:
        self._fixups.append((len(self.code), "b" if condition is None else "bcond", target))
        self.half(0xE000 if condition is None else 0xD000 | _CONDITIONS.index(condition) << 8)

    def cbz(self, rn: int, target: str) -> None:
        self._fixups.append((len(self.code), "cbz", target))
        self.half(0xB100 | rn)

    def bl(self, target: str) -> None:
        self._fixups.append((len(self.code), "bl", target))
        self.half(0xF000, 0xD000)

    def bx(self, rm: int) -> None:
        self.half(0x4700 | rm << 3)

    def blx(self, rm: int) -> None:
        self.half(0x4780 | rm << 3)

    def nop(self) -> None:
        self.half(0xBF00)

    def wfi(self) -> None:
        self.half(0xBF30)

    def wfe(self) -> None:
        self.half(0xBF20)

    def sev(self) -> None:
        self.half(0xBF40)

    def cpsid(self) -> None:
        self.half(0xB672)

    def store(self, address: int, value: int | str) -> None:
        """Writes a word to a register or to RAM; r0 and r1 are lost."""
        self.load(0, address)
        self.load(1, value)
        self.str_(1, 0)

    def finish(self) -> bytes:
        """The code, with every label resolved."""
        for offset, kind, name in self._fixups:
            target = self.labels[name]
            distance = target - (self.origin + offset + 4)
            word = self.code[offset : offset + 2]
            half = int.from_bytes(word, "little")
            match kind:
                case "b":
                    assert -2048 <= distance < 2048
                    half |= distance >> 1 & 0x7FF
                case "bcond":
                    assert -256 <= distance < 256
                    half |= distance >> 1 & 0xFF
                case "cbz":
                    assert 0 <= distance < 128
                    half |= (distance >> 6 & 1) << 9 | (distance >> 1 & 0x1F) << 3
                case "bl":
                    sign = 1 if distance < 0 else 0
                    j1 = 1 ^ sign ^ (distance >> 23 & 1)
                    j2 = 1 ^ sign ^ (distance >> 22 & 1)
                    half |= sign << 10 | distance >> 12 & 0x3FF
                    second = 0xD000 | j1 << 13 | j2 << 11 | distance >> 1 & 0x7FF
                    self.code[offset + 2 : offset + 4] = struct.pack("<H", second)
                case "load":
                    patch = Thumb(0, baseline=self.baseline)
                    # MOVS names its register in its second byte, MOVW in its fourth.
                    register = self.code[offset + (1 if self.baseline else 3)] & 15
                    patch.load(register, target)
                    self.code[offset : offset + len(patch.code)] = patch.code
                    continue
            self.code[offset : offset + 2] = struct.pack("<H", half)
        return bytes(self.code)
