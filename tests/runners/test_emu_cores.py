"""Boards with several cores: turns, sleep and wake, counts, faults, seeds."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pico
import pytest
from duo import (
    CPUID,
    DATA,
    SCS,
    SIO,
    board,
    boot,
    emit,
    launch,
    receive,
    run,
    send,
    sleep,
    spin,
    start_uart,
    words,
)
from elf import FUNCTION, write_elf
from pico import RAM
from thumb import LR, Thumb

from pytest_arielml.boards import Core
from pytest_arielml.errors import GuestFault, UsageError
from pytest_arielml.firmware import Image
from pytest_arielml.runners import RunnerOptions, create_runner
from pytest_arielml.runners.emu import EmuMachine


def two(first: Thumb) -> Thumb:
    """Core 0 has sent its core 1 off; what it does next is added by the test."""
    start_uart(first)
    launch(first, "second")
    return first


def alone(turns: int) -> tuple[int, int]:
    """Instructions and cycles of `spin` on a board with one core."""
    code = pico.thumb()
    spin(code, turns, "loop")
    code.wfi()
    machine = pico.boot(code)
    assert not machine.advance()
    counters = machine.counters()
    return counters.instructions, counters.cycles


def test_both_cores_run_and_know_which_they_are() -> None:
    code = two(pico.thumb())
    receive(code, 4, "answer")
    emit(code, 4)
    code.load(0, SIO)
    code.ldr(4, 0, CPUID)
    emit(code, 4)
    sleep(code)
    code.label("second")
    code.load(0, SIO)
    code.ldr(4, 0, CPUID)
    code.adds(4, 0x40)
    send(code, 4)
    sleep(code, "done")
    assert words(run(code)) == [0x41, 0]


def test_the_second_core_begins_where_it_was_told() -> None:
    code = two(pico.thumb())
    for name in ("vectors", "stack"):
        receive(code, 4, name)
        emit(code, 4)
    sleep(code)
    code.label("second")
    code.load(1, SCS + 0xD08)
    code.ldr(4, 1)
    send(code, 4)
    code.mov(4, 13)
    send(code, 4)
    sleep(code, "done")
    assert words(run(code)) == [pico.BOARD.vectors, RAM + 0x2000]


def test_each_core_counts_its_own() -> None:
    code = two(pico.thumb())
    spin(code, 1000, "first")
    sleep(code)
    code.label("second")
    spin(code, 3000, "other")
    sleep(code, "done")
    counters = run(code).counters()
    assert counters.instructions == sum(core.instructions for core in counters.cores)
    assert counters.cycles == sum(core.cycles for core in counters.cores)
    second = counters.cores[1]
    assert (second.instructions, second.cycles) == alone(3000)


def test_a_board_of_one_core_has_it_alone() -> None:
    code = pico.thumb()
    code.label("work")
    spin(code, 10, "loop")
    code.wfi()
    board = replace(pico.BOARD, cores=pico.BOARD.cores[:1])
    machine = EmuMachine(pico.program(code, watch=("work",)), board)
    machine.advance()
    counters = machine.counters()
    (core,) = counters.cores
    assert (core.instructions, core.cycles, core.idle) == (
        counters.instructions,
        counters.cycles,
        0,
    )
    assert core.spans == counters.spans


def test_time_goes_on_for_a_core_that_sleeps() -> None:
    code = two(pico.thumb())
    code.bl("wait")
    sleep(code)
    code.label("wait")
    code.push(LR)
    receive(code, 4, "woken")
    code.pop(15)
    code.label("second")
    spin(code, 10_000, "long")
    send(code, 4)
    sleep(code, "done")
    counters = run(code, watch=("wait", "second")).counters()
    first, second = counters.cores
    assert first.idle > 29_000
    assert second.cycles > 29_000
    # They began and ended together, but for what each does before and after.
    assert abs(first.cycles + first.idle - second.cycles - second.idle) < 100
    waited = counters.spans["wait"]
    assert waited.count == 1
    assert waited.instructions < 50
    assert 30_000 <= waited.cycles < 30_300


def test_spans_are_per_core_and_in_sum() -> None:
    code = two(pico.thumb())
    for _ in range(3):
        code.bl("work")
    sleep(code)
    code.label("second")
    for _ in range(2):
        code.bl("work")
    sleep(code, "done")
    code.label("work")
    code.push(LR)
    spin(code, 5, "loop")
    code.pop(15)
    counters = run(code, watch=("work",)).counters()
    assert [core.spans["work"].count for core in counters.cores] == [3, 2]
    assert counters.spans["work"].count == 5
    assert counters.spans["work"].instructions == 5 * (1 + 7 + 10 + 1)


def ping_pong(rounds: int) -> Thumb:
    """Each core waits with WFE until the word at DATA is its turn, and adds one."""

    def side(parity: int, name: str) -> None:
        code.load(1, DATA)
        code.load(6, rounds)
        code.label(name)
        code.ldr(2, 1)
        code.cmp_r(2, 6)
        code.b(f"{name}-over", "cs")
        code.movs(3, 1)
        code.half(0x4013)  # ands r3, r2
        code.cmp(3, parity)
        code.b(f"{name}-mine", "eq")
        code.wfe()
        code.b(name)
        code.label(f"{name}-mine")
        spin(code, 40, f"{name}-works")
        code.adds(2, 1)
        code.str_(2, 1)
        code.sev()
        code.b(name)
        code.label(f"{name}-over")

    code = two(pico.thumb())
    side(0, "even")
    code.ldr(4, 1)
    emit(code, 4)
    sleep(code)
    code.label("second")
    side(1, "odd")
    sleep(code, "done")
    return code


@pytest.mark.parametrize("seed", range(20))
def test_events_wake_the_other_core(seed: int) -> None:
    machine = run(ping_pong(501), seed=seed)
    assert words(machine) == [501]
    cores = machine.counters().cores
    # By their times one waits while the other works; otherwise a turn less.
    assert all(core.idle > (250 * 120 if seed == 0 else 10_000) for core in cores)
    assert all(core.instructions < 501 * 70 for core in cores), "it slept, not in its turn"


def test_an_event_that_came_before_is_not_lost() -> None:
    code = pico.thumb()
    code.sev()
    code.wfe()  # clears it
    code.movs(0, 1)
    code.wfe()
    code.half(0xDE00)
    machine = pico.boot(code)
    assert not machine.advance()
    assert machine.counters().instructions == 4


def test_a_masked_interrupt_ends_no_wait_for_an_event() -> None:
    """It does end a wait for an interrupt."""
    code = pico.thumb()
    start_uart(code)
    code.cpsid()
    code.store(SCS + 0x100, 1 << 16)
    code.store(SCS + 0x200, 1 << 16)
    code.wfi()
    code.movs(4, 9)
    emit(code, 4)
    code.sev()
    code.wfe()  # clears it
    code.wfe()
    code.half(0xDE00)
    machine = pico.boot(code)
    assert words(machine) == [9]
    assert not machine.advance()


def test_wait_for_interrupt_ignores_events() -> None:
    code = two(pico.thumb())
    code.wfi()
    code.half(0xDE00)
    code.label("second")
    spin(code, 100, "later")
    code.sev()
    sleep(code, "done")
    assert not run(code).advance()


def test_a_mailbox_interrupts_a_core_that_sleeps() -> None:
    code = two(pico.thumb())
    code.store(SCS + 0x280, 1 << 15)  # by what the launch answered
    code.store(SCS + 0x100, 1 << 15)
    code.wfi()
    receive(code, 4, "word")
    emit(code, 4)
    code.store(SCS + 0x280, 1 << 15)
    code.wfi()
    code.half(0xDE00)
    code.label("second")
    spin(code, 1000, "later")
    code.load(0, SIO)
    code.movs(4, 77)
    code.str_(4, 0, 0x54)
    sleep(code, "done")
    machine = run(code)
    assert words(machine) == [77]
    assert machine.counters().cores[0].idle > 2500


def test_each_core_enables_its_own_interrupts() -> None:
    code = two(pico.thumb())
    # Core 0 sleeps with the interrupt off that core 1 has on.
    code.wfi()
    code.half(0xDE00)
    code.label("second")
    code.cpsid()
    code.store(SCS + 0x100, 1 << 16)
    code.store(SCS + 0x200, 1 << 16)
    code.wfi()  # one is pending: goes on
    code.load(1, SCS + 0x280)
    code.movs(2, 1)
    code.lsls(2, 2, 16)
    code.str_(2, 1)
    code.movs(4, 1)
    send(code, 4)
    sleep(code, "done")
    machine = run(code)
    assert not machine.advance()
    assert machine.counters().cores[1].instructions > 40


def test_an_interrupt_that_the_second_core_would_take_is_its_fault() -> None:
    code = two(pico.thumb())
    code.movs(4, 1)
    send(code, 4)
    sleep(code)
    code.label("second")
    code.store(SCS + 0x100, 1 << 16)
    code.wfi()
    with pytest.raises(GuestFault, match="interrupt 16 would be taken") as fault:
        run(code)
    assert str(fault.value.where).startswith("core 1, ")


@pytest.mark.parametrize("divisor", [1, 2, 4])
def test_a_slow_core_does_less(divisor: int) -> None:
    code = two(pico.thumb())
    spin(code, 40_000, "race")
    code.load(1, DATA)
    code.ldr(4, 1)
    emit(code, 4)
    code.half(0xDE00)
    code.label("second")
    code.load(1, DATA)
    code.movs(2, 0)
    code.label("count")
    code.adds(2, 1)  # 1 + 2 + 2 cycles
    code.str_(2, 1)
    code.b("count")
    machine = boot(code, board(second_hz=125_000_000 // divisor))
    with pytest.raises(GuestFault, match="gave up"):
        machine.advance(seconds=10.0)
    (counted,) = words(machine)
    assert counted == pytest.approx(120_000 / divisor / 5, rel=0.01)


def test_a_fault_of_the_second_core_names_it() -> None:
    code = two(pico.thumb())
    spin(code, 1_000_000, "busy")
    sleep(code)
    code.label("second")
    code.movs(5, 0xAB)
    code.load(0, 0x3000_0000)
    code.ldr(1, 0)
    machine = boot(code)
    with pytest.raises(GuestFault, match="read 4 bytes at 0x30000000") as fault:
        machine.advance(seconds=10.0)
    assert str(fault.value.where).startswith("core 1, pc ")
    assert "second+0x10" in str(fault.value.where)
    assert " r5 000000ab" in str(fault.value.found)
    assert machine.counters().cores[1].instructions == 8
    assert machine.counters().cores[0].instructions < 10_000
    with pytest.raises(GuestFault, match="read 4 bytes at 0x30000000"):
        machine.advance()


def test_a_fault_of_the_first_core_names_it_too() -> None:
    code = two(pico.thumb())
    code.half(0xDE00)
    code.label("second")
    code.b("second")
    with pytest.raises(GuestFault, match="gave up") as fault:
        run(code)
    assert str(fault.value.where).startswith("core 0, pc ")


def test_a_reset_by_the_second_core_resets_both() -> None:
    code = pico.thumb()
    start_uart(code)
    code.load(1, DATA)
    code.ldr(4, 1)
    code.adds(4, 1)
    code.str_(4, 1)
    emit(code, 4)
    code.load(1, DATA)
    code.ldr(4, 1)
    code.cmp(4, 3)
    code.b("again", "ne")
    sleep(code)
    code.label("again")
    launch(code, "second")
    code.label("busy")
    code.b("busy")
    code.label("second")
    code.store(SCS + 0xD0C, 0x05FA_0004)
    machine = run(code)
    assert words(machine) == [1, 2, 3]
    assert machine.resets == 2


def interleaved() -> Thumb:
    """Both cores note who came by; the notes are sent."""
    code = two(pico.thumb())

    def visit(name: str, who: int) -> None:
        code.load(1, DATA)
        code.load(7, 150)
        code.label(name)
        code.ldr(2, 1)  # the next place
        code.lsls(3, 2, 2)
        code.adds_r(3, 3, 1)
        code.movs(6, who)
        code.str_(6, 3, 4)
        code.adds(2, 1)
        code.str_(2, 1)
        code.subs(7, 1)
        code.b(name, "ne")

    visit("here", 1)
    receive(code, 4, "over")
    code.movs(6, 100)
    code.load(5, DATA + 4)
    code.label("send")
    code.ldr(4, 5)
    emit(code, 4)
    code.adds(5, 4)
    code.subs(6, 1)
    code.b("send", "ne")
    sleep(code)
    code.label("second")
    visit("there", 2)
    send(code, 4)
    sleep(code, "done")
    return code


def story(machine: EmuMachine) -> tuple[object, list[int]]:
    return machine.counters(), words(machine)


def test_the_same_seed_gives_the_same_run() -> None:
    code = interleaved()
    for seed in range(5):
        assert story(run(code, seed=seed)) == story(run(code, seed=seed))


def test_seeds_give_different_interleavings() -> None:
    code = interleaved()
    told = {tuple(story(run(code, seed=seed))[1]) for seed in range(20)}
    assert len(told) >= 15
    first = {notes[0] for notes in told}
    assert first <= {1, 2}


def test_stopping_changes_nothing() -> None:
    code = interleaved()
    expected = story(run(code, seed=3))
    for instructions in (1, 7, 100, 1000):
        machine = boot(code, seed=3)
        for _ in itertools.count():
            if not machine.advance(instructions=instructions, seconds=10.0):
                break
        assert story(machine) == expected
        machine.close()


def test_an_instruction_limit_is_of_all_cores_together() -> None:
    code = two(pico.thumb())
    code.label("first")
    code.b("first")
    code.label("second")
    code.b("second")
    machine = boot(code)
    assert machine.advance(instructions=50_000, seconds=10.0)
    counters = machine.counters()
    assert 50_000 <= counters.instructions < 50_010
    first, second = counters.cores
    assert first.instructions - second.instructions < 600


def test_boards_come_and_go_without_a_trace() -> None:
    code = interleaved()

    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    for _ in range(5):
        run(code).close()
    before = resident()
    for _ in range(30):
        run(code).close()
    # One leaked core would be half a mebibyte of decoded blocks at least.
    assert resident() - before < 6 * 1024 * 1024


def test_a_board_that_cannot_be_opened_leaves_nothing() -> None:
    code = two(pico.thumb())
    code.label("second")
    other = Core("cortex-a53", False, 1)
    mixed = replace(board(), cores=(*pico.BOARD.cores, other))
    with pytest.raises(UsageError, match="cannot emulate the core 'cortex-a53'"):
        boot(code, mixed)


def test_the_runner_takes_the_seed(tmp_path: Path) -> None:
    code = interleaved()
    program = pico.program(code)
    path = write_elf(
        tmp_path / "image.elf",
        [(address, address, data) for address, data in program.segments],
        [("interleaved", pico.ORIGIN | 1, 4, FUNCTION)],
    )

    def told(seed: int) -> list[int]:
        runner = create_runner("emu", RunnerOptions(seed=seed))
        machine = runner.boot(cast(Image, SimpleNamespace(elf=path)), board(), timeout=5.0)
        data = machine.stream.read(5.0)
        machine.close()
        return list(data)

    assert told(1) == told(1)
    assert len({tuple(told(seed)) for seed in range(4)}) > 1


def test_a_hung_board_ends_at_the_time_out() -> None:
    code = two(pico.thumb())
    code.label("first")
    code.b("first")
    code.label("second")
    code.b("second")
    machine = boot(code)
    assert machine.stream.read(0.2) == b""
    assert all(core.instructions > 100_000 for core in machine.counters().cores)
