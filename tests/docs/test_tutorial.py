"""The tutorial does what it says, typed in an empty folder."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from pages import UPDATE, Reader, agrees, commands, examples, note_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
EXAMPLE = ROOT / "examples" / "ci"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Somebody in an empty folder, who has installed this package and nothing has compiled."""
    folder = tmp_path / "reader"
    folder.mkdir()
    environment = {
        **{name: os.environ[name] for name in ("HOME", "LANG", "PYTHONPATH") if name in os.environ},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ARIELML_CACHE": str(tmp_path / "cache"),
        "COLUMNS": "80",
    }
    return Reader(folder, environment)


def test_tutorial(reader: Reader) -> None:
    """The folder that it ends with is `examples/ci`."""
    for example in examples(PAGE):
        if note_of(example) != "install":
            reader.follow(example)
    for name in (*reader.files, "baseline.json"):
        if name == "test_wrong.py":
            continue
        if os.environ.get(UPDATE):
            shutil.copy(reader.folder / name, EXAMPLE / name)
        elif name != "baseline.json":
            assert agrees((EXAMPLE / name).read_text(), (reader.folder / name).read_text()), name


def test_few_lines_lead_to_the_first_gate(tmp_path: Path) -> None:
    lines = 0
    text = PAGE.read_text()
    first = text[: text.index("the first gate has passed")].count("\n")
    for example in examples(PAGE):
        if example.line > first:
            break
        if note_of(example).startswith("file: "):
            lines += sum(bool(line.strip()) for line in example.parsed.splitlines())
        else:
            lines += sum(len(command.splitlines()) for command, _ in commands(example.parsed))
    assert 10 < lines < 20


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        ("a  emu-nrf52840  24,904  60.1 KiB\n2 passed in 1.2s", True),
        ("a  emu-nrf52840  24,950  60.2 KiB\n2 passed in 1.2s", True),
        ("a  emu-nrf52840  26,904  60.1 KiB\n2 passed in 1.2s", False),
        ("a  emu-nrf52833  24,904  60.1 KiB\n2 passed in 1.2s", False),
        ("a  emu-nrf52840  24,904  60.1 KiB\n1 passed in 1.2s", False),
        ("a  emu-nrf52840  24,904  60.1 KiB\n2 failed", False),
    ],
)
def test_what_agrees(printed: str, same: bool) -> None:
    page = "a emu-nrf52840 24,904  60.1 KiB\n2 passed in ...s\n"
    assert agrees(page, printed) == same


def test_what_a_gap_stands_for() -> None:
    assert agrees("a\n...\nb 4", "a\nb 4")
    assert agrees("a\n...\nb 4", "a\n5\n6\nb 4")
    assert agrees("got 1.23..., 1,054,...  4", "got 1.2345, 1,054,265,201  4")
    assert not agrees("got 1.23..., 1,054,...  4", "got 1.2345, 1,054,265,201  5")
