"""The tutorial to the letter: an empty folder, Python, and the wheel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from distributions import _NETWORK, ROOT
from pages import Reader, examples


def test_the_tutorial_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """What it says to install is installed, of this wheel."""
    folder = tmp_path / "reader"
    folder.mkdir()
    python = Path(sys.base_prefix) / "bin"
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name.upper() in (*_NETWORK, "HOME")
    }
    reader = Reader(
        folder,
        {
            **kept,
            "PATH": os.pathsep.join([str(python), "/usr/bin", "/bin"]),
            "PIP_FIND_LINKS": " ".join(
                filter(None, (str(wheel.parent), kept.get("PIP_FIND_LINKS")))
            ),
            "ARIELML_CACHE": str(tmp_path / "cache"),
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
        },
        timeout=600,
    )
    for example in examples(ROOT / "docs" / "tutorial.md"):
        reader.follow(example)
    assert reader.environment["VIRTUAL_ENV"] == str(folder / ".venv")
