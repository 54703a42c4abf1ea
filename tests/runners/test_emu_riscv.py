"""The model of QEMU's RISC-V machine: its core, its peripherals, its faults."""

from __future__ import annotations

import random
import struct
from dataclasses import replace

import pytest
from riscv import (
    A0,
    A1,
    BOARD,
    CLINT,
    MIE,
    MSTATUS,
    ORIGIN,
    PLIC,
    PMPADDR0,
    PMPADDR1,
    PMPCFG0,
    RA,
    RAM,
    S0,
    SP,
    STACK,
    T0,
    TEST,
    UART,
    ZERO,
    Riscv,
    boot,
    echo,
    enable_interrupt,
    program,
    start_uart,
)
from unicorn import Uc, UcError, riscv_const, unicorn_const

from pytest_arielml.boards import Timer
from pytest_arielml.errors import GuestFault, UsageError
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import Program

_WFI = b"\x73\x00\x50\x10"


def run(machine: EmuMachine) -> str | None:
    """Runs until the guest sleeps or faults; where it faulted."""
    try:
        while machine.advance(instructions=10**9):
            pass
    except GuestFault as fault:
        return fault.where
    return None


def fault_of(code: Riscv, *, fpu: bool = True) -> GuestFault:
    machine = boot(code, fpu=fpu)
    with pytest.raises(GuestFault) as fault:
        machine.advance()
    machine.close()
    return fault.value


def registers_at_fault(code: Riscv) -> dict[str, int]:
    words = str(fault_of(code).found).split()
    return {name: int(value, 16) for name, value in zip(words[::2], words[1::2], strict=True)}


def single_steps(program: Program) -> tuple[int, int]:
    """Instructions completed until WFI or a fault, one at a time, and the PC there."""
    uc = Uc(unicorn_const.UC_ARCH_RISCV, unicorn_const.UC_MODE_RISCV32)
    uc.mem_map(ORIGIN & ~0xFFFFF, 1 << 20, unicorn_const.UC_PROT_READ | unicorn_const.UC_PROT_EXEC)
    uc.mem_map(RAM, 1 << 18)
    for address, data in program.segments:
        uc.mem_write(address, data)
    pc, counted = program.entry, 0
    while counted < 1_000_000:
        code = bytes(uc.mem_read(pc, 4))
        try:
            uc.emu_start(pc, 0, count=1)
        except UcError:
            # For an exception Unicorn has moved the PC on.
            return counted, pc
        counted += 1
        pc = uc.reg_read(riscv_const.UC_RISCV_REG_PC)
        if code == _WFI:
            return counted, pc
    raise AssertionError("the program does not end")


def random_program(seed: int) -> Riscv:
    """Loops, calls, branches, loads and stores of both lengths; ends in WFI or a fault."""
    chance = random.Random(seed)
    code = Riscv()
    code.li(SP, STACK[1])
    code.li(S0, RAM + 0x2000)
    code.j("main")
    for leaf in range(3):
        code.label(f"leaf{leaf}")
        code.addi(SP, SP, -16)
        code.store(RA, SP, 12)
        if leaf == 2:
            code.jal("leaf0")
        _straight(code, chance, chance.randint(0, 6))
        code.load(RA, SP, 12)
        code.addi(SP, SP, 16)
        code.ret()
    code.label("main")
    for part in range(chance.randint(3, 12)):
        code.addi(T0, ZERO, chance.randint(1, 20))
        code.label(f"loop{part}")
        _straight(code, chance, chance.randint(0, 8))
        if chance.randrange(2):
            code.jal(f"leaf{chance.randrange(3)}")
        else:
            code.b(chance.choice(["eq", "ne", "lt", "geu"]), A0, A1, f"skip{part}")
            _straight(code, chance, chance.randint(1, 5))
            code.label(f"skip{part}")
        code.c_addi(T0, -1)
        code.b("ne", T0, ZERO, f"loop{part}")
    match chance.randrange(4):
        case 0:
            code.wfi()
        case 1:
            code.ebreak()
        case 2:
            code.half(0)
        case 3:
            code.li(A0, 0x4000_0000)
            _straight(code, chance, 2, spare=A0)
            code.store(A1, A0)
            code.c_addi(A1, 1)
    return code


def _straight(code: Riscv, chance: random.Random, length: int, *, spare: int = -1) -> None:
    for _ in range(length):
        rd, rs = chance.choice([r for r in range(A0, 16) if r != spare]), chance.randrange(A0, 16)
        match chance.randrange(9):
            case 0:
                code.addi(rd, rs, chance.randrange(-2048, 2048))
            case 1:
                code.add(rd, rs, rd)
            case 2:
                code.xor(rd, rd, rs)
            case 3:
                code.mul(rd, rs, rs)
            case 4:
                code.div(rd, rs, rd)
            case 5:
                code.load(rd, S0, 4 * chance.randrange(64))
            case 6:
                code.store(rd, S0, 4 * chance.randrange(64))
            case 7:
                code.c_addi(rd, chance.choice([-32, -1, 1, 31]))
            case 8:
                code.c_mv(rd, rs)


@pytest.mark.parametrize("seed", range(40))
def test_counts_are_those_of_single_steps(seed: int) -> None:
    code = random_program(seed)
    expected, pc = single_steps(program(code))
    machine = boot(code)
    where = run(machine)
    counters = machine.counters()
    assert counters.instructions == counters.cycles == expected
    assert where is None or f"pc {pc:#010x}" in where
    assert "no table is published" in counters.cycles_from
    machine.close()


def test_a_sleeping_core_wakes_for_each_byte() -> None:
    code = Riscv()
    echo(code)
    machine = boot(code)
    assert run(machine) is None
    before = machine.counters().instructions
    for data in (b"a", b"bc", bytes(range(40))):
        machine.write(data)
        assert run(machine) is None
        assert machine.read(0.01) == data
    # It slept: a byte takes a few instructions, whenever it comes.
    assert machine.counters().instructions - before < 43 * 12
    machine.close()


@pytest.mark.parametrize("missing", ["mie", "plic", "uart"])
def test_without_an_interrupt_it_sleeps_on(missing: str) -> None:
    code = Riscv()
    start_uart(code)
    enable_interrupt(code)
    match missing:
        case "mie":
            code.csrw(MIE, ZERO)
        case "plic":
            code.put(PLIC + 0x2000, 0)
        case "uart":
            code.put(UART + 1, 0, width=1)
    code.wfi()
    code.ebreak()
    machine = boot(code)
    assert run(machine) is None
    machine.write(b"x")
    assert run(machine) is None
    machine.close()


def test_an_interrupt_that_would_be_taken_is_a_fault() -> None:
    code = Riscv()
    start_uart(code)
    enable_interrupt(code)
    code.set_csr(MSTATUS, 1 << 3)
    code.wfi()
    machine = boot(code)
    assert run(machine) is None
    machine.write(b"x")
    with pytest.raises(GuestFault, match="interrupt 10 would be taken") as fault:
        machine.advance()
    assert "mstatus.MIE clear" in str(fault.value.expected)
    machine.close()


def test_spans() -> None:
    code = Riscv()
    code.li(SP, STACK[1])
    code.jal("outer")
    code.jal("outer")
    code.jal("inner")
    code.wfi()
    code.label("outer")
    code.addi(SP, SP, -16)
    code.store(RA, SP, 12)
    code.jal("inner")
    code.load(RA, SP, 12)
    code.addi(SP, SP, 16)
    code.ret()
    code.label("inner")
    code.c_addi(A0, 1)
    code.ret()
    machine = boot(code, watch=("outer", "inner"))
    assert run(machine) is None
    spans = machine.counters().spans
    assert (spans["outer"].count, spans["outer"].instructions) == (2, 16)
    assert (spans["inner"].count, spans["inner"].instructions) == (3, 6)
    machine.close()


def test_time_is_10_mhz() -> None:
    code = Riscv()
    code.li(T0, CLINT + 0xBFF8)
    code.li(A1, 5000)
    code.label("loop")
    code.c_addi(A1, -1)
    code.b("ne", A1, ZERO, "loop")
    code.load(A0, T0)
    code.ebreak()
    # Reads see the start of their block; the core has 100 MHz.
    assert registers_at_fault(code)["a0"] == (4 + 10_000) // 10


def test_floats() -> None:
    code = Riscv()
    code.set_csr(MSTATUS, 1 << 13)
    for register, value in ((1, 1.5), (2, 2.25)):
        code.li(A0, int.from_bytes(struct.pack("<f", value), "little"))
        code.fmv_w_x(register, A0)
    code.fadd(3, 1, 2)
    code.fmv_x_w(A1, 3)
    code.ebreak()
    bits = registers_at_fault(code)["a1"]
    assert struct.unpack("<f", bits.to_bytes(4, "little")) == (3.75,)


def test_a_float_while_the_fpu_is_off() -> None:
    code = Riscv()
    code.fadd(3, 1, 2)
    assert "floating-point instruction" in str(fault_of(code))
    assert "while the FPU is off" in str(fault_of(code))
    assert "does not have the instruction" in str(fault_of(code, fpu=False))


def test_an_overflow_that_memory_protection_stops() -> None:
    """As start-up sets it up: from the start of flash to the stack, no stores."""
    code = Riscv()
    code.li(T0, ORIGIN >> 2)
    code.csrw(PMPADDR0, T0)
    code.li(T0, STACK[0] >> 2)
    code.csrw(PMPADDR1, T0)
    code.li(T0, 0x8D00)
    code.csrw(PMPCFG0, T0)
    code.li(SP, STACK[0] + 8)
    code.label("deeper")
    code.addi(SP, SP, -16)
    code.half(0xC606)  # sw ra, 12(sp)
    code.half(0xC02A)  # sw a0, 0(sp)
    code.j("deeper")
    fault = fault_of(code)
    assert f"the stack overflowed: {STACK[0] - 8:#010x} is 8 bytes below its end" in str(fault)
    assert "deeper" in str(fault.where)


@pytest.mark.parametrize(
    ("instructions", "said"),
    [
        ([0x0000_0073], "environment call (ECALL)"),
        ([0xFFFF_FFFF], "does not have the instruction"),
        ([0x0010_0073], "gave up"),  # ebreak
        ([0x0000_0067], "jumped to 0x00000000"),  # jr zero
        ([0x4000_0537, 0x0005_2583], "read 4 bytes at 0x40000000"),  # lw a1, 0(a0)
        ([0x8000_0537, 0x00B5_2023], "wrote 4 bytes at 0x80000000, which is flash"),
        ([0x8300_0537, 0x0005_0067], "jumped to 0x83000000, where the image has data"),
    ],
)
def test_faults_are_told_apart(instructions: list[int], said: str) -> None:
    code = Riscv()
    for word in instructions:
        code.word(word)
    fault = fault_of(code)
    assert said in str(fault)
    assert "ra 00000000" in str(fault.found)


def test_the_finisher_resets_all() -> None:
    code = Riscv()
    code.li(A0, RAM + 0x3000)
    code.load(A1, A0)
    code.b("ne", A1, ZERO, "second")
    code.addi(A1, ZERO, 1)
    code.store(A1, A0)
    enable_interrupt(code)
    code.put(TEST, 0x7777)
    code.label("second")
    code.wfi()
    code.ebreak()
    machine = boot(code)
    assert run(machine) is None
    assert machine.resets == 1
    # The interrupt is enabled no more.
    machine.write(b"x")
    assert run(machine) is None
    machine.close()


@pytest.mark.parametrize(("model", "base"), [("clint", UART), ("clint", PLIC - 0x8000)])
def test_peripherals_do_not_overlap(model: str, base: int) -> None:
    code = Riscv()
    code.wfi()
    timer = Timer(model, base, 10_000_000)
    with pytest.raises(UsageError, match="cannot be mapped"):
        EmuMachine(program(code), replace(BOARD, timer=timer))


@pytest.mark.parametrize("width", [2, 4])
def test_a_word_of_byte_registers_is_refused(width: int) -> None:
    code = Riscv()
    code.li(T0, UART)
    code.load(A0, T0, width=width)
    assert f"{width}-byte read of a ns16550 register" in str(fault_of(code))


def test_a_part_of_a_page_without_peripheral_is_told() -> None:
    code = Riscv()
    code.put(TEST + 0x2000, 1)
    assert "0x00102000" in str(fault_of(code))
