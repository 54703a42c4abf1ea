"""A board of the user's own as a target: RUNNER-PATH.toml."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_arielml import boards
from pytest_arielml.errors import UsageError
from pytest_arielml.session import Target, Workbench


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    text = (Path(boards.__file__).parent / "nrf52840.toml").read_text("utf-8")
    path = tmp_path / "my-board.toml"
    path.write_text(text.replace('name = "nrf52840"', 'name = "mine"\nsupport = "nrf52840"'))
    return path


def test_a_path_is_a_target(mine: Path) -> None:
    target = Target.parse(f"emu-{mine}")
    assert (target.runner, target.board.name, target.cores) == ("emu", "mine", 1)
    assert Target.parse(target.name) == target


def test_a_path_from_the_folder_that_one_is_in(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.parent)
    assert Target.parse("emu-my-board.toml").board.name == "mine"


def test_models_run_there(mine: Path, lenet5_model: Path) -> None:
    with Workbench(f"emu-{mine}") as bench:
        deployment = bench.deploy(lenet5_model)
        image = np.zeros((1, 1, 28, 28), np.float32)
        deployment.run(image).assert_matches(bench.reference(lenet5_model, image), steps=1)


def test_what_is_wrong_with_one_is_said(mine: Path) -> None:
    for name, says in (
        (f"emo-{mine}", "unknown runner in target"),
        (str(mine), "unknown runner in target"),
        ("emu-/no/such/board.toml", "cannot be read"),
    ):
        with pytest.raises(UsageError, match=says):
            Target.parse(name)
    mine.write_text(mine.read_text().replace("clock_hz", "clok_hz"))
    with pytest.raises(UsageError, match="clok_hz"):
        Target.parse(f"emu-{mine}")
    mine.write_text(mine.read_text().replace("clok_hz", "clock_hz"))
    with pytest.raises(UsageError, match="cannot run on 3 cores"):
        Target.parse(f"emu-{mine}", cores=3)
