"""Runners that have one board, or whose virtual time is a count of instructions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_arielml.boards import Board
from pytest_arielml.errors import DeviceError
from pytest_arielml.firmware import Image
from pytest_arielml.runners import Counters, Machine, Runner, Runners, create_runner
from pytest_arielml.session import Workbench


class OnlyBoard:
    """One board that the next image takes from the one before it."""

    def __init__(self, runner: OnlyRunner, machine: Machine) -> None:
        self._runner = runner
        self._machine = machine

    @property
    def stream(self) -> Any:
        return self._machine.stream

    @property
    def displaced(self) -> bool:
        return self._runner.current is not self

    @property
    def instructions_per_second(self) -> int | None:
        return self._runner.rate

    def counters(self) -> Counters | None:
        return None

    def close(self) -> None:
        self._machine.close()


class OnlyRunner:
    name = "emu"

    def __init__(self, rate: int | None) -> None:
        self.rate = rate
        self.boots = 0
        self.current: OnlyBoard | None = None
        self._emu: Runner = create_runner("emu")

    def boot(self, image: Image, board: Board, *, timeout: float) -> OnlyBoard:
        if self.current is not None:
            self.current.close()
        self.boots += 1
        self.current = OnlyBoard(self, self._emu.boot(image, board, timeout=timeout))
        return self.current

    def close(self) -> None:
        pass


class One(Runners):
    def __init__(self, rate: int | None = None) -> None:
        super().__init__()
        self.runner = OnlyRunner(rate)

    def get(self, name: str) -> Runner:
        return self.runner


@pytest.fixture
def one() -> One:
    return One()


@pytest.fixture
def bench(one: One) -> Iterator[Workbench]:
    with Workbench("emu-nrf52840", runners=one) as bench:
        yield bench


X = np.ones((2, 4), np.float32)


def test_a_model_whose_board_was_taken_is_booted_again(
    one: One, bench: Workbench, models: Path
) -> None:
    scale = bench.deploy(models / "free.mlir")
    scale.run(X, np.float32(2)).assert_matches(2 * X)
    bench.deploy(models / "counter.mlir")
    scale.run(X, np.float32(3)).assert_matches(3 * X)
    scale.run(X, np.float32(4)).assert_matches(4 * X)
    assert one.runner.boots == 3


def test_what_a_model_kept_is_not_lost_in_silence(bench: Workbench, models: Path) -> None:
    counter = bench.deploy(models / "counter.mlir")
    assert counter.run(function="tick").output == 1
    bench.deploy(models / "free.mlir")
    with pytest.raises(DeviceError, match="what counter kept between calls is lost") as error:
        counter.run(function="tick")
    assert "another image took its place" in str(error.value)
    counter.reset()
    assert counter.run(function="tick").output == 1


def test_a_reset_of_a_taken_board_boots_it(one: One, bench: Workbench, models: Path) -> None:
    counter = bench.deploy(models / "counter.mlir")
    bench.deploy(models / "free.mlir")
    counter.reset()
    assert counter.run(function="tick").output == 1
    assert one.runner.boots == 3


def test_virtual_time_counts_instructions(models: Path) -> None:
    # One tick of the 16 MHz timer is 4 cycles; here each stands for 3 instructions.
    with Workbench("emu-nrf52840", runners=One(48_000_000)) as bench:
        scale = bench.deploy(models / "free.mlir")
        result = scale.run(X, np.float32(2))
        assert result.instructions is not None
        assert result.instructions % 3 == 0
        assert result.seconds == result.instructions / 64_000_000
        assert result.seconds_are_estimated
        assert scale.init_instructions is not None
        assert result.dispatches == ()
        assert result.overhead is None
    with Workbench("emu-nrf52840") as bench:
        exact = bench.deploy(models / "free.mlir").run(X, np.float32(2))
    assert exact.instructions is not None
    assert 0.5 < result.instructions / exact.instructions < 1.5


def test_hardware_measures_time_alone(bench: Workbench, models: Path) -> None:
    scale = bench.deploy(models / "free.mlir")
    result = scale.run(X, np.float32(2))
    assert result.instructions is None
    assert scale.init_instructions is None
    assert not result.seconds_are_estimated
    assert result.seconds > 0
