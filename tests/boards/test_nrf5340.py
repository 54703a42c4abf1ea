"""An image for the nRF5340 DK: how it starts, what it computes, what it costs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from pytest_arielml.boards import Core, Region, Timer, Uart, load_board
from pytest_arielml.golden import read
from pytest_arielml.runners import create_runner
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.wire import Client

ROOT = Path(__file__).parents[2]
BOARD = load_board("nrf5340")


@pytest.fixture(scope="module")
def deployment(lenet5_model: Path) -> Iterator[Deployment]:
    with Workbench("emu-nrf5340") as bench:
        yield bench.deploy(lenet5_model, cores=1)


def digits(lenet5_model: Path, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with np.load(lenet5_model.parent / "digits-500.npz") as file:
        images: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = (
            file["images"][:count].astype(np.float32)[:, None, None] / 255
        )
    return images


def test_board() -> None:
    assert BOARD.architecture == "thumbv8m.main-none-eabihf"
    assert BOARD.cores[0] == Core("cortex-m33", True, 128_000_000)
    assert BOARD.flash == Region(0, 1 << 20)
    assert BOARD.ram == Region(0x2000_0000, 512 << 10)
    # By the secure addresses: the core starts secure and stays so.
    assert BOARD.uart == Uart("nrf-uarte", 0x5000_8000, 1_000_000)
    assert BOARD.timer == Timer("nrf53-timer", 0x5000_F000, 16_000_000)


def test_vectors_lie_at_the_start_of_flash(deployment: Deployment) -> None:
    symbols = deployment.image.symbols
    with deployment.image.elf.open("rb") as file:
        (data,) = (
            segment.data()
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_paddr"] == BOARD.flash.origin and segment["p_filesz"]
        )
    stack, reset = struct.unpack_from("<2I", data)
    assert stack == symbols.address("__stack_top")
    assert reset == symbols.address("arielml_reset_nrf5340") | 1
    assert symbols.address("__stack_bottom") == BOARD.ram.origin


def test_digits_are_those_of_the_golden(deployment: Deployment, lenet5_model: Path) -> None:
    count = 200
    expected = read(ROOT / "golden" / "lenet5-int8.npz").outputs[0][:count]
    found = np.stack([deployment.run(image).output for image in digits(lenet5_model, count)])
    np.testing.assert_array_equal(found, expected)


def test_costs(deployment: Deployment, lenet5_model: Path) -> None:
    """Ceilings that a change may lower and must not raise unawares."""
    (image,) = digits(lenet5_model, 1)
    deployment.run(image)
    first, second = deployment.run(image), deployment.run(image)
    assert first.instructions == second.instructions
    assert first.memory == second.memory
    assert first.instructions is not None
    assert first.overhead is not None
    assert first.instructions <= 1_260_000
    assert first.overhead <= 25_000
    # An instruction a cycle: no table is published for the Cortex-M33.
    assert first.seconds == first.instructions / BOARD.cores[0].clock_hz
    assert deployment.size.flash <= 124 * 1024
    assert deployment.size.ram <= 19 * 1024


def test_it_says_what_it_is_and_resets(deployment: Deployment) -> None:
    machine = create_runner("emu").boot(deployment.image, BOARD, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    first = client.wait_for_greeting()
    assert (first.board, first.cores) == ("nrf5340", len(BOARD.cores))
    assert (first.clock_hz, first.ticks_hz) == (BOARD.cores[0].clock_hz, BOARD.timer.hz)
    assert first.stack_size == BOARD.stack
    before = client.load()
    counters = machine.counters()
    assert counters is not None
    ticks = counters.spans["arielml_load"].cycles / 8
    # The ticks are of a little more than the function that is counted.
    assert ticks - 1 <= before.ticks <= ticks * 1.05
    assert client.reset() == first
    assert client.load().heap_peak == before.heap_peak
    machine.close()
