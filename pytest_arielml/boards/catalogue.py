"""Boards by name, or from a file of the user's own."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

from pytest_arielml.boards.board import Board
from pytest_arielml.boards.host import HOST, host_board
from pytest_arielml.boards.parse import parse_board
from pytest_arielml.errors import UsageError

_FOLDER = Path(__file__).parent


def board_names() -> tuple[str, ...]:
    """The boards that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_board(name: str | Path) -> Board:
    """The board called `name`, or the one that the TOML file at that path describes.

    `host` is this machine, which `board_names` does not list.

    Raises: UsageError for an unknown name (with the near names and all
    names), a file that cannot be read, or a key that is missing, unknown or
    out of its range (with the file and the key).
    """
    if isinstance(name, Path) or str(name).endswith(".toml"):
        return _read(Path(name))
    if name == HOST:
        return host_board()
    if name not in board_names():
        near = difflib.get_close_matches(name, board_names(), n=3, cutoff=0.4)
        raise UsageError(
            f"unknown board {name!r}",
            expected="one of: " + ", ".join(board_names()),
            advice=(f"did you mean {' or '.join(near)}? " if near else "")
            + "A board of your own: give the path of its .toml file",
        )
    return _read(_FOLDER / f"{name}.toml")


def _read(path: Path) -> Board:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "the board's file cannot be read",
            where=str(path),
            expected="a TOML file in UTF-8",
            found=getattr(error, "strerror", None) or str(error),
            advice="check the path, or list the boards with: arielml boards",
        ) from None
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            "the board's file is not TOML",
            where=str(path),
            expected="TOML 1.0",
            found=str(error),
            advice="correct that line",
        ) from None
    return parse_board(data, path)
