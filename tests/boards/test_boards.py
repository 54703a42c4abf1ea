from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_arielml.boards import Core, Qemu, Region, Timer, Uart, board_names, load_board
from pytest_arielml.errors import UsageError

NRF52840 = """
name = "mine"
description = "A board of mine"
architecture = "thumbv7em-none-eabihf"
stack = "16KiB"
[[cores]]
cpu = "cortex-m4"
fpu = true
clock_hz = 64_000_000
[memory.flash]
origin = 0
length = "1MiB"
[memory.ram]
origin = 0x2000_0000
length = "256KiB"
[uart]
model = "nrf-uarte"
base = 0x4000_2000
baud = 1_000_000
[timer]
model = "nrf-timer"
base = 0x4000_8000
hz = 16_000_000
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_nrf52840() -> None:
    board = load_board("nrf52840")
    assert board.cores == (Core("cortex-m4", True, 64_000_000),)
    assert board.flash == Region(0, 1 << 20)
    assert board.ram == Region(0x2000_0000, 256 << 10)
    assert board.ram.end == 0x2004_0000
    assert board.stack == 16 << 10
    assert board.uart == Uart("nrf-uarte", 0x4000_2000, 1_000_000)
    assert board.timer == Timer("nrf-timer", 0x4000_8000, 16_000_000)
    assert board.support == "nrf52840"
    assert board.vectors == 0


def test_rp2040() -> None:
    board = load_board("rp2040")
    assert board.architecture == "thumbv6m-none-eabi"
    assert board.cores == (Core("cortex-m0plus", False, 125_000_000),) * 2
    assert board.flash == Region(0x1000_0000, 2 << 20)
    assert board.ram == Region(0x2000_0000, 264 << 10)
    assert board.uart == Uart("pl011", 0x4003_4000, 1_000_000)
    assert board.timer == Timer("rp2040-timer", 0x4005_4000, 1_000_000)
    # The first 256 bytes of flash are for the chip's ROM.
    assert board.vectors == board.flash.origin + 0x100


def test_rp2350() -> None:
    board = load_board("rp2350")
    assert board.architecture == "thumbv8m.main-none-eabihf"
    assert board.cores == (Core("cortex-m33", True, 150_000_000),) * 2
    assert board.flash == Region(0x1000_0000, 4 << 20)
    assert board.ram == Region(0x2000_0000, 520 << 10)
    assert board.uart == Uart("pl011", 0x4007_0000, 1_000_000)
    assert board.timer == Timer("rp2350-timer", 0x400B_0000, 1_000_000)
    # In front of it is what the chip's ROM looks for.
    assert board.vectors == board.flash.origin + 0x80


def test_microbit() -> None:
    board = load_board("microbit")
    assert board.architecture == "thumbv6m-none-eabi"
    assert board.cores == (Core("cortex-m0", False, 16_000_000),)
    assert board.flash == Region(0, 256 << 10)
    assert board.ram == Region(0x2000_0000, 16 << 10)
    assert board.uart == Uart("nrf-uart", 0x4000_2000, 115_200)
    assert board.timer == Timer("nrf-timer", 0x4000_8000, 16_000_000)
    assert board.qemu == Qemu("arm", "microbit", 6)


def test_riscv_virt() -> None:
    board = load_board("riscv-virt")
    assert board.architecture == "riscv32imafc-unknown-none-elf"
    assert board.cores == (Core("generic-rv32", True, 100_000_000),) * 8
    # Of 128 MiB of DRAM; the machine puts its device tree into the last 16.
    assert board.flash == Region(0x8000_0000, 32 << 20)
    assert board.ram == Region(board.flash.end, 64 << 20)
    assert board.uart == Uart("ns16550", 0x1000_0000, 230_400)
    assert board.timer == Timer("clint", 0x0200_0000, 10_000_000)
    assert board.qemu == Qemu("riscv32", "virt", 7, ("-bios", "none", "-smp", "8"))


@pytest.mark.parametrize(
    ("name", "cpu", "data", "ram"),
    [
        ("esp32c3", "rv32imc", 0x3C00_0000, Region(0x3FC8_0000, 384 << 10)),
        ("esp32c6", "rv32imac", None, Region(0x4080_0000, 512 << 10)),
    ],
)
def test_esp32(name: str, cpu: str, data: int | None, ram: Region) -> None:
    board = load_board(name)
    assert board.architecture == "riscv32imc-unknown-none-elf"
    assert board.cores == (Core(cpu, False, 160_000_000),)
    # What the chip's ROM maps; two words in front are for it.
    assert board.flash == Region(0x4200_0000, 4 << 20)
    assert (board.flash_data, board.vectors) == (data, board.flash.origin + 8)
    assert board.ram == ram
    assert (board.uart.base, board.uart.baud, board.timer.hz) == (
        0x6000_0000,
        1_000_000,
        16_000_000,
    )


def test_flash_whose_data_is_read_elsewhere(tmp_path: Path) -> None:
    flash = 'length = "1MiB"\n'
    path = write(tmp_path, NRF52840.replace(flash, flash + "data = 0x1000_0000\n", 1))
    assert load_board(path).flash_data == 0x1000_0000
    for data, other in (("0x2003_0000", "ram"), ("0x8_0000", "flash")):
        path = write(tmp_path, NRF52840.replace(flash, f"{flash}data = {data}\n", 1))
        with pytest.raises(UsageError, match=r"memory\.flash\.data") as caught:
            load_board(path)
        assert f"apart from {other}'s" in str(caught.value)
    path = write(tmp_path, NRF52840.replace('length = "256KiB"', 'length = "256KiB"\ndata = 0'))
    with pytest.raises(UsageError, match=r"memory\.ram\.data"):
        load_board(path)


def test_stm32f4() -> None:
    board = load_board("stm32f4")
    assert board.architecture == "thumbv7em-none-eabihf"
    assert board.cores == (Core("cortex-m4", True, 168_000_000),)
    assert board.flash == Region(0x0800_0000, 1 << 20)
    assert board.ram == Region(0x2000_0000, 128 << 10)
    assert board.uart == Uart("stm32-usart", 0x4000_4400, 1_000_000)
    assert board.timer == Timer("stm32-tim", 0x4000_0000, 14_000_000)


@pytest.mark.parametrize("name", board_names())
def test_every_board_is_named_as_its_file(name: str) -> None:
    assert load_board(name).name == name


def test_own_file(tmp_path: Path) -> None:
    text = NRF52840.replace('stack = "16KiB"', 'stack = "8KiB"\nsupport = "nrf52840"')
    board = load_board(write(tmp_path, text))
    assert (board.name, board.support, board.stack) == ("mine", "nrf52840", 8 << 10)
    assert load_board(tmp_path / "mine.toml") == board


def test_unknown_board_names_the_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load_board("nrf52480")
    assert "did you mean nrf52840" in str(caught.value)
    assert "one of: " in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        load_board(str(tmp_path / "none.toml"))
    assert "none.toml" in str(caught.value)


def test_not_toml(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not TOML") as caught:
        load_board(write(tmp_path, "name = \n"))
    assert "line 1" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "key", "text"),
    [
        ('name = "mine"\n', "", "name", "nothing"),
        ('name = "mine"', 'name = "My Board"', "name", "My Board"),
        ('name = "mine"', "name = 3", "name", "3"),
        ("fpu = true", "fpu = 1", "cores[0].fpu", "true or false"),
        ("64_000_000", "0", "cores[0].clock_hz", "from 1"),
        ("64_000_000", "true", "cores[0].clock_hz", "True"),
        ("64_000_000", "64e6", "cores[0].clock_hz", "64000000.0"),
        ('stack = "16KiB"', 'stack = "16 pages"', "stack", "16 pages"),
        ('stack = "16KiB"', "stack = 100", "stack", "multiple of 16"),
        ('stack = "16KiB"', 'stack = "256KiB"', "stack", "leave RAM over"),
        ('stack = "16KiB"', "stack = -16", "stack", "-16"),
        ("[[cores]]", "vectors = 0x10_0000\n[[cores]]", "vectors", "0x00100000"),
        ("[[cores]]", "vectors = 2\n[[cores]]", "vectors", "multiple of 4"),
        ("origin = 0x2000_0000", "origin = 0x8_0000", "memory.ram", "overlaps flash"),
        ("origin = 0x2000_0000", "origin = 0xffff_0000", "memory.ram.length", "within 4 GiB"),
        ("origin = 0x2000_0000", "origin = 0x2000_0002", "memory.ram.origin", "multiple of 4"),
        ('length = "1MiB"', 'length = "0"', "memory.flash.length", "more than 0"),
        ("[memory.ram]", "[memory.sram]", "memory.sram", "did you mean memory.ram?"),
        ("base = 0x4000_2000", 'base = "0x40002000"', "uart.base", "whole number"),
        ("baud = 1_000_000", "baud = 1_000_000\nparity = 0", "uart.parity", "unknown key"),
        ("hz = 16_000_000", "hertz = 16_000_000", "timer.hertz", "unknown key"),
        ("[[cores]]", "[cores]", "cores", "[[cores]]"),
        ("[timer]", "[[timer]]", "timer", "a table"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, old: str, new: str, key: str, text: str) -> None:
    assert old in NRF52840
    path = write(tmp_path, NRF52840.replace(old, new, 1))
    with pytest.raises(UsageError, match=re.escape(f"wrong at {key}")) as caught:
        load_board(path)
    assert path in str(caught.value)
    assert text in str(caught.value)
    assert caught.value.advice


def test_cores_of_two_kinds(tmp_path: Path) -> None:
    second = '[[cores]]\ncpu = "cortex-m3"\nfpu = false\nclock_hz = 1\n[memory.flash]'
    text = NRF52840.replace("[memory.flash]", second)
    board = load_board(write(tmp_path, text))
    assert board.cores[1] == Core("cortex-m3", False, 1)
    assert board.common_architecture == board.architecture
    both = 'common_architecture = "thumbv7m-none-eabi"\nstack'
    board = load_board(write(tmp_path, text.replace("stack", both, 1)))
    assert board.common_architecture == "thumbv7m-none-eabi"
