"""The example with memories that take their time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.runners import RunnerOptions
from pytest_arielml.session import Result, Settings, Target, Workbench

BOARDS = ("rp2040", "stm32f4")
CALLS = 3


def calls(board: str, model: Path, *, bus_model: bool, cores: int = 1) -> list[Result]:
    """The same call some times, from power-on."""
    with np.load(model.parent / "digits-500.npz") as digits:
        image = digits["images"][:1].astype(np.float32)[:, None] / 255
    settings = Settings(runner=RunnerOptions(bus_model=bus_model))
    target = Target.parse(f"emu-{board}", cores=cores)
    with Workbench(target, settings=settings) as bench:
        deployment = bench.deploy(model)
        return [deployment.run(image) for _ in range(CALLS)]


@pytest.fixture(scope="module", params=BOARDS)
def results(
    request: pytest.FixtureRequest, lenet5_model: Path
) -> tuple[str, list[Result], list[Result]]:
    """The board's name; without the model; with it."""
    plain, waiting = (
        calls(request.param, lenet5_model, bus_model=model) for model in (False, True)
    )
    return request.param, plain, waiting


def test_only_time_is_another(results: tuple[str, list[Result], list[Result]]) -> None:
    _, plain, waiting = results
    for without, with_it in zip(plain, waiting, strict=True):
        assert with_it.instructions == without.instructions
        assert [d.instructions for d in with_it.dispatches] == [
            d.instructions for d in without.dispatches
        ]
        np.testing.assert_array_equal(with_it.output, without.output)
        assert with_it.seconds > without.seconds
        assert with_it.seconds_are_estimated


def test_a_call_after_its_like_finds_the_caches_as_that_one_did(
    results: tuple[str, list[Result], list[Result]],
) -> None:
    _, _, (_, second, third) = results
    assert third.seconds == second.seconds


def test_the_same_calls_take_the_same_time(
    results: tuple[str, list[Result], list[Result]], lenet5_model: Path
) -> None:
    board, _, waiting = results
    again = calls(board, lenet5_model, bus_model=True)
    assert [result.seconds for result in again] == [result.seconds for result in waiting]


def test_two_cores_wait_for_each_other(lenet5_model: Path) -> None:
    (_, one, _), (_, two, _), again = (
        calls("rp2040", lenet5_model, bus_model=True, cores=cores) for cores in (1, 2, 2)
    )
    np.testing.assert_array_equal(two.output, one.output)
    # Together they are faster, but share one serial flash.
    assert 0.5 * one.seconds < two.seconds < one.seconds
    assert again[1].seconds == two.seconds
    assert again[1].instructions == two.instructions
