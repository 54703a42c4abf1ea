"""Counts instructions the slow way: Unicorn alone, one instruction at a time."""

from __future__ import annotations

from typing import Final

from unicorn import Uc, UcError, arm_const, unicorn_const

from pytest_arielml.runners.emu.program import Program

_WFI = b"\x30\xbf"


_M4: Final = arm_const.UC_CPU_ARM_CORTEX_M4


def count(
    program: Program,
    start: int,
    stack: int,
    *,
    model: int = _M4,
    flash: int = 0,
    limit: int = 1_000_000,
) -> tuple[int, int]:
    """Instructions completed until WFI or a fault, and the PC there.

    `model` is Unicorn's of the core, `flash` the address of a mebibyte of it.
    An IT block is one step to Unicorn: all of it is counted, as issued.
    Peripherals are plain memory.
    """
    uc = Uc(unicorn_const.UC_ARCH_ARM, unicorn_const.UC_MODE_THUMB)
    uc.ctl_set_cpu_model(model)
    uc.mem_map(flash, 1 << 20, unicorn_const.UC_PROT_READ | unicorn_const.UC_PROT_EXEC)
    uc.mem_map(0x2000_0000, 1 << 18)
    uc.mem_map(0x4000_0000, 1 << 16)
    for address, data in program.segments:
        uc.mem_write(address, data)
    uc.reg_write(arm_const.UC_ARM_REG_SP, stack)
    pc, counted = start, 0
    while counted < limit:
        code = bytes(uc.mem_read(pc, 2))
        issued = _issued(code)
        try:
            uc.emu_start(pc | 1, 0, count=1)
        except UcError:
            return counted, uc.reg_read(arm_const.UC_ARM_REG_PC)
        counted += issued
        pc = uc.reg_read(arm_const.UC_ARM_REG_PC)
        if code == _WFI:
            return counted, pc
    raise AssertionError("the program does not end")


def _issued(code: bytes) -> int:
    """Instructions that one step issues: an IT instruction brings up to four."""
    mask = code[0] & 15
    if code[1] != 0xBF or mask == 0:
        return 1
    trailing_zeros = (mask & -mask).bit_length() - 1
    return 1 + 4 - trailing_zeros
