"""Counts against an oracle that takes one instruction at a time."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from emulated import ORIGIN, RAM, SCS, STACK, TIMER, board, boot, program
from oracle import count
from thumb import LR, PC, Thumb
from unicorn import arm_const

from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import Program


def random_program(seed: int) -> Thumb:
    """Loops, calls, IT blocks, loads, stores and register accesses; ends in WFI or a fault."""
    chance = random.Random(seed)
    code = Thumb(ORIGIN)
    code.load(6, RAM + 0x2000)
    code.load(5, TIMER + 0x540)
    code.b("main")
    for leaf in range(3):
        code.label(f"leaf{leaf}")
        if leaf == 2:
            code.push(4, LR)
            code.bl("leaf0")
        _straight(code, chance, chance.randint(0, 6))
        if leaf == 2:
            code.pop(4, PC)
        else:
            code.bx(LR)
    code.label("main")
    for part in range(chance.randint(3, 12)):
        code.movs(7, chance.randint(1, 20))
        code.label(f"loop{part}")
        _straight(code, chance, chance.randint(0, 8))
        match chance.randrange(4):
            case 0:
                code.bl(f"leaf{chance.randrange(3)}")
            case 1:
                code.cmp(7, chance.randint(0, 20))
                code.b(f"skip{part}", chance.choice(["eq", "hi", "ls", "ge"]))
                _straight(code, chance, chance.randint(1, 5))
                code.label(f"skip{part}")
            case 2:
                _it_block(code, chance)
            case 3:
                code.cbz(0, f"skip{part}")
                _straight(code, chance, chance.randint(1, 5))
                code.label(f"skip{part}")
        code.subs(7, 1)
        code.b(f"loop{part}", "ne")
    match chance.randrange(3):
        case 0:
            code.wfi()
        case 1:
            code.half(0xDE00)
        case 2:
            code.load(0, 0x3000_0000)
            _straight(code, chance, 2, spare=0)
            code.str_(1, 0)
            code.nop()
    return code


def _straight(code: Thumb, chance: random.Random, length: int, *, spare: int = -1) -> None:
    for _ in range(length):
        rd, rm = chance.choice([r for r in range(5) if r != spare]), chance.randrange(5)
        match chance.randrange(9):
            case 0:
                code.movs(rd, chance.randrange(256))
            case 1:
                code.adds_r(rd, rm, rd)
            case 2:
                code.eors(rd, rm)
            case 3:
                code.muls(rd, rm)
            case 4:
                code.mla(rd, rm, rd, rm)
            case 5:
                code.ldr_w(rd, 6, 4 * chance.randrange(64))
            case 6:
                code.str_(rd, 6, 4 * chance.randrange(32))
            case 7:
                code.udiv(rd, rm, rd)
            case 8:
                code.str_(rd, 5, 4 * chance.randrange(4))


def _it_block(code: Thumb, chance: random.Random) -> None:
    length = chance.randint(1, 4)
    code.cmp(7, chance.randint(0, 20))
    condition = chance.choice(["eq", "hi", "ls", "ge", "mi"])
    # Of each instruction after the first: the condition or its inverse.
    mask = 1 << (4 - length)
    for place in range(1, length):
        mask |= chance.randrange(2) << (4 - place)
    code.it(condition, mask)
    for _ in range(length):
        rd, rm = chance.randrange(5), chance.randrange(5)
        match chance.randrange(4):
            case 0:
                code.add_w(rd, rm, rd)
            case 1:
                code.ldr_w(rd, 6, 8)
            case 2:
                code.str_(rd, 6, 8)
            case 3:
                code.mov(rd, rm)


def run(machine: EmuMachine, slice_length: Callable[[], int] = lambda: 10**9) -> str | None:
    """Runs until the guest sleeps or faults; where it faulted."""
    try:
        while machine.advance(instructions=slice_length()):
            pass
    except GuestFault as fault:
        return fault.where
    return None


@pytest.mark.parametrize("seed", range(60))
def test_counts_are_those_of_single_steps(seed: int) -> None:
    code = random_program(seed)
    expected, pc = count(program(code), ORIGIN, STACK[1])
    machine = boot(code)
    where = run(machine)
    assert machine.counters().instructions == expected
    assert where is None or f"pc {pc:#010x}" in where
    machine.close()


@pytest.mark.parametrize("seed", range(60, 75))
@pytest.mark.parametrize(
    ("cpu", "model"),
    [
        ("cortex-m3", arm_const.UC_CPU_ARM_CORTEX_M3),
        ("cortex-m7", arm_const.UC_CPU_ARM_CORTEX_M7),
        ("cortex-m33", arm_const.UC_CPU_ARM_CORTEX_M33),
    ],
)
def test_other_cores_count_as_exactly(cpu: str, model: int, seed: int) -> None:
    code = random_program(seed)
    expected, pc = count(program(code), ORIGIN, STACK[1], model=model)
    machine = boot(code, board(cpu))
    where = run(machine)
    assert machine.counters().instructions == expected
    assert where is None or f"pc {pc:#010x}" in where
    machine.close()


@pytest.mark.parametrize("seed", range(8))
def test_slices_change_nothing(seed: int) -> None:
    code = random_program(seed)
    whole, sliced = boot(code), boot(code)
    steps = random.Random(seed)
    assert run(sliced, lambda: steps.randint(0, 40)) == run(whole)
    assert sliced.counters() == whole.counters()


def test_a_limit_stops_within_a_block() -> None:
    code = Thumb(ORIGIN)
    code.label("loop")
    for _ in range(6):
        code.nop()
    code.b("loop")
    machine = boot(code)
    assert machine.advance(instructions=1000)
    assert 1000 <= machine.counters().instructions < 1007
    assert machine.advance(instructions=1000)
    assert 2000 <= machine.counters().instructions < 2014


def test_a_block_of_several_pages_is_counted_once() -> None:
    code = Thumb(0xFF0)
    for _ in range(3000):
        code.nop()
    code.wfi()
    vectors = struct.pack("<II", STACK[1], code.origin | 1)
    machine = EmuMachine(Program(((0, vectors), (code.origin, code.finish()))), board())
    run(machine)
    assert machine.counters().instructions == 3001


def test_a_fault_inside_an_it_block_counts_what_ran() -> None:
    code = Thumb(ORIGIN)
    code.load(3, 0x3000_0000)
    code.cmp(3, 0)
    code.it("ne", 0b1110)  # ittt
    code.adds(1, 1)
    code.half(0x681A)  # ldrne r2, [r3]
    code.adds(1, 1)
    machine = boot(code)
    assert run(machine) == "pc 0x0000040e, lr 0x00000000"
    assert machine.counters().instructions == 5


@pytest.mark.parametrize(
    ("instruction", "counted"),
    [(0xDF01, 2), (0xBE01, 1), (0xDE01, 1)],
    ids=["svc: done", "bkpt: not done", "udf: not done"],
)
def test_instructions_that_trap(instruction: int, counted: int) -> None:
    code = Thumb(ORIGIN)
    code.movs(0, 1)
    code.half(instruction)
    machine = boot(code)
    assert run(machine) is not None
    assert machine.counters().instructions == counted


def test_cycles_by_the_manual() -> None:
    code = Thumb(ORIGIN)
    code.movs(0, 10)  # 1
    code.label("loop")
    code.subs(0, 1)  # 1
    code.b("loop", "ne")  # 1, and 1 when taken
    code.bl("leaf")  # 2
    code.wfi()  # 1
    code.label("leaf")
    code.push(4, LR)  # 3
    code.pop(4, PC)  # 3 and a refill of 3
    machine = boot(code)
    run(machine)
    counters = machine.counters()
    assert counters.instructions == 1 + 20 + 1 + 1 + 2
    assert counters.cycles == 1 + 10 * 2 + 9 + 2 + 3 + 3 + 3 + 1
    assert "Cortex-M4 Technical Reference Manual" in counters.cycles_from


def test_cores_without_a_table_count_instructions_as_cycles() -> None:
    code = Thumb(ORIGIN)
    code.movs(0, 10)
    code.label("loop")
    code.subs(0, 1)
    code.b("loop", "ne")
    code.wfi()
    machine = boot(code, board("cortex-m33"))
    run(machine)
    counters = machine.counters()
    assert counters.cycles == counters.instructions == 22
    assert "no table" in counters.cycles_from


def test_code_in_ram_may_change() -> None:
    code = Thumb(ORIGIN)
    code.load(2, RAM + 0x800)
    code.load(3, 0x4770_BF00)  # nop; bx lr
    code.str_(3, 2)
    code.adds(2, 1)
    code.blx(2)
    code.subs(2, 1)
    code.load(3, 0xBF00_BF00)  # nop; nop
    code.str_(3, 2)
    code.load(3, 0xBF00_4770)  # bx lr; nop
    code.str_(3, 2, 4)
    code.adds(2, 1)
    code.blx(2)
    code.wfi()
    with_code = replace(program(code), code=(RAM,))
    machine = EmuMachine(with_code, board())
    run(machine)
    assert machine.counters().instructions == 17 + 2 + 3


def test_timer_and_cycle_counter_follow_the_cycles() -> None:
    code = Thumb(ORIGIN)
    code.store(TIMER + 0x508, 3)
    code.store(TIMER + 0x510, 0)
    code.store(TIMER + 0x000, 1)
    code.store(0xE000_1000, 1)
    code.load(7, 6400)
    code.label("loop")
    code.subs(7, 1)
    code.b("loop", "ne")
    code.store(TIMER + 0x040, 1)
    code.load(0, TIMER + 0x540)
    code.ldr(2, 0)
    code.load(0, 0xE000_1004)
    code.ldr(3, 0)
    code.half(0xDE00)
    machine = boot(code)
    with pytest.raises(GuestFault) as fault:
        machine.advance()
    registers = str(fault.value.found).split()
    ticks, cycles = (int(registers[registers.index(name) + 1], 16) for name in ("r2", "r3"))
    # Three cycles a turn; 64 MHz and 16 MHz.
    assert 3 * 6400 <= cycles < 3 * 6400 + 30
    assert abs(ticks - cycles // 4) <= 10


def test_riscv_counts_both_lengths() -> None:
    halves = [0x4515, 0x157D, 0xFD7D, 0x0073, 0x1050]  # li a0,5; addi; bnez -2; wfi
    code = struct.pack("<5H", *halves)
    machine = EmuMachine(Program(((ORIGIN, code),), entry=ORIGIN), board("generic-rv32"))
    assert run(machine) is None
    assert machine.counters().instructions == 1 + 2 * 5 + 1


def test_systick_reads_cycles() -> None:
    code = Thumb(ORIGIN)
    code.store(SCS + 0x014, 0xFFFFFF)
    code.store(SCS + 0x010, 5)
    code.load(0, SCS + 0x018)
    for _ in range(100):
        code.nop()
    code.b("next")
    code.label("next")
    code.ldr(2, 0)
    code.half(0xDE00)
    machine = boot(code)
    with pytest.raises(GuestFault) as fault:
        machine.advance()
    registers = str(fault.value.found).split()
    assert 100 <= 0x1000000 - int(registers[registers.index("r2") + 1], 16) < 130
