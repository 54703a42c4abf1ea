"""The tutorial does what it says, typed in an empty folder."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from pages import UPDATE, Reader, commands, examples, note_of

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
            assert (reader.folder / name).read_text() == (EXAMPLE / name).read_text(), name


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
