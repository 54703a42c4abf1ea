from __future__ import annotations

from pathlib import Path

import pytest

from conformance.onnx.expectations import (
    Expectations,
    Expected,
    read,
    table_path,
    target_class,
    write,
)
from conformance.onnx.outcome import Outcome, Stage
from pytest_arielml.boards import load_board
from pytest_arielml.errors import UsageError

BOARD = load_board("nrf52840")
TABLE = Expectations(
    listed={
        "test_image": Expected(Stage.COMPILE, 'no "ImageDecoder"'),
        "test_text": Expected(Stage.TYPE, "string"),
        "test_big": Expected(Stage.FIT, "750 KiB"),
        "test_near": Expected(Stage.NUMERICS, "one rounding \\ more"),
    },
    frozen={"test_slice": ("starts", "ends")},
)


def test_the_class_of_a_board() -> None:
    assert target_class(BOARD) == "cortex-m-fpu"
    assert table_path(BOARD).name == "cortex-m-fpu.toml"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    write(path, BOARD, TABLE)
    assert read(path, BOARD) == TABLE


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    write(path, BOARD, TABLE)
    first = path.read_bytes()
    write(path, BOARD, read(path, BOARD))
    assert path.read_bytes() == first


def test_what_does_not_fit_is_a_boards_own(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    write(path, BOARD, TABLE)
    text = path.read_text().replace(BOARD.name, "another")
    path.write_text(text)
    assert "test_big" not in read(path, BOARD).listed
    write(path, BOARD, read(path, BOARD))
    assert 'test_big = "750 KiB"' in path.read_text()


def test_without_a_file(tmp_path: Path) -> None:
    assert read(tmp_path / "none.toml", BOARD) == Expectations()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("onnx = ", "Invalid value"),
        ("[import]\na = 'b'", "'onnx'"),
        ("onnx = '1'\n[imports]\na = 'b'", "imports"),
        ("onnx = '1'\n[run]\na = 'b'", "stage run is never expected"),
        ("onnx = '1'\n[passed]\na = 'b'", "stage passed is never expected"),
        ("onnx = '1'\n[import]\na = ''", "a is listed twice, or without a reason"),
        ("onnx = '1'\n[import]\na = 'b'\n[compile]\na = 'b'", "a is listed twice"),
        ("onnx = '1'\nimport = 3", "int"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "table.toml"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        read(path, BOARD)
    assert said in str(caught.value.found)
    assert caught.value.where == str(path)


def test_strict_both_ways() -> None:
    passed = Outcome(Stage.PASSED)
    refused = Outcome(Stage.COMPILE, "no such operator")
    assert TABLE.violation("test_add", passed) is None
    assert TABLE.violation("test_add", refused) == "compile: no such operator"
    assert TABLE.violation("test_image", refused) is None
    violation = TABLE.violation("test_image", passed)
    assert violation is not None
    assert "take it off" in violation


def test_another_stage_than_listed() -> None:
    violation = TABLE.violation("test_image", Outcome(Stage.NUMERICS, "3 of 4 differ"))
    assert violation == 'numerics: 3 of 4 differ, but is listed as: compile: no "ImageDecoder"'


def test_entries_without_a_case() -> None:
    names = ["test_image", "test_text", "test_big", "test_slice", "test_more"]
    assert TABLE.unknown(names) == ["test_near"]
