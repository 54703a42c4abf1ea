"""What memories make cores wait for: exact on small programs, the same each time."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import duo
import emulated
import pico
import pytest
from elf import FUNCTION, write_elf
from emulated import ORIGIN, RAM
from thumb import Thumb

from pytest_arielml.boards import Banks, Board, Bus, Cache, MemoryTiming, load_board
from pytest_arielml.errors import UsageError
from pytest_arielml.firmware import Image
from pytest_arielml.runners import (
    CoreCounters,
    Counters,
    RunnerOptions,
    WaitCycles,
    check_available,
    create_runner,
)
from pytest_arielml.runners.emu import EmuMachine, Interleaving

FLASH = MemoryTiming(0, 4, False, None, None, (Banks(1 << 20, 1, 4),))
FAST = MemoryTiming(0, 4, False, None, None, (Banks(256 << 10, 1, 4),))


def board(flash: MemoryTiming = FLASH, ram: MemoryTiming = FAST) -> Board:
    """The nRF52840 with memories of the test's own."""
    return replace(emulated.board(), bus=Bus("the test", {"flash": flash, "ram": ram}))


def finish(machine: EmuMachine) -> Counters:
    """The counts when all of it sleeps."""
    while machine.advance(seconds=10.0):
        pass
    counters = machine.counters()
    machine.close()
    return counters


def both(code: Thumb, on: Board) -> tuple[Counters, Counters]:
    """Without the model and with it."""
    program = emulated.program(code)
    off, modelled = (finish(EmuMachine(program, on, bus_model=model)) for model in (False, True))
    return off, modelled


def waited(code: Thumb, on: Board, memory: str = "flash") -> int:
    """Cycles that `code` waits for `memory`, which are all that the model changes."""
    off, on_model = both(code, on)
    assert off.wait_cycles == {}
    assert off.instructions == on_model.instructions
    waits = on_model.wait_cycles
    assert on_model.cycles - off.cycles == sum(one.total for one in waits.values())
    assert all(one.contention == 0 for one in waits.values())
    return waits[memory].wait_states


def straight(words: int) -> Thumb:
    """So many words of code, the last of them a WFI and a NOP."""
    code = Thumb(ORIGIN)
    for _ in range(2 * words - 2):
        code.adds(0, 1)
    code.wfi()
    code.nop()
    return code


def loop(turns: int) -> Thumb:
    """Two words, then `turns` times two words, then one."""
    code = Thumb(ORIGIN)
    code.load(0, turns)
    code.label("turn")
    code.adds(1, 1)
    code.adds(2, 1)
    code.subs(0, 1)
    code.b("turn", "ne")
    code.wfi()
    code.nop()
    return code


def test_each_word_of_code_waits() -> None:
    assert waited(straight(10), board(replace(FLASH, wait_states=3))) == 30
    assert waited(loop(100), board(replace(FLASH, wait_states=3))) == 3 * (2 + 2 * 100 + 1)


def test_memories_without_wait_states_cost_nothing() -> None:
    off, on = both(loop(100), board())
    assert on.cycles == off.cycles
    assert on.wait_cycles == {"flash": WaitCycles(0, 0), "ram": WaitCycles(0, 0)}


def test_a_cache_is_filled_once() -> None:
    flash = replace(FLASH, wait_states=50, code_cache=Cache(1024, 2, 16, 16))
    # 20 bytes and the word that is fetched behind: two lines.
    assert waited(loop(100), board(flash)) == 2 * 50


def test_a_line_is_filled_by_parts() -> None:
    flash = replace(FLASH, wait_states=50, code_cache=Cache(1024, 2, 16, 4))
    assert waited(loop(100), board(flash)) == 5 * 50


def test_a_wide_read_keeps_code_at_hand() -> None:
    flash = replace(FLASH, wait_states=5, width=16)
    # The loop lies in the first 16 bytes; the WFI behind it in the next.
    assert waited(loop(100), board(flash)) == 2 * 5


def test_a_prefetch_goes_on_while_code_runs() -> None:
    flash = replace(FLASH, wait_states=5, width=16)
    lines = 10
    assert waited(straight(4 * lines), board(flash)) == 5 * lines
    # Eight cycles a line, of which a read takes six.
    assert waited(straight(4 * lines), board(replace(flash, prefetch=True))) == 5
    slow = replace(flash, wait_states=9, prefetch=True)
    assert waited(straight(4 * lines), board(slow)) == 9 + 2 * (lines - 1)


def loads(address: int, count: int) -> Thumb:
    """So many loads of a word, as many stores if that is RAM."""
    code = Thumb(ORIGIN)
    code.load(6, address)
    for _ in range(count):
        code.ldr(0, 6)
        if address >= RAM:
            code.str_(0, 6, 4)
    code.wfi()
    return code


def test_data_waits_for_its_memory() -> None:
    assert waited(loads(RAM, 10), board(ram=replace(FAST, wait_states=2)), "ram") == 40
    fetched = waited(loads(RAM, 10), board(replace(FLASH, wait_states=2)))
    code = loads(0, 10)
    words = math.ceil(len(code.finish()) / 4)
    assert waited(code, board(replace(FLASH, wait_states=2))) == 2 * (words + 10)
    assert fetched == 2 * math.ceil(len(loads(RAM, 10).finish()) / 4)


def test_data_has_a_cache_of_its_own_or_that_of_code() -> None:
    flash = replace(FLASH, wait_states=50)
    own = replace(flash, code_cache=Cache(64, 4, 16, 16), data_cache=Cache(64, 4, 16, 16))
    one = Cache(64, 4, 16, 16)
    unified = replace(flash, code_cache=one, data_cache=one)
    # Of code: 8 bytes of addresses, ten loads, WFI: 30 bytes, two lines.
    assert waited(loads(ORIGIN, 10), board(own)) == 2 * 50 + 50
    assert waited(loads(ORIGIN, 10), board(unified)) == 2 * 50
    assert waited(loads(ORIGIN, 10), board(replace(own, data_cache=None))) == 2 * 50 + 10 * 50


def test_spans_and_timers_see_what_was_waited() -> None:
    def code() -> Thumb:
        code = Thumb(ORIGIN)
        code.bl("work")
        code.wfi()
        code.label("work")
        code.movs(0, 100)
        code.label("turn")
        code.subs(0, 1)
        code.b("turn", "ne")
        code.bx(14)
        return code

    program = emulated.program(code(), watch=("work",))
    on = board(replace(FLASH, wait_states=4))
    plain, waits = (
        finish(EmuMachine(program, on, bus_model=model)).spans["work"] for model in (False, True)
    )
    assert waits.instructions == plain.instructions
    # MOVS in the second half of a word; SUBS and BNE, a word a turn; BX.
    assert waits.cycles - plain.cycles == 4 * (1 + 100 + 1)


def contending(first: int, second: int, *, seed: int = 0) -> tuple[CoreCounters, ...]:
    """Both cores of an RP2040 load from an address each, for long."""
    code = pico.thumb()
    duo.start_uart(code)
    duo.launch(code, "second")
    hammer(code, first, "first")
    duo.sleep(code)
    code.label("second")
    hammer(code, second, "other")
    duo.sleep(code, "done")
    machine = EmuMachine(pico.program(code), duo.board(), Interleaving(seed), bus_model=True)
    return finish(machine).cores


def hammer(code: Thumb, address: int, name: str) -> None:
    code.load(6, address)
    code.load(5, 20_000)
    code.label(name)
    for _ in range(4):
        code.ldr(0, 6)
    code.subs(5, 1)
    code.b(name, "ne")


def test_cores_wait_for_each_other_in_one_bank() -> None:
    together = contending(duo.DATA, duo.DATA)
    striped = contending(duo.DATA, duo.DATA + 4)
    for core in together:
        # A load takes two cycles, one of them in the bank: 4 of 11 cycles a turn.
        assert 0.15 < core.wait_cycles["ram"].contention / 80_000 < 0.35
    for core in striped:
        assert core.wait_cycles["ram"].contention < 200
    # Both also want the flash, that is its cache.
    for core in together + striped:
        assert core.wait_cycles["flash"].contention > 1000


def test_the_same_run_waits_the_same() -> None:
    assert contending(duo.DATA, duo.DATA) == contending(duo.DATA, duo.DATA)
    assert contending(duo.DATA, duo.DATA, seed=5) == contending(duo.DATA, duo.DATA, seed=5)


def test_a_core_alone_waits_for_nobody() -> None:
    code = pico.thumb()
    hammer(code, duo.DATA, "alone")
    code.wfi()
    on = duo.board()
    cores = finish(EmuMachine(pico.program(code), on, bus_model=True)).cores
    assert all(wait.contention == 0 for core in cores for wait in core.wait_cycles.values())


def test_counts_say_where_the_figures_are_from() -> None:
    off, on = both(straight(2), board())
    assert on.cycles_from == f"{off.cycles_from}; memories: the test"


def test_a_board_without_figures_is_refused(tmp_path: Path) -> None:
    options = RunnerOptions(bus_model=True)
    nrf = load_board("nrf52840")
    with pytest.raises(UsageError, match="there is no bus model of nrf52840") as caught:
        check_available("emu", options, nrf)
    assert "rp2040, stm32f4" in str(caught.value)
    image = write_elf(tmp_path / "a.elf", [(0, 0, b"\0" * 8)], [("f", 0, 4, FUNCTION)])
    with pytest.raises(UsageError, match="no bus model"):
        create_runner("emu", options).boot(
            cast("Image", SimpleNamespace(elf=image)), nrf, timeout=1.0
        )
    check_available("emu", options, load_board("rp2040"))
    check_available("emu", options)


def test_the_runner_passes_the_option_on(tmp_path: Path) -> None:
    code = loop(10)
    program = emulated.program(code)
    segments = [(address, address, data) for address, data in program.segments]
    elf = write_elf(tmp_path / "a.elf", segments, [])
    image = cast("Image", SimpleNamespace(elf=elf))
    found = []
    for model in (False, True):
        runner = create_runner("emu", RunnerOptions(bus_model=model))
        machine = runner.boot(image, board(replace(FLASH, wait_states=1)), timeout=1.0)
        found.append(finish(cast("EmuMachine", machine)).wait_cycles)
    assert found == [{}, {"flash": WaitCycles(2 + 2 * 10 + 1, 0), "ram": WaitCycles(0, 0)}]
