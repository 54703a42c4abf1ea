"""Cores that can be emulated, and Unicorn's names for what they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from unicorn import arm_const, riscv_const, unicorn_const

from pytest_arielml.errors import UsageError

THUMB: Final = 0
RISCV: Final = 1


@dataclass(frozen=True)
class CoreModel:
    """How Unicorn is opened for a core, and its registers by name.

    Attributes:
        isa: `THUMB` or `RISCV`, as the native library has it.
        architecture, mode, model: of Unicorn; `model` None is its default.
        registers: name to Unicorn's id, in the order of reports.
        pc, sp, lr: names in `registers`.
        mask, status: Unicorn's ids of PRIMASK and xPSR, or of mie and mstatus; mask is 0
            where there is no mie.
        extensions: what `misa` says, where Unicorn's core has more.
        all_start: every core runs from reset on, not the first alone.
        entry_from_elf: it starts at the program's entry, not by a vector table.
        peripherals: model and base address of what is part of the core.
    """

    isa: int
    architecture: int
    mode: int
    model: int | None
    registers: dict[str, int]
    pc: str
    sp: str
    lr: str
    mask: int
    status: int
    all_start: bool
    entry_from_elf: bool
    peripherals: tuple[tuple[str, int], ...]
    extensions: int | None = None


# `UC_MODE_MCLASS` must not be used: it forces a Cortex-M33 whatever the model.
_CORTEX_M: Final = {
    "cortex-m0": arm_const.UC_CPU_ARM_CORTEX_M0,
    "cortex-m0plus": arm_const.UC_CPU_ARM_CORTEX_M0,
    "cortex-m3": arm_const.UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": arm_const.UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": arm_const.UC_CPU_ARM_CORTEX_M7,
    "cortex-m33": arm_const.UC_CPU_ARM_CORTEX_M33,
}
# Armv6-M has less of the System Control Space, and no cycle counter.
_BASELINE: Final = ("cortex-m0", "cortex-m0plus")
_BASELINE_PERIPHERALS: Final = (("cortex-m-baseline-scs", 0xE000_E000),)
_PERIPHERALS: Final = (("cortex-m-scs", 0xE000_E000), ("cortex-m-dwt", 0xE000_1000))


# What `misa` says: 32 bits, then a bit for each letter, user mode (U) among them.
def _misa(letters: str) -> int:
    return 1 << 30 | sum(1 << ord(letter) - ord("a") for letter in letters)


_RISCV: Final = {"generic-rv32": None, "rv32imc": _misa("imcu"), "rv32imac": _misa("imacu")}
# The ESP32-C3's: the interrupt controller alone masks.
_WITHOUT_MIE: Final = ("rv32imc",)

_ARM_REGISTERS: Final = {
    **{f"r{n}": getattr(arm_const, f"UC_ARM_REG_R{n}") for n in range(13)},
    "sp": arm_const.UC_ARM_REG_SP,
    "lr": arm_const.UC_ARM_REG_LR,
    "pc": arm_const.UC_ARM_REG_PC,
    "xpsr": arm_const.UC_ARM_REG_XPSR,
}
# Registers x1 to x31 by the names of the calling convention.
_RISCV_ABI: Final = (
    *("ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"),
    *(f"a{n}" for n in range(8)),
    *(f"s{n}" for n in range(2, 12)),
    *(f"t{n}" for n in range(3, 7)),
)
_RISCV_REGISTERS: Final = {
    **{name: getattr(riscv_const, f"UC_RISCV_REG_X{n}") for n, name in enumerate(_RISCV_ABI, 1)},
    "pc": riscv_const.UC_RISCV_REG_PC,
}


def core_model(cpu: str) -> CoreModel:
    """How to emulate `cpu`. Raises: UsageError when it cannot be."""
    if cpu in _CORTEX_M:
        return CoreModel(
            isa=THUMB,
            architecture=unicorn_const.UC_ARCH_ARM,
            mode=unicorn_const.UC_MODE_THUMB,
            model=_CORTEX_M[cpu],
            registers=_ARM_REGISTERS,
            pc="pc",
            sp="sp",
            lr="lr",
            mask=arm_const.UC_ARM_REG_PRIMASK,
            status=arm_const.UC_ARM_REG_XPSR,
            all_start=False,
            entry_from_elf=False,
            peripherals=_BASELINE_PERIPHERALS if cpu in _BASELINE else _PERIPHERALS,
        )
    if cpu in _RISCV:
        return CoreModel(
            isa=RISCV,
            architecture=unicorn_const.UC_ARCH_RISCV,
            mode=unicorn_const.UC_MODE_RISCV32,
            model=None,
            registers=_RISCV_REGISTERS,
            pc="pc",
            sp="sp",
            lr="ra",
            mask=0 if cpu in _WITHOUT_MIE else riscv_const.UC_RISCV_REG_MIE,
            status=riscv_const.UC_RISCV_REG_MSTATUS,
            all_start=True,
            entry_from_elf=True,
            peripherals=(),
            extensions=_RISCV[cpu],
        )
    raise UsageError(
        f"the emu runner cannot emulate the core {cpu!r}",
        expected="one of: " + ", ".join((*_CORTEX_M, *_RISCV)),
        advice="run this board on another runner",
    )
