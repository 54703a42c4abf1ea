"""A LeNet-5 on every emulated board that holds one: results, costs, what the board says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.boards import Board, board_names, load_board
from pytest_arielml.golden import read
from pytest_arielml.runners.emu.machine import EmuMachine
from pytest_arielml.runners.emu.runner import EmuRunner
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.wire import Client

ROOT = Path(__file__).parents[2]
#: 16 KiB of RAM are too few; `host` is no board.
ELSEWHERE = {"microbit", "host"}


@dataclass(frozen=True)
class Ceilings:
    """What one core may take for a digit. A change may lower it and must not raise it unawares.

    `overhead` is in instructions, `flash` and `ram` are in KiB, `milliseconds` by
    the published timings of the core: None where there are none, and an
    instruction takes a cycle.
    """

    instructions: int
    overhead: int = 24_500
    flash: float = 126
    ram: float = 13.5
    milliseconds: float | None = None


# With `compiler_builtins`' floats it would be 7,600,000 without an FPU.
CEILINGS = {
    "nrf52840": Ceilings(760_000, flash=122, milliseconds=14.9),
    "stm32f4": Ceilings(760_000, flash=122, milliseconds=5.7),
    "mps2-an386": Ceilings(760_000, flash=122, milliseconds=38.1),
    "stm32h745": Ceilings(749_000, flash=129.5),
    "nucleo-h745zi-q": Ceilings(749_000, flash=129.5),
    "mps2-an500": Ceilings(749_000, flash=125.5),
    "nrf5340": Ceilings(757_000),
    "rp2350": Ceilings(757_000),
    "mps2-an505": Ceilings(757_000, flash=122),
    "mps2-an521": Ceilings(1_181_000),
    "mps2-an385": Ceilings(1_181_000, flash=122.5, milliseconds=77),
    "rp2040": Ceilings(2_658_000, overhead=30_500, flash=131.5, milliseconds=31.8),
    "riscv-virt": Ceilings(1_563_000, overhead=27_500, flash=132.5),
    "esp32c3": Ceilings(1_645_000, overhead=27_300, flash=137),
    "esp32c6": Ceilings(1_645_000, overhead=27_300, flash=137.5),
}


@pytest.fixture(scope="module", params=sorted(set(board_names()) - ELSEWHERE))
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(str(request.param))


@pytest.fixture(scope="module")
def deployment(board: Board, lenet5_model: Path) -> Iterator[Deployment]:
    with Workbench(f"emu-{board.name}") as bench:
        yield bench.deploy(lenet5_model, cores=1)


@pytest.fixture
def started(board: Board, deployment: Deployment) -> Iterator[tuple[EmuMachine, Client]]:
    machine = EmuRunner().boot(deployment.image, board, timeout=5.0)
    yield machine, Client(machine.stream, timeout=5.0)
    machine.close()


def digits(lenet5_model: Path, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with np.load(lenet5_model.parent / "digits-500.npz") as file:
        images: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = (
            file["images"][:count].astype(np.float32)[:, None, None] / 255
        )
    return images


def test_digits_are_those_of_the_golden(deployment: Deployment, lenet5_model: Path) -> None:
    count = 100
    expected = read(ROOT / "golden" / "lenet5-int8.npz").outputs[0][:count]
    found = np.stack([deployment.run(image).output for image in digits(lenet5_model, count)])
    np.testing.assert_array_equal(found, expected)


def test_costs(board: Board, deployment: Deployment, lenet5_model: Path) -> None:
    ceilings = CEILINGS[board.name]
    (image,) = digits(lenet5_model, 1)
    deployment.run(image)
    first, second = deployment.run(image), deployment.run(image)
    assert first.instructions == second.instructions
    assert first.memory == second.memory
    assert first.instructions is not None
    assert first.overhead is not None
    assert first.seconds is not None
    assert first.instructions <= ceilings.instructions
    assert first.overhead <= ceilings.overhead
    if ceilings.milliseconds is None:
        assert first.seconds == first.instructions / board.cores[0].clock_hz
    else:
        assert first.seconds * 1e3 <= ceilings.milliseconds
    assert max(first.memory.stack_peak) <= 1536
    assert deployment.size.flash <= ceilings.flash * 1024
    assert deployment.size.ram <= ceilings.ram * 1024


def test_it_says_what_it_is_and_resets(board: Board, started: tuple[EmuMachine, Client]) -> None:
    machine, client = started
    first = client.wait_for_greeting()
    assert (first.board, first.cores) == (board.name, len(board.cores))
    assert (first.clock_hz, first.ticks_hz) == (board.cores[0].clock_hz, board.timer.hz)
    assert first.stack_size == board.stack
    before = client.load()
    assert client.reset() == first
    assert machine.resets == 1
    assert client.load().heap_peak == before.heap_peak


def test_ticks_are_those_of_the_file(board: Board, started: tuple[EmuMachine, Client]) -> None:
    machine, client = started
    client.wait_for_greeting()
    loaded = client.load()
    cycles = machine.counters().spans["arielml_load"].cycles
    ticks = cycles * board.timer.hz / board.cores[0].clock_hz
    # They are of a little more than the function that is counted.
    assert ticks - 1 <= loaded.ticks <= ticks * 1.05
