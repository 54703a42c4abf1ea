"""Several RISC-V harts: which one is, atomic instructions, interrupts of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from riscv import (
    A0,
    A1,
    BOARD,
    CLINT,
    MIE,
    MSTATUS,
    RAM,
    S0,
    S1,
    T0,
    T1,
    T2,
    UART,
    ZERO,
    Riscv,
    program,
    start_uart,
)

from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu import EmuMachine, Interleaving

DATA = RAM + 0x4000
MHARTID = 0xF14
MSIE, MTIE = 1 << 3, 1 << 7


def boot(code: Riscv, harts: int, *, seed: int = 0) -> EmuMachine:
    board = replace(BOARD, cores=BOARD.cores[:1] * harts)
    return EmuMachine(program(code), board, Interleaving(seed))


def run(code: Riscv, harts: int, *, seed: int = 0) -> EmuMachine:
    """The machine when all harts sleep."""
    machine = boot(code, harts, seed=seed)
    while machine.advance(seconds=10.0):
        pass
    return machine


def words(machine: EmuMachine) -> list[int]:
    data = machine.stream.read(0.0)
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def emit(code: Riscv, register: int) -> None:
    """Sends a register over the UART, which is set up; t0 and the register are lost."""
    code.li(T0, UART)
    for _ in range(4):
        code.store(register, T0, width=1)
        code.word(8 << 20 | register << 15 | 5 << 12 | register << 7 | 0x13)  # srli


def number(code: Riscv, register: int) -> None:
    """The hart's own number."""
    code.word(MHARTID << 20 | 2 << 12 | register << 7 | 0x73)


def amo(code: Riscv, kind: int, rd: int, rs: int, base: int) -> None:
    """An instruction of extension A on a word; `kind` is its funct5."""
    code.word(kind << 27 | rs << 20 | base << 15 | 2 << 12 | rd << 7 | 0x2F)


ADD, LR, SC = 0, 2, 3


def sleep(code: Riscv) -> None:
    """With every interrupt off."""
    code.csrw(MIE, ZERO)
    name = f"asleep-{code.here:x}"
    code.label(name)
    code.wfi()
    code.j(name)


def sum_up(code: Riscv, harts: int) -> None:
    """Hart 0 waits until all have added one to the word behind DATA, and sends DATA."""
    code.li(A1, DATA)
    code.addi(A1, A1, 4)
    code.li(T1, 1)
    amo(code, ADD, ZERO, T1, A1)
    number(code, S0)
    code.b("ne", S0, ZERO, "done")
    start_uart(code)
    code.li(T1, harts)
    code.li(A1, DATA)
    code.label("all")
    code.load(T2, A1, 4)
    code.b("ne", T2, T1, "all")
    code.load(A0, A1)
    emit(code, A0)
    code.label("done")
    sleep(code)


@pytest.mark.parametrize("harts", [1, 2, 4, 8])
def test_every_hart_runs_and_knows_its_number(harts: int) -> None:
    code = Riscv()
    number(code, S0)
    code.li(S1, 1)
    code.word(S0 << 20 | S1 << 15 | 1 << 12 | S1 << 7 | 0x33)  # sll s1, s1, s0
    code.li(A1, DATA)
    amo(code, ADD, ZERO, S1, A1)
    sum_up(code, harts)
    machine = run(code, harts)
    assert words(machine) == [(1 << harts) - 1]
    assert len(machine.counters().cores) == harts
    machine.close()


@pytest.mark.parametrize("seed", range(20))
def test_atomic_additions_are_atomic_among_harts(seed: int) -> None:
    code = Riscv()
    code.li(A1, DATA)
    code.li(S0, 2000)
    code.li(S1, 3)
    code.label("turn")
    amo(code, ADD, T0, S1, A1)
    code.addi(S0, S0, -1)
    code.b("ne", S0, ZERO, "turn")
    sum_up(code, 4)
    assert words(run(code, 4, seed=seed)) == [4 * 2000 * 3]


@pytest.mark.parametrize("seed", range(20))
def test_reservations_hold_among_harts(seed: int) -> None:
    code = Riscv()
    code.li(A1, DATA)
    code.li(S0, 2000)
    code.label("turn")
    amo(code, LR, T0, ZERO, A1)
    code.j("between")
    code.label("between")
    code.addi(T0, T0, 1)
    amo(code, SC, T1, T0, A1)
    code.b("ne", T1, ZERO, "turn")
    code.addi(S0, S0, -1)
    code.b("ne", S0, ZERO, "turn")
    sum_up(code, 4)
    assert words(run(code, 4, seed=seed)) == [4 * 2000]


def other_hart_wakes(code: Riscv) -> None:
    """Hart 1 interrupts hart 0 after a while, and sleeps."""
    number(code, S0)
    code.b("eq", S0, ZERO, "first")
    code.li(S1, 5000)
    code.label("busy")
    code.addi(S1, S1, -1)
    code.b("ne", S1, ZERO, "busy")
    code.put(CLINT, 1)
    sleep(code)
    code.label("first")


def test_a_software_interrupt_wakes_a_hart() -> None:
    code = Riscv()
    other_hart_wakes(code)
    code.set_csr(MIE, MSIE)
    code.wfi()
    start_uart(code)
    code.li(A0, CLINT)
    code.load(A0, A0)
    emit(code, A0)
    code.put(CLINT, 0)
    code.wfi()
    code.ebreak()
    machine = run(code, 2)
    assert words(machine) == [1]
    first, second = machine.counters().cores
    assert 9_500 < first.idle < 10_500
    assert second.cycles > 10_000


def test_a_software_interrupt_that_is_off_wakes_nobody() -> None:
    code = Riscv()
    other_hart_wakes(code)
    code.set_csr(MIE, MTIE)
    code.wfi()
    code.ebreak()
    assert not run(code, 2).advance()


def test_an_interrupt_that_would_be_taken_is_said() -> None:
    code = Riscv()
    other_hart_wakes(code)
    code.set_csr(MIE, MSIE)
    code.set_csr(MSTATUS, 1 << 3)
    code.wfi()
    with pytest.raises(GuestFault, match="the software interrupt would be taken") as fault:
        run(code, 2)
    assert str(fault.value.where).startswith("core 0, ")


@pytest.mark.parametrize("harts", [1, 2])
def test_a_timer_wakes_its_hart_at_its_time(harts: int) -> None:
    """Whether all sleep, or the other hart works for longer."""
    code = Riscv()
    number(code, S0)
    code.b("eq", S0, ZERO, "first")
    code.li(S1, 200_000)
    code.label("busy")
    code.addi(S1, S1, -1)
    code.b("ne", S1, ZERO, "busy")
    sleep(code)
    code.label("first")
    start_uart(code)
    code.put(CLINT + 0x4004, 0)
    code.put(CLINT + 0x4000, 3000)
    code.set_csr(MIE, MTIE)
    code.wfi()
    code.li(A1, CLINT + 0xBFF8)
    code.load(A0, A1)
    emit(code, A0)
    sleep(code)
    assert words(run(code, harts)) == [3000]


def test_a_fault_names_its_hart() -> None:
    code = Riscv()
    number(code, S0)
    code.li(S1, 2)
    code.b("eq", S0, S1, "third")
    code.label("busy")
    code.j("busy")
    code.label("third")
    code.ebreak()
    machine = boot(code, 4)
    with pytest.raises(GuestFault, match="gave up") as fault:
        machine.advance(seconds=10.0)
    assert str(fault.value.where).startswith("core 2, pc ")
    assert machine.counters().cores[2].instructions == 4
    machine.close()
