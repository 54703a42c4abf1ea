"""The summary of a step in GitHub's workflows, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from pytest_arielml.baseline import Change
from pytest_arielml.boards import HOST
from pytest_arielml.report.outcome import Outcome
from pytest_arielml.report.records import DeploymentRecord, merged
from pytest_arielml.tolerances import KIND_OF
from pytest_arielml.units import format_bytes, format_count, format_number, format_seconds

#: GitHub takes a MiB a step; so many rows of each table stay far below.
_ROWS: Final = 100


def write_step_summary(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Adds the run to the file that GITHUB_STEP_SUMMARY names. Raises: OSError."""
    with path.open("a", encoding="utf-8") as file:
        file.write(step_summary(outcomes))


def step_summary(outcomes: Sequence[Outcome]) -> str:
    """The run in Markdown: what failed, what moved, one row a deployment."""
    failed = [outcome for outcome in outcomes if outcome.outcome == "failed"]
    worse = [change for outcome in outcomes for change in outcome.changes if change.regressed]
    verdict = f"{len(failed)} of {format_number(len(outcomes), 'test')} failed"
    lines = ["## arielml", "", verdict if failed else f"{len(outcomes)} passed or skipped", ""]
    if worse:
        lines += ["### Worse than the baseline", ""]
        head: tuple[str, ...] = ("test", "figure", "recorded", "measured", "change")
        lines += _table(head, "llrrr", map(_change, worse[:_ROWS]))
        lines += _left_out(len(worse))
    others = [outcome for outcome in failed if not any(c.regressed for c in outcome.changes)]
    if others:
        lines += ["### Failed", ""]
        rows = ((_code(outcome.test), outcome.headline) for outcome in others[:_ROWS])
        lines += _table(("test", "what"), "ll", rows)
        lines += _left_out(len(others))
    records = merged(outcomes)
    if records:
        head = ("model", "target", "instructions", "time", "flash", "RAM", "stack", "top-1")
        lines += ["### Deployments", ""]
        lines += _table(head, "llrrrrrr", map(_deployment, records[:_ROWS]))
        lines += _left_out(len(records))
        lines += ["Times in emulation are estimates (est.).", ""]
    return "\n".join(lines) + "\n"


def _deployment(record: DeploymentRecord) -> tuple[str, ...]:
    on_board = record.target != HOST
    estimated = " est." if record.seconds_are_estimated else ""
    accuracy = record.accuracy
    return (
        _code(record.label),
        record.target,
        "" if record.instructions is None else format_count(record.instructions),
        format_seconds(record.seconds) + estimated if record.calls else "",
        *(format_bytes(getattr(record, k)) if on_board else "" for k in ("flash", "ram", "stack")),
        f"{accuracy['top1']:.2%} of {accuracy['n']}" if accuracy else "",
    )


def _change(change: Change) -> tuple[str, ...]:
    write = KIND_OF[change.figure].write
    return (
        _code(change.test),
        f"{change.deployment} {change.figure}",
        write(change.recorded),
        "" if change.measured is None else write(change.measured),
        change.amount,
    )


def _table(head: Sequence[str], align: str, rows: Iterable[Sequence[str]]) -> list[str]:
    marks = ["--:" if each == "r" else "---" for each in align]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, marks)]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return [*lines, ""]


def _left_out(count: int) -> list[str]:
    return [f"and {count - _ROWS} more in the report", ""] if count > _ROWS else []


def _cell(text: str) -> str:
    """Text that does not end the cell. GitHub itself takes out what is harmful in HTML."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"
