"""Where the descriptions of boards for Renode are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest_arielml
from pytest_arielml.boards import Board
from pytest_arielml.boards.board import Renode
from pytest_arielml.errors import Unavailable

_FOLDER: Final = "renode_platforms"


def platform_folder() -> Path:
    """`renode_platforms`: in the package when installed, beside it in a checkout.

    Raises: Unavailable when it is in neither.
    """
    package = Path(pytest_arielml.__file__).parent
    for folder in (package / _FOLDER, package.parent / _FOLDER):
        if folder.is_dir():
            return folder
    raise Unavailable(
        "the boards' descriptions for Renode are missing",
        expected=f"{_FOLDER} in {package} or beside it",
        advice="install pytest-arielml anew",
    )


def core_names(renode: Renode, board: Board) -> tuple[str, ...]:
    """Renode's full names of the board's cores, the first one's first."""
    others = (f"{renode.cpu}{number}" for number in range(1, len(board.cores)))
    return (renode.cpu, *others)


def script_of(platform: str) -> Path:
    """The script that sets up the board of `platform`, the name of its .repl file.

    Raises: Unavailable when one of the two is missing.
    """
    description = platform_folder() / platform
    script = description.with_suffix(".resc")
    for path in (description, script):
        if not path.is_file():
            raise Unavailable(
                f"there is no {path.name} for Renode",
                where=str(path.parent),
                expected=f"{platform} and {script.name} there",
                advice="install pytest-arielml anew, or correct `platform` in the board's file",
            )
    return script
