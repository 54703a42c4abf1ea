"""The table of cases that do not pass, one file a class of targets.

The table is strict both ways: a case that is not listed must pass, and a
listed one must end at the stage that is listed for it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import onnx

from conformance.onnx.outcome import EXPECTABLE, Outcome, Stage
from pytest_arielml.boards import HOST, Board
from pytest_arielml.errors import UsageError
from pytest_arielml.files import replace_file

FOLDER: Final = Path(__file__).parent / "expectations"

_FROZEN: Final = "frozen operands"
_UPDATE: Final = "python -m conformance.onnx.update --target TARGET"


@dataclass(frozen=True)
class Expected:
    """The stage at which a case ends, and why."""

    stage: Stage
    reason: str


@dataclass(frozen=True)
class Expectations:
    """What is expected of one board.

    Attributes:
        listed: cases that do not pass, by name.
        frozen: cases whose shape operands are given as constants, by name.
        onnx: version of onnx that the cases are of.
    """

    listed: Mapping[str, Expected] = field(default_factory=dict)
    frozen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    onnx: str = onnx.__version__

    def violation(self, name: str, outcome: Outcome) -> str | None:
        """How `outcome` differs from what is expected of case `name`, in a line; None when not."""
        expected = self.listed.get(name)
        if expected is None:
            return None if outcome.passed else str(outcome)
        if outcome.passed:
            return (
                f"passes, but is listed as not passing ({expected.stage}: {expected.reason}); "
                f"take it off: {_UPDATE}"
            )
        if outcome.stage is not expected.stage:
            return f"{outcome}, but is listed as: {expected.stage}: {expected.reason}"
        return None

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Entries for cases that are not among `names`, sorted."""
        return sorted({*self.listed, *self.frozen} - set(names))


def target_class(board: Board) -> str:
    """The class that `board` belongs to: what compiles and computes alike.

    Boards of a class have cores of one family, all with an FPU or not. This
    machine is a class of its own.
    """
    if board.name == HOST:
        return HOST
    family = "cortex-m" if board.cores[0].cpu.startswith("cortex-m") else "riscv"
    return f"{family}-{'fpu' if all(core.fpu for core in board.cores) else 'soft'}"


def table_path(board: Board) -> Path:
    """The file of the board's class."""
    return FOLDER / f"{target_class(board)}.toml"


def read(path: Path, board: Board) -> Expectations:
    """The table for a board; an empty one when there is no file yet.

    Raises: UsageError for a file that is not such a table.
    """
    if not path.is_file():
        return Expectations()
    try:
        return _parse(tomllib.loads(path.read_text(encoding="utf-8")), board.name)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            "this is not a table of expectations",
            where=str(path),
            expected="onnx = VERSION, then a section a stage of lines: case = reason",
            found=f"{type(error).__name__}: {error}",
            advice=f"write it anew: {_UPDATE}",
        ) from None


def write(path: Path, board: Board, table: Expectations) -> None:
    """Writes the table of a board's class; what other boards of the class lack stays in it."""
    others: dict[str, Any] = {}
    if path.is_file():
        before = tomllib.loads(path.read_text(encoding="utf-8"))
        others = dict(before.get(Stage.FIT, {}))
    others[board.name] = _reasons(table, Stage.FIT)
    lines = [
        "# Node cases of onnx that do not pass on boards of this class, by the stage at",
        f"# which they end. Written by: {_UPDATE}",
        "",
        f"onnx = {_text(table.onnx)}",
    ]
    for stage in EXPECTABLE:
        if stage is Stage.FIT:
            for name, cases in sorted(others.items()):
                if cases:
                    lines += _section(f"{_text(stage)}.{_text(name)}", cases)
        else:
            lines += _section(_text(stage), _reasons(table, stage))
    lines += ["", "# Given as constants: shapes follow from them, and IREE needs them known."]
    lines += _section(_text(_FROZEN), table.frozen)
    replace_file(path, ("\n".join(lines) + "\n").encode())


def _parse(data: Mapping[str, Any], board: str) -> Expectations:
    sections = {Stage(name) for name in data if name not in ("onnx", _FROZEN)}
    if not sections <= set(EXPECTABLE):
        raise ValueError(f"stage {min(sections - set(EXPECTABLE))!s} is never expected")
    listed: dict[str, Expected] = {}
    for stage in sections:
        cases = data[stage].get(board, {}) if stage is Stage.FIT else data[stage]
        for name, reason in cases.items():
            if name in listed or not isinstance(reason, str) or not reason:
                raise ValueError(f"{name} is listed twice, or without a reason")
            listed[name] = Expected(stage, reason)
    frozen = {name: tuple(operands) for name, operands in data.get(_FROZEN, {}).items()}
    return Expectations(listed, frozen, data["onnx"])


def _reasons(table: Expectations, stage: Stage) -> dict[str, str]:
    return {name: each.reason for name, each in table.listed.items() if each.stage is stage}


def _section(title: str, entries: Mapping[str, Any]) -> list[str]:
    return ["", f"[{title}]", *(f"{name} = {_text(entries[name])}" for name in sorted(entries))]


def _text(value: Any) -> str:
    # JSON's strings and lists of strings are TOML's too, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
