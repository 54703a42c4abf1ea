"""Finding QEMU: what is used, and what is said when it is not there or too old."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_arielml.boards import load_board
from pytest_arielml.boards.board import Qemu
from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.runners import RunnerOptions, check_available, create_runner, runs
from pytest_arielml.runners.qemu.command import command_line
from pytest_arielml.runners.qemu.program import find_program

SAYS = "QEMU emulator version {} (Debian 1:{})"


def stand_in(path: Path, said: str, *, mode: int = 0o755) -> Path:
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(mode)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stand_in(tmp_path / "qemu-system-arm", SAYS.format("7.2.22", "7.2+dfsg"))
    stand_in(tmp_path / "qemu-system-riscv32", SAYS.format("10.1.0", "10.1.0"))
    stand_in(tmp_path / "mine", SAYS.format("8.0", "8.0"))
    return tmp_path


def test_a_folder_is_searched(folder: Path) -> None:
    program = find_program("arm", folder)
    assert program.path == folder / "qemu-system-arm"
    assert program.version == (7, 2, 22)
    assert str(program) == f"qemu-system-arm 7.2.22, {folder}/qemu-system-arm"


def test_the_program_for_one_system_says_where_the_others_are(folder: Path) -> None:
    program = find_program("riscv32", folder / "qemu-system-arm")
    assert program.path == folder / "qemu-system-riscv32"
    assert program.version == (10, 1, 0)


def test_a_program_of_another_name_is_taken_at_its_word(folder: Path) -> None:
    assert find_program("arm", folder / "mine").version == (8, 0, 0)


def test_path_is_searched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    assert find_program("arm", None).path == folder / "qemu-system-arm"


def test_none_on_path_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="qemu-system-arm is not installed") as error:
        find_program("arm", None)
    assert "apt-get install qemu-system-arm" in str(error.value.advice)


def test_none_where_it_was_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="there is no qemu-system-arm at") as error:
        find_program("arm", tmp_path)
    assert error.value.found == f"{tmp_path}/qemu-system-arm does not exist"
    with pytest.raises(Unavailable, match="there is no"):
        find_program("arm", tmp_path / "nowhere" / "qemu")
    text = stand_in(tmp_path / "qemu-system-arm", "7.2", mode=0o644)
    with pytest.raises(Unavailable) as error:
        find_program("arm", text)
    assert error.value.found == f"{text} is no program"


@pytest.mark.parametrize("version", ["7.1.50", "6.2.0", "0.15.1"])
def test_too_old_says_found_and_needed(tmp_path: Path, version: str) -> None:
    stand_in(tmp_path / "qemu-system-arm", SAYS.format(version, version))
    with pytest.raises(Unavailable, match="too old") as error:
        find_program("arm", tmp_path)
    assert error.value.expected == "QEMU 7.2 or newer"
    assert error.value.found == version


def test_the_limit_itself_is_new_enough(tmp_path: Path) -> None:
    stand_in(tmp_path / "qemu-system-arm", SAYS.format("7.2.0", "7.2"))
    assert find_program("arm", tmp_path).version == (7, 2, 0)


def test_another_program_is_no_qemu(tmp_path: Path) -> None:
    path = stand_in(tmp_path / "mine", "hello there")
    with pytest.raises(Unavailable, match="mine does not say its version") as error:
        find_program("arm", path)
    assert error.value.found == "hello there"
    broken = tmp_path / "qemu-system-arm"
    broken.write_bytes(b"\x7fELF garbage")
    broken.chmod(0o755)
    with pytest.raises(Unavailable, match="does not say its version") as error:
        find_program("arm", broken)
    assert error.value.found == "Exec format error"


def test_the_version_is_asked_once_until_the_program_changes(tmp_path: Path) -> None:
    path = tmp_path / "qemu-system-arm"
    count = tmp_path / "count"
    path.write_text(f"#!/bin/sh\necho x >> {count}\necho '{SAYS.format('9.0.0', '')}'\n")
    path.chmod(0o755)
    for _ in range(3):
        assert find_program("arm", tmp_path).version == (9, 0, 0)
    assert count.read_text() == "x\n"
    stand_in(path, SAYS.format("7.0.0", ""))
    with pytest.raises(Unavailable, match="too old"):
        find_program("arm", tmp_path)


def test_what_is_available_for_a_board(folder: Path) -> None:
    board = replace(load_board("nrf52840"), qemu=Qemu("arm", "mps2-an386", 5))
    options = RunnerOptions(qemu=folder)
    assert runs("qemu", board)
    assert check_available("qemu", options, board).startswith("qemu-system-arm 7.2.22, ")
    (folder / "qemu-system-arm").unlink()
    with pytest.raises(Unavailable, match="there is no qemu-system-arm"):
        check_available("qemu", options, board)


def test_a_board_that_qemu_has_not_is_refused(folder: Path) -> None:
    board = replace(load_board("nrf52840"), qemu=None)
    assert not runs("qemu", board)
    with pytest.raises(UsageError, match="QEMU does not have the board nrf52840"):
        check_available("qemu", RunnerOptions(qemu=folder), board)
    with pytest.raises(UsageError, match="QEMU does not have"):
        create_runner("qemu").boot(None, board, timeout=1.0)  # type: ignore[arg-type]


def test_the_command_line() -> None:
    qemu = Qemu("riscv32", "virt", 3, ("-bios", "none"))
    line = command_line(Path("/opt/qemu-system-riscv32"), qemu, Path("/tmp/image.elf"), 7)
    assert line == [
        "/opt/qemu-system-riscv32",
        "-machine", "virt",
        "-accel", "tcg,thread=single",
        "-icount", "shift=3,sleep=on,align=off",
        "-nodefaults", "-no-user-config",
        "-display", "none",
        "-monitor", "none",
        "-chardev", "socket,id=wire,fd=7",
        "-serial", "chardev:wire",
        "-d", "guest_errors,unimp",
        "-kernel", "/tmp/image.elf",
        "-bios", "none",
    ]  # fmt: skip
