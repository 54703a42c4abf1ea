"""Runners: where an image runs. Each is imported when it is first asked for."""

from __future__ import annotations

import difflib
import importlib
from typing import Final, cast

from pytest_arielml.errors import UsageError
from pytest_arielml.runners.base import ByteStream, Counters, Machine, Runner, Span

__all__ = [
    "ByteStream",
    "Counters",
    "Machine",
    "Runner",
    "Span",
    "check_available",
    "create_runner",
    "runner_names",
]

# Each module has `create() -> Runner` and `available() -> str`.
_MODULES: Final = {"emu": "pytest_arielml.runners.emu"}


def runner_names() -> tuple[str, ...]:
    """Every runner, sorted."""
    return tuple(sorted(_MODULES))


def create_runner(name: str) -> Runner:
    """The runner called `name`.

    Raises: UsageError for an unknown name, Unavailable when something it
    needs is not there.
    """
    return cast("Runner", importlib.import_module(_module(name)).create())


def check_available(name: str) -> str:
    """What the runner called `name` would use, in one line.

    Raises: UsageError for an unknown name, Unavailable with how to get what
    is missing.
    """
    return cast("str", importlib.import_module(_module(name)).available())


def _module(name: str) -> str:
    if name in _MODULES:
        return _MODULES[name]
    near = difflib.get_close_matches(name, _MODULES, n=3, cutoff=0.4)
    raise UsageError(
        f"unknown runner {name!r}",
        expected="one of: " + ", ".join(runner_names()),
        advice=f"did you mean {' or '.join(near)}?" if near else None,
    )
