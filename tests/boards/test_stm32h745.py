"""Images for the STM32H745: how they start, what they compute, what they cost."""

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


@pytest.fixture(scope="module", params=["stm32h745", "nucleo-h745zi-q"])
def deployment(request: pytest.FixtureRequest, lenet5_model: Path) -> Iterator[Deployment]:
    with Workbench(f"emu-{request.param}") as bench:
        yield bench.deploy(lenet5_model, cores=1)


def digits(lenet5_model: Path, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with np.load(lenet5_model.parent / "digits-500.npz") as file:
        images: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = (
            file["images"][:count].astype(np.float32)[:, None, None] / 255
        )
    return images


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


def test_vectors_lie_at_the_start_of_flash(deployment: Deployment) -> None:
    board = deployment.target.board
    symbols = deployment.image.symbols
    with deployment.image.elf.open("rb") as file:
        (data,) = (
            segment.data()
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_paddr"] == board.flash.origin
        )
    stack, reset = struct.unpack_from("<2I", data)
    assert stack == symbols.address("__stack_top")
    assert reset == symbols.address(f"arielml_reset_{board.name.replace('-', '_')}") | 1
    assert symbols.address("__stack_bottom") == board.ram.origin


def test_digits_are_those_of_the_golden(deployment: Deployment, lenet5_model: Path) -> None:
    count = 100
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
    # An instruction a cycle: no table is published for the Cortex-M7.
    assert first.seconds == first.instructions / deployment.target.board.cores[0].clock_hz
    assert deployment.size.flash <= 125 * 1024
    assert deployment.size.ram <= 19 * 1024


def test_it_says_what_it_is_and_resets(deployment: Deployment) -> None:
    board = deployment.target.board
    machine = create_runner("emu").boot(deployment.image, board, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    first = client.wait_for_greeting()
    assert (first.board, first.cores) == (board.name, len(board.cores))
    assert (first.clock_hz, first.ticks_hz) == (board.cores[0].clock_hz, board.timer.hz)
    assert first.stack_size == board.stack
    before = client.load()
    counters = machine.counters()
    assert counters is not None
    cycles = counters.spans["arielml_load"].cycles * board.timer.hz / board.cores[0].clock_hz
    # The ticks are of a little more than the function that is counted.
    assert cycles - 1 <= before.ticks <= cycles * 1.05
    assert client.reset() == first
    assert client.load().heap_peak == before.heap_peak
    machine.close()
