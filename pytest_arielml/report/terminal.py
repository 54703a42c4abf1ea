"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.table import Table

from pytest_arielml.baseline import change_table
from pytest_arielml.boards import HOST
from pytest_arielml.report.outcome import Outcome
from pytest_arielml.report.records import DeploymentRecord, merged
from pytest_arielml.units import format_bytes, format_count, format_number, format_seconds

#: So many deployments are shown, unless all are asked for.
_SHOWN: Final = 40


def print_summary(
    console: Console,
    outcomes: Sequence[Outcome],
    *,
    detailed: bool,
    gated: bool = False,
    updated: bool = False,
) -> None:
    """One line a deployment, then what moved against the baseline, then what failed.

    Args:
        console: where to.
        outcomes: of every test that measured something.
        detailed: show every deployment, and where its flash and RAM go.
        gated: there is a baseline.
        updated: it is recorded anew.
    """
    records = merged(outcomes)
    shown = records if detailed else records[:_SHOWN]
    if shown:
        console.print(deployment_table(shown))
    if len(shown) < len(records):
        console.print(f"and {len(records) - len(shown)} more; -v shows all")
    accuracies = accuracy_table(shown)
    if accuracies is not None:
        console.print()
        console.print(accuracies)
    if detailed:
        for record in records:
            console.print(f"\n{record.label} on {record.target}", style="bold", markup=False)
            console.print(parts_table(record))
            if record.kept_in_float:
                console.print(kept_in_float(record), markup=False)
    if gated:
        _print_changes(console, outcomes, detailed=detailed or updated, updated=updated)
    failed = [outcome for outcome in outcomes if outcome.outcome == "failed"]
    if failed:
        tests = format_number(len(outcomes), "test")
        console.print(f"\nfailed: {len(failed)} of {tests}", style="bold")
    for outcome in failed:
        # What is worse than the baseline has just been shown.
        if not any(change.regressed for change in outcome.changes):
            text = f"  {outcome.test}\n      {outcome.headline}"
            console.print(text, markup=False, soft_wrap=True)


def _print_changes(
    console: Console, outcomes: Sequence[Outcome], *, detailed: bool, updated: bool
) -> None:
    changes = [change for outcome in outcomes for change in outcome.changes]
    moved = [change for change in changes if change.measured != change.recorded]
    worse = [change for change in moved if change.regressed]
    better = sum(change.improved for change in moved)
    new = sum(
        outcome.outcome == "passed" and bool(outcome.records) and not outcome.changes
        for outcome in outcomes
    )
    if updated and not moved:
        return
    if not changes:
        console.print("\nbaseline: no test that passed is in it yet", style="bold")
        return
    console.print(
        f"\nbaseline: {format_number(len(changes), 'figure')} compared, "
        f"{len(worse)} worse than allowed, {better} better, "
        f"{len(moved) - len(worse) - better} worse within tolerance"
        + (f"; not in it: {format_number(new, 'test')}" if new and not updated else ""),
        style="bold",
        soft_wrap=True,
    )
    if better and not worse and not updated:
        console.print("hold what is better with --arielml-update-baseline")
    for test, shown in groupby(moved if detailed else worse, key=lambda change: change.test):
        text = f"{test}\n{change_table(list(shown))}"
        console.print(text, markup=False, soft_wrap=True)


def deployment_table(records: Sequence[DeploymentRecord]) -> Table:
    """One line a deployment: what it cost, at its worst call.

    Fits 80 columns; a long model name is folded, a figure never cut. Of the
    target `host` there is the time alone, which this machine took: nothing of
    a board.
    """
    estimated = any(record.seconds_are_estimated for record in records if record.calls)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    table.add_column("target", no_wrap=True)
    for name in ("instructions", "est. time" if estimated else "time", "flash", "RAM", "stack"):
        table.add_column(name, justify="right", no_wrap=True)
    for record in records:
        on_host = record.target == HOST
        seconds = format_seconds(record.seconds) if record.calls else "-"
        table.add_row(
            record.label,
            record.target,
            "-" if record.instructions is None else format_count(record.instructions),
            f"{seconds} here" if on_host and record.calls else seconds,
            "-" if on_host else format_bytes(record.flash),
            "-" if on_host else format_bytes(record.ram),
            "-" if on_host else format_bytes(record.stack),
        )
    return table


def accuracy_table(records: Iterable[DeploymentRecord]) -> Table | None:
    """Accuracy on the device beside the reference's; `None` when none was measured."""
    measured = [record for record in records if record.accuracy]
    if not measured:
        return None
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    table.add_column("target", no_wrap=True)
    for name in ("inputs", "top-1", "95 % interval", "reference", "same class"):
        table.add_column(name, justify="right", no_wrap=True)
    for record in measured:
        accuracy = record.accuracy or {}
        table.add_row(
            record.model,
            record.target,
            format_count(accuracy["n"]),
            f"{accuracy['top1']:.1%}",
            "{:.1%} - {:.1%}".format(*accuracy["top1_interval"]),
            *(f"{accuracy[key]:.1%}" for key in ("reference_top1", "agreement")),
        )
    return table


def parts_table(record: DeploymentRecord) -> Table:
    """Where flash and RAM go, largest first."""
    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    table.add_column("flash", justify="left")
    table.add_column("bytes", justify="right")
    table.add_column("  RAM", justify="left")
    table.add_column("bytes", justify="right")
    flash = _largest(
        (name, size) for name, size in record.parts.items() if not name.startswith("ram: ")
    )
    ram = _largest(
        (name.removeprefix("ram: "), size)
        for name, size in record.parts.items()
        if name.startswith("ram: ")
    )
    for index in range(max(len(flash), len(ram))):
        table.add_row(*_cell(flash, index, ""), *_cell(ram, index, "  "))
    table.add_section()
    table.add_row("in all", format_count(record.flash), "  in all", format_count(record.ram))
    if record.tensors:
        table.add_row("", "", "  tensors, in the arena", format_count(record.tensors))
    if record.least_tensors is not None:
        table.add_row("", "", "  they need at least", format_count(record.least_tensors))
    return table


def kept_in_float(record: DeploymentRecord) -> str:
    """One line of what was not computed in integers, and why; "" when there is nothing to say."""
    if not record.kept_in_float:
        return ""
    each = "; ".join(f"{name}: {reason}" for name, reason in record.kept_in_float.items())
    return f"in float, between integers: {each}"


def _largest(items: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted((item for item in items if item[1]), key=lambda item: -item[1])


def _cell(items: list[tuple[str, int]], index: int, indent: str) -> tuple[str, str]:
    if index >= len(items):
        return "", ""
    name, size = items[index]
    return indent + name, format_count(size)
