"""What `arielml_requires` asks of a target."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_arielml.errors import UsageError
from pytest_arielml.session import Target
from pytest_arielml.units import format_bytes, parse_bytes

_KNOWN: Final = ("cores", "fpu", "ram", "runner")


def unmet(args: Sequence[object], wanted: Mapping[str, Any], target: Target) -> str | None:
    """Why `target` does not meet the requirements; `None` when it does.

    Raises: UsageError for a requirement that there is not, or a bad value.
    """
    if args:
        raise UsageError(
            "arielml_requires takes keywords only",
            expected="such as cores=2, fpu=True",
            advice="name each: cores, fpu, ram or runner",
        )
    for name, value in wanted.items():
        reason = _unmet(name, value, target)
        if reason is not None:
            return reason
    return None


def _unmet(name: str, value: Any, target: Target) -> str | None:
    board = target.board
    if name == "cores":
        short = target.cores < int(value)
        return f"needs {value} cores, {target.name} uses {target.cores}" if short else None
    if name == "fpu":
        has = all(core.fpu for core in board.cores)
        if has == bool(value):
            return None
        return f"needs {'an' if value else 'no'} FPU, {board.name} has {'one' if has else 'none'}"
    if name == "ram":
        needed = parse_bytes(value, what="arielml_requires ram")
        has_bytes = board.memory["ram"].length
        if has_bytes >= needed:
            return None
        return f"needs {format_bytes(needed)} of RAM, {board.name} has {format_bytes(has_bytes)}"
    if name == "runner":
        runners = (value,) if isinstance(value, str) else tuple(value)
        if target.runner in runners:
            return None
        return f"needs the runner {' or '.join(runners)}, this is {target.runner}"
    near = difflib.get_close_matches(name, _KNOWN, n=1)
    raise UsageError(
        f"arielml_requires does not know {name!r}",
        expected="any of: " + ", ".join(_KNOWN),
        advice=f"did you mean {near[0]}?" if near else "name one of those",
    )
