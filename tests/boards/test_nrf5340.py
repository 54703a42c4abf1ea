"""The file of the nRF5340 DK."""

from __future__ import annotations

from pytest_arielml.boards import Core, Region, Timer, Uart, load_board

BOARD = load_board("nrf5340")


def test_board() -> None:
    assert BOARD.architecture == "thumbv8m.main-none-eabihf"
    assert BOARD.cores[0] == Core("cortex-m33", True, 128_000_000)
    assert BOARD.flash == Region(0, 1 << 20)
    assert BOARD.ram == Region(0x2000_0000, 512 << 10)
    # By the secure addresses: the core starts secure and stays so.
    assert BOARD.uart == Uart("nrf-uarte", 0x5000_8000, 1_000_000)
    assert BOARD.timer == Timer("nrf53-timer", 0x5000_F000, 16_000_000)
