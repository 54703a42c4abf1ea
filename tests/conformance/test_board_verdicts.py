"""Each judgement on a board's measurements must be able to fail, and say what is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from conformance.board import floats, verdicts
from conformance.board.verdicts import BoardError
from pytest_arielml.boards import Board, Core, load_board
from pytest_arielml.compiler import Cache
from pytest_arielml.firmware import Image, link_bringup
from pytest_arielml.wire import Greeting


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board("nrf52840")


@pytest.fixture(scope="module")
def image(board: Board) -> Image:
    return link_bringup(board, cache=Cache())


def with_core(board: Board, cpu: str, *, fpu: bool = False) -> Board:
    return dataclasses.replace(board, cores=(Core(cpu, fpu, 64_000_000),))


@pytest.mark.parametrize(
    ("changed", "value", "says"),
    [
        ("image_id", bytes(8), "image"),
        ("runtime_version", "0.0.9", "runtime version"),
        ("board", "rp2040", "board"),
        ("cores", 2, "number of cores"),
        ("clock_hz", 32_000_000, "clock in Hz"),
        ("ticks_hz", 1_000_000, "ticks a second"),
        ("stack_size", 8192, "stack"),
    ],
)
def test_a_greeting_that_differs(board: Board, changed: str, value: object, says: str) -> None:
    good = Greeting(1, "1.2", "nrf52840", b"12345678", 1024, 1, 64_000_000, 16_000_000, 1, 16384)
    verdicts.greeting(good, board, b"12345678", "1.2")
    with pytest.raises(BoardError, match=f"another {says}") as caught:
        verdicts.greeting(dataclasses.replace(good, **{changed: value}), board, b"12345678", "1.2")
    assert caught.value.advice


def test_a_layout_that_differs(board: Board, image: Image) -> None:
    places = [image.symbols.address(name) for name in verdicts._PLACES]
    top = image.symbols.address("__stack_top")
    good = (0, *places, top - 512, verdicts.COPIED, 0, 0x410F_C241)
    verdicts.layout(good, board, image.symbols)
    verdicts.layout((0xFFFF_FFFF, *good[1:]), board, image.symbols)
    for index, says in {
        0: "vectors from elsewhere",
        1: "arielml_module_start",
        10: "__arena_end",
        11: "stack pointer",
        12: "did not copy .data",
        13: "did not clear .bss",
        14: "is no cortex-m4",
    }.items():
        bad = list(good)
        bad[index] ^= 0x1_0010
        with pytest.raises(BoardError, match=says) as caught:
            verdicts.layout(tuple(bad), board, image.symbols)
        assert caught.value.expected != caught.value.found
    with pytest.raises(BoardError, match="number of values"):
        verdicts.layout(good[:-1], board, image.symbols)


def test_a_layout_of_another_ram(board: Board, image: Image) -> None:
    places = [image.symbols.address(name) for name in verdicts._PLACES]
    good = (0, *places, image.symbols.address("__stack_top"), verdicts.COPIED, 0, 0x410F_C241)
    for region, says in (
        (dataclasses.replace(board.ram, length=board.ram.length // 2), "arena does not end"),
        (dataclasses.replace(board.ram, origin=0x2000_1000), "stack does not begin"),
    ):
        other = dataclasses.replace(board, memory={"flash": board.flash, "ram": region})
        with pytest.raises(BoardError, match=says):
            verdicts.layout(good, other, image.symbols)


def test_a_walk_that_found_something(board: Board) -> None:
    arena = (0x2000_5000, 0x2004_0000)
    whole = (0x2000_5000, 0x3_B000)
    assert "241,664 bytes" in verdicts.walk((*whole, 0xEC00, 0, 0, 0, 0, 0), board, arena)
    for found, says in (
        ((30_000, 2, 0x2000_5000, 0x2000_5000, 0x2002_5000), "repeats after 128.0 KiB"),
        ((4, 2, 0x2000_5000, 0x2000_5000, 0x2002_5000), "bit 17 sticks at 1"),
        ((2, 2, 0x2000_5000, 0x2000_5000, 0x2002_5004), "are one cell"),
        ((1, 4, 0x2000_6000, 0, 0x20), "bit 5 sticks at 1"),
        ((1, 5, 0x2000_6000, 0xFFFF_FFFF, 0x7FFF_FFFF), "bit 31 sticks at 0"),
        ((9, 4, 0x2000_6000, 0, 0xFFFF), "wait states"),
    ):
        with pytest.raises(BoardError, match="does not keep") as caught:
            verdicts.walk((*whole, 0xEC00, *found), board, arena)
        assert says in str(caught.value)
    sparse = verdicts.walk((*whole, 0x100, 0, 0, 0, 0, 0), board, arena)
    assert "256 words of 241,664 bytes" in sparse
    with pytest.raises(BoardError, match="left out a part"):
        verdicts.walk((0x2000_5000, 0x1_0000, 0x4000, 0, 0, 0, 0, 0), board, arena)


def test_an_fpu_in_another_state(board: Board) -> None:
    verdicts.float_state((1, 0xF0_0000, 0, 0), board)
    for found, says in (
        ((0, 0, 0, 0), "disagree about the FPU"),
        ((1, 0x30_0000, 0, 0), "not fully on"),
        ((1, 0xF0_0000, 1 << 24, 0), "FPSCR has"),
        ((1, 0xF0_0000, 0, 1 << 25), "FPDSCR has"),
        ((1, 0xF0_0000, 1 << 22, 0), "FPSCR has"),
    ):
        with pytest.raises(BoardError, match=says):
            verdicts.float_state(found, board)
    soft = with_core(board, "cortex-m3")
    verdicts.float_state((0, 0, 0, 0), soft)
    with pytest.raises(BoardError, match="disagree"):
        verdicts.float_state((1, 0xF0_0000, 0, 0), soft)
    riscv = dataclasses.replace(
        with_core(board, "generic-rv32", fpu=True), architecture="riscv32imafc-unknown-none-elf"
    )
    verdicts.float_state((1, 1, 0, 0), riscv)
    with pytest.raises(BoardError, match="the FPU is off"):
        verdicts.float_state((1, 0, 0, 0), riscv)
    with pytest.raises(BoardError, match="another rounding"):
        verdicts.float_state((1, 1, 1 << 5, 0), riscv)


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
@pytest.mark.parametrize("offset", [1, 2, 3])
def test_unaligned_access_that_goes_wrong(kind: int, offset: int) -> None:
    before = bytes.fromhex("1032547698badcfe")
    size = 4 if kind <= 2 else 2
    after = bytearray(before)
    value = int.from_bytes(before[offset : offset + size], "little")
    if kind in (2, 4):
        value = 0xA1B2_C3D4 if kind == 2 else 0xE5F6
        after[offset : offset + size] = value.to_bytes(size, "little")
    good = (value, int.from_bytes(after[:4], "little"), int.from_bytes(after[4:], "little"))
    verdicts.unaligned_access(kind, offset, good)
    for index in range(3):
        bad = list(good)
        bad[index] ^= 0x100
        with pytest.raises(BoardError, match="goes wrong"):
            verdicts.unaligned_access(kind, offset, tuple(bad))


def test_what_cores_promise_of_odd_addresses(board: Board) -> None:
    for cpu in ("cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"):
        assert verdicts.unaligned(with_core(board, cpu)) == verdicts.WORKS
        assert not verdicts.may_lock_up(with_core(board, cpu))
    for cpu in ("cortex-m0", "cortex-m0plus"):
        assert verdicts.unaligned(with_core(board, cpu)) == verdicts.FAULTS
        assert verdicts.may_lock_up(with_core(board, cpu))
    riscv = dataclasses.replace(board, architecture="riscv32imafc-unknown-none-elf")
    assert verdicts.unaligned(riscv) == verdicts.EITHER


def test_atomics_that_are_none(board: Board) -> None:
    assert "10 additions" in verdicts.atomics((1, 42, 10, 1, 1), board)
    for found, says in (
        ((0, 0, 0, 0, 0), "other atomics than a cortex-m4: none"),
        ((1, 41, 10, 1, 1), "another sum"),
        ((1, 42, 10, 0, 1), "used up"),
        ((1, 42, 10, 1, 0), "cleared"),
    ):
        with pytest.raises(BoardError, match=says):
            verdicts.atomics(found, board)
    small = with_core(board, "cortex-m0plus")
    assert "none" in verdicts.atomics((0, 0, 0, 0, 0), small)
    with pytest.raises(BoardError, match="other atomics"):
        verdicts.atomics((1, 42, 10, 1, 1), small)
    for cpu, found, wrong in (
        ("rv32imc", (0, 0, 0, 0, 0), (2, 42, 10, 1, 1)),
        ("rv32imac", (2, 42, 10, 1, 1), (0, 0, 0, 0, 0)),
    ):
        riscv = dataclasses.replace(
            with_core(board, cpu), architecture="riscv32imc-unknown-none-elf"
        )
        verdicts.atomics(found, riscv)
        with pytest.raises(BoardError, match=f"other atomics than a {cpu}"):
            verdicts.atomics(wrong, riscv)


def test_a_sleep_that_goes_wrong() -> None:
    verdicts.sleep((1, 1, 1))
    verdicts.sleep((1, 2, 2))
    for index, says in enumerate(("masked", "becomes pending", "ends a sleep")):
        with pytest.raises(BoardError, match=says):
            verdicts.sleep(tuple(int(place != index) for place in range(3)))


@pytest.mark.parametrize(
    ("measured", "says"),
    [(16.2e6, "clock tree"), (32e6, "2 times too fast"), (1e6, "16 times too slow")],
)
def test_a_timer_at_another_rate(measured: float, says: str) -> None:
    assert "-0.500%" in verdicts.rate(15.92e6, 16e6, "the host's clock")
    with pytest.raises(BoardError, match="another rate") as caught:
        verdicts.rate(measured, 16e6, "the host's clock")
    assert says in (caught.value.advice or "")


@pytest.mark.parametrize("cycles", [0.4, 41.0])
def test_a_core_on_another_clock(cycles: float) -> None:
    verdicts.cycles_per_turn(3.0)
    with pytest.raises(BoardError, match="another time"):
        verdicts.cycles_per_turn(cycles)


@pytest.mark.parametrize("what", ["frames", "bytes sent", "bytes received"])
def test_traffic_that_was_repeated(what: str) -> None:
    wanted = {"frames": 2, "bytes sent": 2000, "bytes received": 1990}
    assert "3,990 bytes in 2.0 s, 2 kB/s" in verdicts.traffic(wanted, wanted, 2.0)
    with pytest.raises(BoardError, match=f"lost or damaged on the UART: {what}"):
        verdicts.traffic(wanted, {**wanted, what: wanted[what] + 1}, 2.0)


def test_ticks_that_go_on_after_a_reset() -> None:
    assert not verdicts.goes_on(load_board("nrf52840"))
    verdicts.restarted(10_000, 20, 1000)
    for before, after in ((10_000, 10_000), (10_000, 12_000), (900, 20)):
        with pytest.raises(BoardError, match="did not start anew"):
            verdicts.restarted(before, after, 1000)


def test_floats_are_those_of_ieee_754() -> None:
    assert floats.expected(1, 0x3F80_0000, 0x3380_0000) == 0x3F80_0000  # a tie goes to even
    assert floats.expected(1, 0x3F80_0001, 0x3380_0000) == 0x3F80_0002
    assert floats.expected(3, 0x0080_0000, 0x3F00_0000) == 0x0040_0000  # a subnormal
    assert floats.expected(4, 0x3F80_0000, 0) == 0x7F80_0000
    assert floats.expected(5, 0x4000_0000) == 0x3FB5_04F3
    assert floats.is_nan(floats.expected(5, 0xBF80_0000))
    # (1 + e)^2 - (1 + 2e) is e^2 when rounded once, and 0 when twice.
    once = floats.expected(6, 0x3F80_0001, 0x3F80_0001, 0xBF80_0002)
    assert np.uint32(once).view(np.float32) == np.float32(2.0**-46)
    assert floats.expected(7, 0xFFFF_FFFF) == 0xBF80_0000
    assert floats.expected(8, 0xBFC0_0000) == 0xFFFF_FFFF
    assert floats.expected(8, 0x7F80_0000) == 0x7FFF_FFFF
    assert floats.expected(9, 0x3F80_0000, 0x4000_0000) == 1
    assert floats.expected(9, 0x7FC0_0000, 0x7FC0_0000) == 0


@pytest.mark.parametrize(
    "broken",
    [
        lambda found: found if found & 0x7F80_0000 else found & 0x8000_0000,  # flushes to zero
        lambda found: found & ~1,  # a bit that sticks
        lambda found: found | 0x8000_0000 if found == 0 else found,  # a zero of the wrong sign
    ],
    ids=["flush to zero", "last bit", "sign of zero"],
)
def test_the_operations_find_an_fpu_that_is_off(broken: Callable[[int], int]) -> None:
    every = list(floats.vectors())
    assert all(vector.agrees(vector.expected) for vector in every)
    for operation in (1, 2, 3, 4, 6):
        found = [vector for vector in every if vector.operation == operation]
        assert any(not vector.agrees(broken(vector.expected)) for vector in found), operation
