"""The runner of `docs/add-a-runner.md` runs models, and ends what it starts."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_arielml import runners
from pytest_arielml.errors import GuestFault, Unavailable
from pytest_arielml.session import Settings, Workbench

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
QEMU = "qemu-system-arm -M mps2-an386 -display none -monitor none -serial stdio -kernel {elf}"


@pytest.fixture
def stdio(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The runner where its page says that it belongs."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setitem(runners._RUNNERS, "stdio", runners._Entry("stdio", runners._every_board))
    return monkeypatch


@pytest.mark.usefixtures("qemu")
def test_it_runs_a_model(stdio: pytest.MonkeyPatch, lenet5_model: Path) -> None:
    stdio.setenv("ARIELML_SIMULATOR", QEMU)
    image = np.random.default_rng(0).random((1, 1, 28, 28), np.float32)
    with Workbench("stdio-mps2-an386") as bench:
        lenet5 = bench.deploy(lenet5_model)
        lenet5.run(image).assert_matches(lenet5.reference(image), steps=1)


def test_what_it_starts_ends_with_the_bench(stdio: pytest.MonkeyPatch, models: Path) -> None:
    """A program that never answers: the wire gives up, and nothing is left running."""
    import stdio as module

    started = []
    boot = module.StdioRunner.boot

    def noted(*arguments: Any, **named: Any) -> Any:
        started.append(boot(*arguments, **named))
        return started[-1]

    stdio.setenv("ARIELML_SIMULATOR", "sleep 600")
    stdio.setattr(module.StdioRunner, "boot", noted)
    settings = Settings(timeout=0.5)
    with Workbench("stdio-mps2-an386", settings=settings) as bench, pytest.raises(GuestFault):
        bench.deploy(models / "counter.mlir")
    assert [machine.stream._process.poll() for machine in started] == [-signal.SIGKILL]


def test_a_simulator_that_ends_is_one_sentence(stdio: pytest.MonkeyPatch, models: Path) -> None:
    stdio.setenv("ARIELML_SIMULATOR", "false")
    with (
        Workbench("stdio-mps2-an386") as bench,
        pytest.raises(GuestFault, match="the simulator ended"),
    ):
        bench.deploy(models / "counter.mlir")


def test_without_a_simulator_it_says_how_to_name_one(stdio: pytest.MonkeyPatch) -> None:
    stdio.delenv("ARIELML_SIMULATOR", raising=False)
    with pytest.raises(Unavailable, match="there is no simulator"):
        runners.check_available("stdio")
