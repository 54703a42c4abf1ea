"""What a model keeps between calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.errors import DeviceError, GuestFault, Refused
from pytest_arielml.session import Deployment, Settings, Workbench

X = np.array([1, 2, 3, 4], np.float32)
FOREVER = np.array(1 << 62)


@pytest.fixture
def counter(bench: Workbench, models: Path) -> Deployment:
    deployment = bench.deploy(models / "counter.mlir")
    deployment.reset()
    return deployment


@pytest.fixture
def hasty(models: Path) -> Iterator[Deployment]:
    """The same, given up after two seconds without an answer."""
    with Workbench("emu-nrf52840", settings=Settings(timeout=2.0)) as bench:
        yield bench.deploy(models / "counter.mlir")


def ticks(deployment: Deployment) -> int:
    return int(deployment.run(function="tick").output)


def test_each_call_sees_what_the_last_one_left(counter: Deployment) -> None:
    for call in range(1, 6):
        counter.run(X, function="add").assert_matches(call * X)
        assert ticks(counter) == call


def test_reset_gives_the_initial_values_again(counter: Deployment) -> None:
    for _ in range(2):
        counter.run(X, function="add").assert_matches(X)
        assert ticks(counter) == 1
        counter.reset()


def test_resets_do_not_add_up_in_memory(counter: Deployment) -> None:
    peaks = set()
    for _ in range(5):
        peaks.add(counter.run(X, function="add").memory.heap_peak)
        counter.reset()
    assert len(peaks) == 1


def test_the_same_deployment_has_the_same_state(
    bench: Workbench, counter: Deployment, models: Path
) -> None:
    ticks(counter)
    again = bench.deploy(models / "counter.mlir")
    assert again is counter
    assert ticks(again) == 2


def test_state_survives_a_call_that_fails(counter: Deployment) -> None:
    counter.run(X, function="add")
    assert ticks(counter) == 1
    with pytest.raises(Refused):
        counter.run(np.array(-1, np.int32), function="positive")
    assert ticks(counter) == 2
    counter.run(X, function="add").assert_matches(2 * X)


def test_a_restart_loses_the_state_and_says_so(hasty: Deployment) -> None:
    assert ticks(hasty) == 1
    with pytest.raises(GuestFault, match="no answer to CALL"):
        hasty.run(FOREVER, function="count")
    for _ in range(2):
        with pytest.raises(DeviceError, match="what counter kept between calls is lost") as caught:
            ticks(hasty)
    assert "no answer to CALL" in str(caught.value.found)
    assert "reset()" in str(caught.value.advice)
    hasty.reset()
    assert ticks(hasty) == 1


def test_a_restart_before_anything_was_kept_loses_nothing(hasty: Deployment) -> None:
    with pytest.raises(GuestFault):
        hasty.run(FOREVER, function="count")
    assert ticks(hasty) == 1


def test_closing_on_purpose_starts_anew(counter: Deployment) -> None:
    ticks(counter)
    counter.close()
    assert ticks(counter) == 1


def test_the_reference_starts_from_the_initial_values(counter: Deployment) -> None:
    counter.run(X, function="add")
    for _ in range(2):
        counter.reference(X, function="add")
    counter.reset()
    counter.run(X, function="add").assert_matches(counter.reference(X, function="add"))
