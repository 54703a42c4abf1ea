"""The Robot suite, run by Robot Framework against the stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stage import ROOT, StandIn

from pytest_arielml.runners.renode.platforms import platform_folder
from pytest_arielml.session import Workbench


@pytest.fixture(scope="session")
def image(models: Path) -> Path:
    with Workbench("emu-nrf52840") as bench:
        return bench.deploy(models / "free.mlir").firmware


def robot(standin: StandIn, image: Path, output: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "robot",
            "--outputdir",
            str(output),
            "--variable",
            f"IMAGE:{image}",
            "--variable",
            "BOARD:nrf52840",
            str(platform_folder() / "bringup.robot"),
        ],
        env=os.environ | {"RENODE_ROOT": str(standin.folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_suite_passes(standin: StandIn, image: Path, tmp_path: Path) -> None:
    done = robot(standin, image, tmp_path / "output")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 tests, 4 passed, 0 failed" in done.stdout
    assert len(standin.started()) == 1


def test_the_suite_fails_when_the_board_does_not_start(
    standin: StandIn, image: Path, tmp_path: Path
) -> None:
    standin.plan(fault="fail", at="StartEmulation")
    done = robot(standin, image, tmp_path / "output")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "it does not please me" in done.stdout
