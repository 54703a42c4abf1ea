"""The files of the STM32H745 and of a board with it."""

from __future__ import annotations

import pytest

from pytest_arielml.boards import Core, Region, Timer, Uart, load_board


@pytest.mark.parametrize(
    ("name", "hz"), [("stm32h745", 480_000_000), ("nucleo-h745zi-q", 400_000_000)]
)
def test_boards(name: str, hz: int) -> None:
    board = load_board(name)
    assert board.architecture == "thumbv7em-none-eabihf"
    assert board.cores[0] == Core("cortex-m7", True, hz)
    assert board.flash == Region(0x0800_0000, 1 << 20)
    assert board.ram == Region(0x2400_0000, 512 << 10)
    assert board.uart == Uart("stm32h7-usart", 0x4000_4800, 1_000_000)
    assert board.timer == Timer("stm32h7-tim", 0x4000_0000, 20_000_000)


def test_the_clock_that_a_nucleo_does_not_bear_is_never_flashed_into_one() -> None:
    assert load_board("stm32h745").serial is None
    assert load_board("nucleo-h745zi-q").serial is not None
