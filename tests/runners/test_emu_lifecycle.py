"""Boards come and go without a trace."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from emulated import ORIGIN, RAM, board, boot, echo, program
from thumb import Thumb

from pytest_arielml.boards import Region, Uart
from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.native import load_native
from pytest_arielml.runners.emu.program import Program


def echoing() -> Thumb:
    code = Thumb(ORIGIN)
    echo(code)
    return code


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_fifty_boards_leave_nothing() -> None:
    code = echoing()

    def once() -> None:
        machine = boot(code)
        machine.write(b"hi")
        assert machine.read(5.0) == b"hi"
        machine.close()

    for _ in range(5):
        once()
    memory, files, known = resident_bytes(), open_files(), threading.active_count()
    threads = len(list(Path("/proc/self/task").iterdir()))
    for _ in range(50):
        once()
    # One leaked board would be a quarter of a mebibyte of RAM and cache at least.
    assert resident_bytes() - memory < 4 * 1024 * 1024
    assert open_files() == files
    assert len(list(Path("/proc/self/task").iterdir())) == threads
    assert threading.active_count() == known


def test_boards_are_independent() -> None:
    first, second = boot(echoing()), boot(echoing())
    first.write(b"a")
    second.write(b"b")
    assert second.read(5.0) == b"b"
    first.close()
    second.write(b"c")
    assert second.read(5.0) == b"c"


def test_a_closed_board_says_so() -> None:
    machine = boot(echoing())
    machine.close()
    machine.close()
    machine.stream.close()
    for use in (machine.counters, lambda: machine.read(0.0), lambda: machine.write(b"x")):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_a_program_outside_the_memories_is_refused() -> None:
    segments = (*program(echoing()).segments, (0x1000_0000, b"abcd"))
    with pytest.raises(UsageError, match="does not lie in the memories") as error:
        EmuMachine(Program(segments), board())
    assert error.value.found == "4 bytes at 0x10000000"


def test_initial_data_can_lie_in_ram() -> None:
    code = Thumb(ORIGIN)
    code.load(0, RAM + 0x100)
    code.ldr(1, 0)
    code.cmp(1, 7)
    code.b("right", "eq")
    code.half(0xDE00)
    code.label("right")
    code.wfi()
    segments = (*program(code).segments, (RAM + 0x100, b"\x07\0\0\0"))
    assert EmuMachine(Program(segments), board()).advance() is False


def test_boards_that_cannot_be_modelled_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot emulate the core 'cortex-a53'"):
        boot(echoing(), board("cortex-a53"))
    with pytest.raises(UsageError, match="no model of 'abacus'"):
        boot(echoing(), replace(board(), uart=Uart("abacus", 0x4000_2000, 1)))
    odd = {"flash": Region(0, 1000), "ram": Region(RAM, 1 << 18)}
    with pytest.raises(UsageError, match="flash cannot be emulated"):
        boot(echoing(), replace(board(), memory=odd))
    with pytest.raises(UsageError, match="cannot be mapped"):
        boot(echoing(), replace(board(), uart=Uart("nrf-uarte", RAM, 1)))


def test_a_missing_library_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be loaded") as error:
        load_native(tmp_path / "libarielml_emu.so")
    assert error.value.found == "no such file"
    assert "make setup" in str(error.value.advice)
