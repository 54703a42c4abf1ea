"""The UART of an emulated board, and sleeping for it."""

from __future__ import annotations

import signal
import time

import pytest
from emulated import ORIGIN, RAM, SCS, UART, boot, echo, start_uart
from thumb import Thumb

from pytest_arielml.runners.emu import EmuMachine


def read_exactly(machine: EmuMachine, length: int, timeout: float = 10.0) -> bytes:
    deadline = time.monotonic() + timeout
    got = b""
    while len(got) < length and time.monotonic() < deadline:
        got += machine.stream.read(1.0)
    return got


def spin() -> EmuMachine:
    code = Thumb(ORIGIN)
    code.label("spin")
    code.b("spin")
    return boot(code)


def test_echo_answers_every_byte() -> None:
    code = Thumb(ORIGIN)
    echo(code, add=1)
    machine = boot(code)
    assert machine.stream.read(0.0) == b""
    machine.stream.write(b"HAL")
    assert read_exactly(machine, 3) == b"IBM"
    data = bytes(range(255)) * 40
    machine.stream.write(data)
    assert read_exactly(machine, len(data)) == bytes(byte + 1 for byte in data)


def test_counts_do_not_depend_on_how_bytes_arrive() -> None:
    code = Thumb(ORIGIN)
    echo(code)
    together, apart = boot(code), boot(code)
    together.write(b"abcdef")
    assert read_exactly(together, 6) == b"abcdef"
    for byte in b"abcdef":
        apart.write(bytes([byte]))
        assert read_exactly(apart, 1) == bytes([byte])
    # Each sleep costs the instructions around it, and no more.
    assert 0 <= apart.counters().instructions - together.counters().instructions <= 6 * 10


def test_a_sleeping_guest_spends_no_instructions() -> None:
    code = Thumb(ORIGIN)
    echo(code)
    machine = boot(code)
    start = time.monotonic()
    assert machine.stream.read(0.2) == b""
    assert 0.2 <= time.monotonic() - start < 0.5
    before = machine.counters().instructions
    assert machine.stream.read(0.2) == b""
    assert machine.counters().instructions == before
    assert not machine.advance()


def test_wait_for_event_sleeps_too_and_masked_interrupts_do_not_end_it() -> None:
    code = Thumb(ORIGIN)
    start_uart(code)
    code.store(UART + 0x534, RAM + 0x2000)
    code.store(UART + 0x538, 1)
    code.store(UART + 0x000, 1)
    code.wfe()
    code.half(0xDE00)
    machine = boot(code)
    assert not machine.advance()
    machine.write(b"x")
    assert not machine.advance()


def test_a_hung_guest_ends_at_the_time_out() -> None:
    machine = spin()
    start = time.monotonic()
    assert machine.stream.read(0.3) == b""
    assert 0.3 <= time.monotonic() - start < 0.6
    assert machine.counters().instructions > 1_000_000


def test_a_guest_that_wakes_all_the_time_ends_at_the_time_out() -> None:
    code = Thumb(ORIGIN)
    start_uart(code)
    code.store(UART + 0x110, 1)  # ENDRX, never cleared
    code.label("loop")
    code.wfi()
    code.b("loop")
    machine = boot(code)
    start = time.monotonic()
    assert machine.stream.read(0.3) == b""
    assert 0.3 <= time.monotonic() - start < 0.6
    assert machine.counters().instructions > 1000


def test_a_guest_that_resets_all_the_time_ends_at_the_time_out() -> None:
    code = Thumb(ORIGIN)
    code.store(SCS + 0xD0C, 0x05FA_0004)
    machine = boot(code)
    start = time.monotonic()
    assert machine.stream.read(0.3) == b""
    assert 0.3 <= time.monotonic() - start < 0.6
    assert machine.resets > 100


def test_ctrl_c_works_while_the_guest_runs() -> None:
    machine = spin()

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            machine.stream.read(10.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - start < 0.5
    assert machine.advance()


def test_the_guest_can_reset_itself() -> None:
    code = Thumb(ORIGIN)
    code.load(0, RAM + 0x2000)
    code.ldr(1, 0)
    code.cmp(1, 3)
    code.b("done", "eq")
    code.adds(1, 1)
    code.str_(1, 0)
    code.store(SCS + 0xD0C, 0x05FA_0004)
    code.half(0xDE00)
    code.label("done")
    code.wfi()
    machine = boot(code)
    assert machine.advance() is False
    assert machine.resets == 3
    # Three times through the store, once to the end.
    assert machine.counters().instructions == 3 * 12 + 6


def test_a_reset_in_an_it_block_starts_clean() -> None:
    code = Thumb(ORIGIN)
    code.load(2, RAM + 0x2000)
    code.ldr(3, 2)
    code.movs(4, 1)
    code.str_(4, 2)
    code.cmp(3, 0)
    code.b("done", "ne")
    code.load(0, SCS + 0xD0C)
    code.load(1, 0x05FA_0004)
    code.cmp(3, 0)
    code.it("eq", 0b0001)  # itttt: three more after the store
    code.str_(1, 0)
    code.nop()
    code.nop()
    code.nop()
    code.half(0xDE00)
    code.label("done")
    code.wfi()
    machine = boot(code)
    assert machine.advance() is False
    assert machine.resets == 1
