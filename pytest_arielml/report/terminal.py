"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from pytest_arielml.boards import HOST
from pytest_arielml.report.records import DeploymentRecord
from pytest_arielml.units import format_bytes, format_count, format_seconds


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
            record.model,
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
    for name in ("inputs", "top-1 device", "top-1 onnxruntime", "same class"):
        table.add_column(name, justify="right", no_wrap=True)
    for record in measured:
        accuracy = record.accuracy or {}
        table.add_row(
            record.model,
            record.target,
            format_count(accuracy["n"]),
            *(f"{accuracy[key]:.1%}" for key in ("top1", "reference_top1", "agreement")),
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
    return table


def _largest(items: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted((item for item in items if item[1]), key=lambda item: -item[1])


def _cell(items: list[tuple[str, int]], index: int, indent: str) -> tuple[str, str]:
    if index >= len(items):
        return "", ""
    name, size = items[index]
    return indent + name, format_count(size)
