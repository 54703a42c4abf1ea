"""Boards that are broken on purpose: the suite must find each, and say what it is."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from unicorn import unicorn_const

from conformance.board import test_clock, test_core, test_start, test_uart, verdicts
from conformance.board.bench import Bench
from conformance.board.verdicts import BoardError
from pytest_arielml.boards import Board, Core, Region, load_board
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners import create_runner
from pytest_arielml.runners.base import ByteStream
from pytest_arielml.runners.emu import EmuMachine, native
from pytest_arielml.runners.emu.engine import Engine
from pytest_arielml.wire import Check

BOARD = load_board("nrf52840")
Made = Callable[..., Bench]


def with_ram(length: int) -> Board:
    ram = Region(BOARD.ram.origin, length)
    return dataclasses.replace(BOARD, memory={"flash": BOARD.flash, "ram": ram})


@pytest.fixture
def bench() -> Iterator[Made]:
    made: list[Bench] = []

    def make(board: Board = BOARD, **options: Any) -> Bench:
        made.append(Bench(board, create_runner("emu"), Cache(), timeout=5, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Notes(list[str]):
    def __call__(self, words: str) -> None:
        self.append(words)


def engine_of(bench: Bench) -> Engine:
    bench.boot()
    assert bench._up is not None
    machine = bench._up[0]
    assert isinstance(machine, EmuMachine)
    return machine._engine


def test_a_good_board_passes(bench: Made) -> None:
    good, notes = bench(), Notes()
    test_start.test_layout(good, notes)
    test_core.test_ram_keeps_what_is_written(good, notes)
    test_clock.test_timer_rate(good, notes)
    assert "243,328 bytes" in notes[1]


def test_less_ram_than_the_file_says(bench: Made) -> None:
    """The walk runs into nothing, the fault is told as what it is."""
    broken = bench(with_ram(512 * 1024), actual=BOARD)
    with pytest.raises(BoardError, match="faulted while it walked") as caught:
        test_core.test_ram_keeps_what_is_written(broken, Notes())
    assert "larger than the chip's" in str(caught.value)
    assert "0x20040000" in str(caught.value)


def test_a_large_ram_is_tried_in_odd_strides(bench: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [test_core.stride(mib << 20) for mib in (1, 4, 8, 64, 512)] == [1, 1, 3, 17, 129]
    monkeypatch.setattr(test_core, "MOST", 64 * 1024)
    test_core.test_ram_keeps_what_is_written(bench(), notes := Notes())
    assert "20,278 words of 243,328 bytes" in notes[0]


def test_ram_that_repeats(bench: Made) -> None:
    """The upper half of what the file promises is the lower once more."""
    broken = bench(with_ram(512 * 1024), actual=BOARD)
    engine = engine_of(broken)
    memory = engine._memories[[*BOARD.memory].index("ram")]
    view = (ctypes.c_char * BOARD.ram.length).from_buffer(memory)
    address = ctypes.addressof(view)
    del view
    error = engine.library.map(
        engine._board, BOARD.ram.end, BOARD.ram.length, address, native.WRITABLE
    )
    assert error == 0
    # The stack and static data, which lie lowest, are hit from above: it may go
    # down before it can tell.
    with pytest.raises((BoardError, GuestFault)) as caught:
        test_core.test_ram_keeps_what_is_written(broken, Notes())
    assert caught.value.advice


def test_the_upper_half_of_the_arena_repeats_and_is_named(bench: Made) -> None:
    """One address line of the upper half leads nowhere; what runs lies below."""
    broken = bench(with_ram(512 * 1024), actual=BOARD)
    engine = engine_of(broken)
    quarter = BOARD.ram.length // 2
    memory = (ctypes.c_char * quarter)()
    for place in (BOARD.ram.end, BOARD.ram.end + quarter):
        error = engine.library.map(
            engine._board, place, quarter, ctypes.addressof(memory), native.WRITABLE
        )
        assert error == 0
    with pytest.raises(BoardError, match="does not keep") as caught:
        test_core.test_ram_keeps_what_is_written(broken, Notes())
    assert "RAM repeats after 128.0 KiB" in str(caught.value)
    assert "0x20040000" in str(caught.value)
    broken.close()
    del memory


@pytest.mark.parametrize("stuck", [0, 1])
def test_a_bit_that_sticks(bench: Made, stuck: int) -> None:
    broken = bench()
    engine = engine_of(broken)
    memory = engine._memories[[*BOARD.memory].index("ram")]
    address, bit = 0x2001_2344, 13
    offset = address - BOARD.ram.origin + bit // 8

    def before_reading(*_: object) -> None:
        mask = 1 << bit % 8
        memory[offset] = memory[offset] | mask if stuck else memory[offset] & ~mask

    kind = ctypes.CFUNCTYPE(
        None, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64, ctypes.c_int, ctypes.c_int64,
        ctypes.c_void_p,
    )  # fmt: skip
    hook, number = kind(before_reading), ctypes.c_size_t()
    error = engine._unicorn.uc_hook_add(
        engine._handles[0],
        ctypes.byref(number),
        unicorn_const.UC_HOOK_MEM_READ,
        hook,
        None,
        ctypes.c_uint64(address),
        ctypes.c_uint64(address + 3),
    )
    assert error == 0
    with pytest.raises(BoardError, match="does not keep") as caught:
        test_core.test_ram_keeps_what_is_written(broken, Notes())
    assert f"bit {bit} sticks at {stuck}" in str(caught.value)
    assert f"{address:#010x}" in str(caught.value)
    broken.close()


def test_a_core_on_half_its_clock(bench: Made) -> None:
    """The timer ticks right, the core is slow: ticks and cycles do not agree."""
    slow = dataclasses.replace(BOARD, cores=(Core("cortex-m4", True, 32_000_000),))
    with pytest.raises(BoardError, match="another rate") as caught:
        test_clock.test_timer_rate(bench(actual=slow), Notes())
    assert "2 times too fast" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"timer": dataclasses.replace(BOARD.timer, hz=1_000_000)}, "ticks a second"),
        ({"cores": (Core("cortex-m4", True, 48_000_000),)}, "clock in Hz"),
    ],
)
def test_a_file_with_another_clock(bench: Made, changed: dict[str, Any], says: str) -> None:
    claimed = dataclasses.replace(BOARD, **changed)
    with pytest.raises(BoardError, match=f"another {says}"):
        test_start.test_greeting(bench(claimed, actual=BOARD), Notes())


def test_a_file_with_another_core(bench: Made) -> None:
    """A Cortex-M0+ would fault at an odd address; this one goes on."""
    claimed = dataclasses.replace(BOARD, cores=(Core("cortex-m0plus", False, 64_000_000),))
    broken = bench(claimed, actual=BOARD)
    for check, says in (
        (test_core.test_unaligned_access, "does not do what the core promises"),
        (test_core.test_atomics, "other atomics"),
        (test_core.test_float_unit_is_set_up, "disagree about the FPU"),
        (test_start.test_layout, "is no cortex-m0plus"),
    ):
        with pytest.raises(BoardError, match=says):
            check(broken, Notes())


class Lossy:
    """Loses one byte of every `every` that the board sends."""

    def __init__(self, stream: ByteStream, every: int) -> None:
        self._stream = stream
        self._every = every
        self._count = 0

    def write(self, data: bytes) -> None:
        self._stream.write(data)

    def read(self, timeout: float) -> bytes:
        kept = bytearray()
        for byte in self._stream.read(min(timeout, 0.01)):
            self._count += 1
            if self._count % self._every:
                kept.append(byte)
        return bytes(kept)

    def close(self) -> None:
        self._stream.close()


def test_a_uart_that_loses_a_byte(bench: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client makes up for it; the suite does not let it pass."""
    monkeypatch.setattr(test_uart, "TOTAL", 20_000)
    test_uart.test_a_megabyte_comes_back(bench(), notes := Notes())
    assert "kB/s" in notes[0]
    broken = bench(wrap=lambda stream: Lossy(stream, 15_013))
    with pytest.raises(BoardError, match="lost or damaged on the UART: frames") as caught:
        test_uart.test_a_megabyte_comes_back(broken, Notes())
    assert caught.value.expected == "20"
    assert caught.value.found == "21"


def test_a_stack_overflow_that_goes_unnoticed(bench: Made) -> None:
    """Something writable lies below RAM."""
    broken = bench()
    engine = engine_of(broken)
    below = (ctypes.c_char * 0x8000)()
    error = engine.library.map(
        engine._board, BOARD.ram.origin - 0x8000, 0x8000, ctypes.addressof(below), native.WRITABLE
    )
    assert error == 0
    with pytest.raises(BoardError, match="goes unnoticed"):
        test_core.test_stack_overflow_is_reported(broken, Notes())
    broken.close()
    del below


def test_a_board_that_is_silent_after_a_fault(bench: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_core, "PATIENCE", 0.2)
    board = bench()

    def silent(check: Check, *arguments: int, timeout: float | None = None) -> Any:
        raise GuestFault(f"no answer to CHECK within {timeout:g} s")

    monkeypatch.setattr(board, "check", silent)
    for check, says in (
        (test_core.test_unaligned_access, "says nothing after a load of a word"),
        (test_core.test_a_masked_interrupt_ends_a_sleep, "did not come back from a sleep"),
        (test_core.test_stack_overflow_is_reported, "not reported as one"),
    ):
        with pytest.raises(BoardError, match=says) as caught:
            check(board, Notes())
        assert caught.value.advice


def test_wrong_results_of_a_float(bench: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    board = bench()
    real = board.check

    def flushed(check: Check, *arguments: int, timeout: float | None = None) -> Any:
        reply = real(check, *arguments)
        (bits,) = reply.values
        return dataclasses.replace(reply, values=(bits if bits & 0x7F80_0000 else 0,))

    monkeypatch.setattr(board, "check", flushed)
    with pytest.raises(BoardError, match="computed wrong") as caught:
        test_core.test_floats_are_exact(board, Notes())
    assert "flush-to-zero" in str(caught.value)


def test_the_suite_says_what_is_wrong_without_a_traceback(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user sees it: a board of one's own whose file promises too much RAM."""
    text = (Path(verdicts.__file__).parents[2] / "pytest_arielml/boards/nrf52840.toml").read_text()
    mine = pytester.path / "mine.toml"
    mine.write_text(text.replace('name = "nrf52840"', 'name = "mine"\nsupport = "nrf52840"'))
    suite = Path(verdicts.__file__).parent
    result = pytester.runpytest_subprocess(
        suite / "test_core.py",
        f"--rootdir={suite.parents[1]}",
        f"--arielml-target=emu-{mine}",
        "-k",
        "atomics or float_unit",
    )
    result.assert_outcomes(passed=2)
    mine.write_text(mine.read_text().replace("fpu = true", "fpu = false"))
    result = pytester.runpytest_subprocess(
        suite / "test_core.py",
        f"--rootdir={suite.parents[1]}",
        f"--arielml-target=emu-{mine}",
        "-k",
        "atomics or float_unit",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["a floating-point instruction at * on a core without an FPU"])
    result.stdout.no_fnmatch_line("*verdicts.py*")
