"""The models of the MPS2 boards: their UART, their timer, what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mps2 import INTERRUPTS, NAMES, SCS, boot, echo, load, start_uart, thumb
from thumb import Thumb

from pytest_arielml.boards import Board
from pytest_arielml.errors import GuestFault


@pytest.fixture(params=NAMES)
def board(request: pytest.FixtureRequest) -> Board:
    return load(request.param)


def test_bytes_go_through_the_uart_and_back(board: Board) -> None:
    code = thumb(board)
    echo(board, code)
    machine = boot(board, code)
    assert machine.read(0.2) == b""
    # Many at once, for a receiver that keeps one, and byte by byte.
    text = bytes(range(200))
    machine.write(text)
    assert machine.read(5.0) == text
    for byte in b"abc":
        machine.write(bytes([byte]))
        assert machine.read(5.0) == bytes([byte])
    machine.close()


def test_sleep_counts_nothing(board: Board) -> None:
    code = thumb(board)
    echo(board, code)
    machines = boot(board, code), boot(board, code)
    for machine, pauses in zip(machines, (1, 5), strict=True):
        for _ in range(pauses):
            machine.read(0.01)
        machine.write(b"x")
        assert machine.read(5.0) == b"x"
    assert machines[0].counters() == machines[1].counters()
    for machine in machines:
        machine.close()


def test_the_timer_falls_with_the_clock(board: Board) -> None:
    code = thumb(board)
    code.load(4, board.timer.base)
    code.store(board.timer.base + 0x08, 0xFFFF_FFFF)
    code.store(board.timer.base + 0x00, 1)
    code.ldr(2, 4, 0x04)
    code.load(7, 50_000)
    code.label("loop")
    code.subs(7, 1)
    code.b("loop", "ne")
    code.ldr(3, 4, 0x04)
    code.half(0xDE00)
    machine = boot(board, code)
    with pytest.raises(GuestFault) as fault:
        machine.advance()
    words = str(fault.value.found).split()
    registers = {name: int(word, 16) for name, word in zip(words[::2], words[1::2], strict=True)}
    fallen = registers["r2"] - registers["r3"]
    counters = machine.counters()
    # All but what comes before and after, a few dozen cycles.
    assert 100_000 <= fallen <= counters.cycles <= fallen + 64
    machine.close()


def test_floats_need_what_start_up_enables(board: Board) -> None:
    code = thumb(board)
    code.half(0xEE30, 0x0A20)  # vadd.f32 s0, s0, s1
    code.half(0xDE00)
    machine = boot(board, code)
    with pytest.raises(GuestFault) as fault:
        machine.advance()
    if board.cores[0].fpu:
        assert "FPU" in fault.value.what
        code = thumb(board)
        code.store(SCS + 0xD88, 0x00F0_0000)
        code.half(0xF3BF, 0x8F4F, 0xF3BF, 0x8F6F)  # dsb; isb
        code.half(0xEE30, 0x0A20)
        code.wfi()
        enabled = boot(board, code)
        assert enabled.advance() is False
        enabled.close()
    else:
        assert "without an FPU" in str(fault.value)
    machine.close()


def send_with_the_transmitter_off(board: Board, code: Thumb) -> None:
    code.store(board.uart.base, 1)


def send_without_baud_rate(board: Board, code: Thumb) -> None:
    code.store(board.uart.base + 0x08, 1)
    code.store(board.uart.base, 1)


def read_empty_uart(board: Board, code: Thumb) -> None:
    start_uart(board, code)
    code.load(0, board.uart.base)
    code.ldr(1, 0)
    code.ldr(1, 0)


def interrupt_unmasked(board: Board, code: Thumb) -> None:
    start_uart(board, code)
    code.half(0xB662)  # cpsie i
    code.wfi()


def interrupt_of_the_timer(board: Board, code: Thumb) -> None:
    code.store(board.timer.base, 1 | 1 << 3)


def write_the_image(board: Board, code: Thumb) -> None:
    code.store(board.flash.origin + 0x100, 1)


def write_below_ram(board: Board, code: Thumb) -> None:
    code.store(board.ram.origin - 0x0100_0000, 1)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (send_with_the_transmitter_off, "the transmitter off"),
        (send_without_baud_rate, "while BAUDDIV is 0"),
        (read_empty_uart, "the receive buffer is empty"),
        (interrupt_unmasked, "interrupt {interrupt} would be taken"),
        (interrupt_of_the_timer, "only enabling is modelled"),
        (write_the_image, "wrote 4 bytes at {image:#010x}"),
        (write_below_ram, "where {name} has no memory"),
    ],
)
def test_a_wrong_use_is_named(
    board: Board, fault: Callable[[Board, Thumb], None], text: str
) -> None:
    code = thumb(board)
    fault(board, code)
    code.nop()
    code.half(0xE7FE)  # b .
    machine = boot(board, code)
    machine.write(b"x")
    with pytest.raises(GuestFault) as caught:
        machine.advance(seconds=1.0)
    names = {"name": board.name, "interrupt": INTERRUPTS[board.name]}
    assert text.format(image=board.flash.origin + 0x100, **names) in str(caught.value)
    machine.close()
