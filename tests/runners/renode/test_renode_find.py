"""Where Renode is looked for, and what is said when it is not there."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from stage import StandIn

from pytest_arielml.boards import load_board
from pytest_arielml.errors import Unavailable
from pytest_arielml.runners import RunnerOptions, check_available, create_runner
from pytest_arielml.runners.renode.find import find_program
from pytest_arielml.runners.renode.robot import KeywordFailed, integer

NOWHERE = {"PATH": "/nowhere"}


def test_a_program_or_its_folder(standin: StandIn) -> None:
    for given in (standin.program, standin.folder):
        found = find_program(given, NOWHERE)
        assert found.path == standin.program
        assert found.version == (1, 16, 1)
        assert str(found) == f"Renode 1.16.1, {standin.program}"


@pytest.mark.parametrize("name", ["RENODE_ROOT", "RENODE"])
def test_variables(standin: StandIn, name: str) -> None:
    for value in (standin.program, standin.folder):
        assert find_program(None, NOWHERE | {name: str(value)}).path == standin.program


def test_the_path(standin: StandIn) -> None:
    assert find_program(None, {"PATH": str(standin.folder)}).path == standin.program


def test_the_order(standin: StandIn, tmp_path: Path) -> None:
    variables = {"PATH": str(standin.folder), "RENODE": str(standin.folder)}
    with pytest.raises(Unavailable, match=f"there is no Renode at {tmp_path}") as error:
        find_program(None, variables | {"RENODE_ROOT": str(tmp_path)})
    assert error.value.where == "RENODE_ROOT"
    with pytest.raises(Unavailable) as error:
        find_program(tmp_path, variables)
    assert error.value.where == "--arielml-renode"
    assert error.value.found == f"{tmp_path / 'renode'} does not exist"


def test_a_file_that_is_no_program(standin: StandIn) -> None:
    standin.program.chmod(0o644)
    with pytest.raises(Unavailable) as error:
        find_program(standin.folder)
    assert error.value.found == f"{standin.program} is no program"


@pytest.mark.parametrize(
    ("system", "machine", "build"),
    [
        ("Linux", "x86_64", "v1.16.1/renode-1.16.1.linux-portable-dotnet.tar.gz"),
        ("Linux", "aarch64", "v1.16.1/renode-1.16.1.linux-arm64-portable-dotnet.tar.gz"),
        ("Windows", "AMD64", "v1.16.1/renode-1.16.1.windows-portable-dotnet.zip"),
        ("Plan 9", "68020", "https://github.com/renode/renode/releases\n"),
    ],
)
def test_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, build: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(Unavailable, match="Renode is not installed") as error:
        find_program(None, NOWHERE)
    advice = str(error.value.advice)
    assert build in advice
    assert "RENODE_ROOT=FOLDER" in advice
    assert "antmicro/renode-test-action@v4" in advice


@pytest.mark.parametrize(("version", "good"), [("1.14.0", False), ("1.15.3", True), ("2.0", True)])
def test_versions(standin: StandIn, version: str, good: bool) -> None:
    standin.plan(version=version)
    standin.program.touch()
    if good:
        assert find_program(standin.folder).version[:2] >= (1, 15)
        return
    with pytest.raises(Unavailable, match="Renode is too old") as error:
        find_program(standin.folder)
    assert error.value.expected == "Renode 1.15 or newer"
    assert error.value.found == "1.14.0"


def test_a_program_that_is_something_else(standin: StandIn) -> None:
    standin.program.write_text("#!/bin/sh\necho 'libicu not found'; exit 134\n")
    with pytest.raises(Unavailable, match="does not say its version") as error:
        find_program(standin.folder)
    assert error.value.found == "libicu not found"
    assert "libicu" in str(error.value.advice)


def test_robot_framework_is_asked_for(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    options = RunnerOptions(renode=standin.folder)
    assert check_available("renode", options, load_board("nrf52840")).startswith("Renode 1.16.1")
    monkeypatch.setattr("pytest_arielml.runners.renode.robot.find_spec", lambda name: None)
    for ask in (check_available, create_runner):
        with pytest.raises(Unavailable, match="Robot Framework is not installed") as error:
            ask("renode", options)
        assert error.value.advice == "pip install 'pytest-arielml[renode]'"


def test_numbers_of_the_monitor() -> None:
    assert integer("0x00000008\n\n") == 8
    assert integer(" 12 ") == 12
    with pytest.raises(KeywordFailed, match="expected a number, found 'eight'"):
        integer("eight")
