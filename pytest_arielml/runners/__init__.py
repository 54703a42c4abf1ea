"""Runners: where an image runs. Each is imported when it is first asked for."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from pytest_arielml.boards import HOST, Board
from pytest_arielml.errors import UsageError
from pytest_arielml.runners.base import (
    ByteStream,
    CoreCounters,
    Counters,
    Machine,
    Place,
    Runner,
    RunnerOptions,
    Span,
    WaitCycles,
    runner_options,
)

__all__ = [
    "ByteStream",
    "CoreCounters",
    "Counters",
    "Machine",
    "Place",
    "Runner",
    "RunnerOptions",
    "Runners",
    "Span",
    "WaitCycles",
    "check_available",
    "create_runner",
    "runner_names",
    "runner_options",
    "runs",
]


@dataclass(frozen=True)
class _Entry:
    """A runner: the module that makes it, and which boards it runs.

    The module has `create(options) -> Runner` and `available(options, board)
    -> str`; `board` may be None.
    """

    module: str
    runs: Callable[[Board], bool]


def _every_board(board: Board) -> bool:
    return board.name != HOST


_RUNNERS: Final = {
    "emu": _Entry("pytest_arielml.runners.emu", _every_board),
    "serial": _Entry("pytest_arielml.runners.serial", lambda board: board.serial is not None),
    "host": _Entry("pytest_arielml.runners.host", lambda board: board.name == HOST),
    "qemu": _Entry("pytest_arielml.runners.qemu", lambda board: board.qemu is not None),
    "renode": _Entry("pytest_arielml.runners.renode", lambda board: board.renode is not None),
}


def runner_names() -> tuple[str, ...]:
    """Every runner, sorted."""
    return tuple(sorted(_RUNNERS))


def runs(name: str, board: Board) -> bool:
    """Whether the runner called `name` runs `board`. Raises: UsageError for an unknown name."""
    return _entry(name).runs(board)


def create_runner(name: str, options: RunnerOptions | None = None) -> Runner:
    """The runner called `name`.

    Raises: UsageError for an unknown name, Unavailable when something it
    needs is not there.
    """
    return cast("Runner", _module(name).create(options or RunnerOptions()))


def check_available(
    name: str, options: RunnerOptions | None = None, board: Board | None = None
) -> str:
    """What the runner called `name` would use, for `board` if given, in one line.

    Raises: UsageError for an unknown name, Unavailable with how to get what
    is missing.
    """
    return cast("str", _module(name).available(options or RunnerOptions(), board))


class Runners:
    """The runners of a session, each made when first asked for."""

    def __init__(self, options: RunnerOptions | None = None) -> None:
        self._options = options
        self._made: dict[str, Runner] = {}

    def get(self, name: str) -> Runner:
        """The runner called `name`. Raises: as `create_runner`."""
        if name not in self._made:
            self._made[name] = create_runner(name, self._options)
        return self._made[name]

    def close(self) -> None:
        """Closes all of them."""
        while self._made:
            self._made.popitem()[1].close()


def _entry(name: str) -> _Entry:
    if name in _RUNNERS:
        return _RUNNERS[name]
    near = difflib.get_close_matches(name, _RUNNERS, n=3, cutoff=0.4)
    raise UsageError(
        f"unknown runner {name!r}",
        expected="one of: " + ", ".join(runner_names()),
        advice=f"did you mean {' or '.join(near)}?" if near else "name one of those",
    )


def _module(name: str) -> Any:
    return importlib.import_module(_entry(name).module)
