"""The figures of a board's memories."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_boards import NRF52840, write

from pytest_arielml.boards import Banks, Bus, Cache, MemoryTiming, board_names, load_board
from pytest_arielml.errors import UsageError

PLAIN = (Banks(256 << 10, 1, 4),)


def bus(tmp_path: Path, text: str) -> Bus:
    """Of the board with the table `bus` that `text` is."""
    found = load_board(write(tmp_path, NRF52840 + "[bus]\nsource = 'a book'\n" + text)).bus
    assert found is not None
    return found


def cached(figures: str) -> str:
    """RAM with such a cache."""
    return f"[bus.ram]\nwait_states = 0\ncache = {{ {figures} }}\n"


def test_a_board_need_not_have_any(tmp_path: Path) -> None:
    assert load_board(write(tmp_path, NRF52840)).bus is None


def test_the_least_that_can_be_said(tmp_path: Path) -> None:
    found = bus(tmp_path, "[bus.ram]\nwait_states = 1\n")
    assert found == Bus("a book", {"ram": MemoryTiming(1, 4, False, None, None, PLAIN)})


def test_one_cache_for_both(tmp_path: Path) -> None:
    cache = 'cache = { size = "16KiB", ways = 2, line = 8, fill = 4 }'
    flash = bus(tmp_path, f"[bus.flash]\nwait_states = 9\n{cache}\n").memories["flash"]
    assert flash.code_cache == Cache(16 << 10, 2, 8, 4)
    assert flash.unified


def test_a_cache_for_each(tmp_path: Path) -> None:
    code = 'code_cache = { size = "1KiB", ways = 64, line = 16 }'
    data = "data_cache = { size = 128, ways = 8, line = 16 }"
    text = f"[bus.flash]\nwait_states = 5\nwidth = 16\nprefetch = true\n{code}\n{data}\n"
    flash = bus(tmp_path, text).memories["flash"]
    assert (flash.wait_states, flash.width, flash.prefetch) == (5, 16, True)
    assert flash.code_cache == Cache(1024, 64, 16, 16)
    assert flash.data_cache == Cache(128, 8, 16, 16)
    assert not flash.unified


def test_banks_make_up_the_memory(tmp_path: Path) -> None:
    banks = 'banks = [{ length = "192KiB", count = 3, stripe = 8 }, { length = "64KiB" }]'
    ram = bus(tmp_path, f"[bus.ram]\nwait_states = 0\n{banks}\n").memories["ram"]
    assert ram.banks == (Banks(192 << 10, 3, 8), Banks(64 << 10, 1, 4))


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "bus.source", "figures of flash or ram"),
        ("[bus.rom]\nwait_states = 0\n", "bus.rom", "one of: source, flash, ram"),
        ("[bus.ram]\n", "bus.ram.wait_states", "add bus.ram.wait_states"),
        ("[bus.ram]\nwait_states = -1\n", "bus.ram.wait_states", "from 0 to"),
        ("[bus.ram]\nwait_states = 0\nwidth = 12\n", "bus.ram.width", "a power of two"),
        ("[bus.ram]\nwait_states = 0\nwidth = 2\n", "bus.ram.width", "from 4 to 256"),
        ("[bus.ram]\nwait_states = 0\nprefetch = 1\n", "bus.ram.prefetch", "true or false"),
        (cached("size = 96, ways = 1, line = 8"), "bus.ram.cache.size", "a power of two"),
        (cached("size = 64, ways = 16, line = 8"), "bus.ram.cache.ways", "from 1 to 8"),
        (
            cached("size = 64, ways = 1, line = 8, fill = 16"),
            "bus.ram.cache.fill",
            "from 4 to 8",
        ),
        (
            cached("size = 2048, ways = 1, line = 2048, fill = 4"),
            "bus.ram.cache.fill",
            "at least 32",
        ),
        (
            cached("size = 64, ways = 1, line = 8")
            + "data_cache = { size = 64, ways = 1, line = 8 }\n",
            "bus.ram.cache",
            "both kinds",
        ),
        (
            '[bus.ram]\nwait_states = 0\nbanks = [{ length = "64KiB" }]\n',
            "bus.ram.banks",
            "banks that make up the memory, 256.0 KiB",
        ),
        (
            '[bus.ram]\nwait_states = 0\nbanks = [{ length = "256KiB", count = 3 }]\n',
            "bus.ram.banks[0].length",
            "a multiple of 3 stripes of 4 bytes",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, place: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        bus(tmp_path, text)
    assert f"wrong at {place}\n" in str(caught.value) + "\n"
    assert said in str(caught.value)


def test_figures_say_where_they_are_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"bus\.source"):
        load_board(write(tmp_path, NRF52840 + "[bus.ram]\nwait_states = 0\n"))


def test_the_rp2040s() -> None:
    found = load_board("rp2040").bus
    assert found is not None
    # Command, address and data of 32 bits, at a quarter of the clock.
    assert found.memories["flash"].wait_states == (8 + 24 + 32) * 4
    assert found.memories["flash"].code_cache == Cache(16 << 10, 2, 8, 4)
    assert sum(part.count for part in found.memories["ram"].banks) == 6


def test_the_stm32f4s() -> None:
    found = load_board("stm32f4").bus
    assert found is not None
    flash = found.memories["flash"]
    assert (flash.wait_states, flash.width, flash.prefetch) == (5, 16, True)
    assert flash.code_cache is not None
    assert flash.data_cache is not None
    assert flash.code_cache.size // flash.code_cache.line == 64
    assert flash.data_cache.size // flash.data_cache.line == 8


def test_nobody_published_any_of_the_others() -> None:
    known = {name for name in board_names() if load_board(name).bus is not None}
    assert known >= {"rp2040", "stm32f4"}
    assert known.isdisjoint({"microbit", "nrf52840", "mps2-an386", "riscv-virt"})
