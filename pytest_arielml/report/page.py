"""The report as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

from pytest_arielml.baseline import Change
from pytest_arielml.boards import HOST
from pytest_arielml.errors import Unavailable
from pytest_arielml.files import replace_file
from pytest_arielml.report.document import Past, Run, movements, past_runs
from pytest_arielml.report.records import DeploymentRecord, merged
from pytest_arielml.report.tracks import RECORDED
from pytest_arielml.tolerances import KIND_OF
from pytest_arielml.units import format_bytes, format_count, format_seconds

T = TypeVar("T")

PAGE: Final = "report.html"

# Bounds on the size of the page; the tables have the rest.
_PICTURED: Final = 60
_MOVED: Final = 60
_DISPATCHES: Final = 12
_PARTS: Final = 12


@dataclass(frozen=True)
class Picture:
    """A picture with its heading, and where its figures are from."""

    title: str
    svg: str
    caption: str
    link: str | None = None


@dataclass(frozen=True)
class Section:
    """One deployment: its row in the table, its pictures, and what it was made from."""

    anchor: str
    record: DeploymentRecord
    row: Sequence[tuple[str, str]]
    pictures: Sequence[Picture]
    provenance: Sequence[tuple[str, str]]
    costs: Sequence[tuple[str, str, str, str]] = field(default=())


def write_page(folder: Path) -> Path:
    """Makes report.html in `folder` from the JSON there.

    Raises: UsageError when there is no report; Unavailable without Jinja and
    Matplotlib, which the extra `report` brings; OSError.
    """
    run = Run.read(folder)
    path = folder / PAGE
    replace_file(path, render(run, past_runs(folder)).encode())
    return path


def render(run: Run, past: Sequence[Past]) -> str:
    """The page of a run, with how its figures moved over the `past` ones, itself included.

    Raises: Unavailable.
    """
    try:
        import jinja2
        import markupsafe

        from pytest_arielml.report import pictures  # noqa: F401
    except ImportError as error:
        raise Unavailable(
            "the page of the report was not made",
            expected="the Python packages matplotlib and jinja2",
            found=str(error),
            advice="pip install 'pytest-arielml[report]', then: arielml report DIR",
        ) from None
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["when"] = _when
    templates = resources.files("pytest_arielml.report") / "templates"
    template = environment.from_string((templates / "page.html").read_text(encoding="utf-8"))
    records = merged(run.tests)
    sections = [
        _section(number, record, run, pictured=number < _PICTURED)
        for number, record in enumerate(records)
    ]
    moved, still = _moved(run, past)
    return str(
        template.render(
            run=run,
            style=markupsafe.Markup((templates / "page.css").read_text(encoding="utf-8")),  # noqa: S704
            svg=markupsafe.Markup,
            sections=sections,
            unpictured=max(0, len(sections) - _PICTURED),
            counts=_counts(run),
            # What is worse than the baseline has a table of its own.
            failed=[
                test
                for test in run.tests
                if test.outcome == "failed" and not any(c.regressed for c in test.changes)
            ],
            worse=[_change_row(c) for t in run.tests for c in t.changes if c.regressed],
            compared=sum(len(test.changes) for test in run.tests),
            moved=moved,
            still=still,
            runs=len(past),
            first=past[0].started if past else run.started,
            seconds=format_seconds,
        )
    )


def _when(moment: str) -> str:
    """An ISO 8601 time as people read it, in UTC."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _section(number: int, record: DeploymentRecord, run: Run, *, pictured: bool) -> Section:
    return Section(
        anchor=f"deployment-{number + 1}",
        record=record,
        row=_row(record),
        pictures=list(_pictures(record)) if pictured else [],
        provenance=_provenance(record, run),
        costs=[
            (
                cost["name"],
                format_count(cost["work_items"]),
                "-" if cost["instructions"] is None else format_count(cost["instructions"]),
                format_seconds(cost["seconds"]),
            )
            for cost in record.costs
        ],
    )


def _row(record: DeploymentRecord) -> list[tuple[str, str]]:
    """Figures by the name of their column, units included."""
    on_board = record.target != HOST
    seconds = format_seconds(record.seconds) if record.calls else "-"
    estimated = " est." if record.calls and record.seconds_are_estimated else ""
    accuracy = record.accuracy
    none = "-"
    return [
        (
            "instructions",
            none if record.instructions is None else format_count(record.instructions),
        ),
        ("time", seconds + estimated + ("" if on_board or not record.calls else " here")),
        ("flash", format_bytes(record.flash) if on_board else none),
        ("RAM", format_bytes(record.ram) if on_board else none),
        ("stack", format_bytes(record.stack) if on_board else none),
        ("top-1", f"{accuracy['top1']:.2%}" if accuracy else none),
    ]


def _pictures(record: DeploymentRecord) -> Iterable[Picture]:
    from pytest_arielml.report import pictures

    name = f"{record.label} on {record.target}"
    call = "of the costliest call" if record.calls > 1 else "of the call"
    together = f", of all {record.cores} cores together" if record.cores > 1 else ""
    mark = " (est.)" if record.seconds_are_estimated else ""
    series = {cost["name"]: place for place, cost in enumerate(record.costs)}
    if record.costs:
        yield Picture(
            f"Time a dispatch{mark}",
            pictures.bars(_dispatch_bars(record, series), title=f"time a dispatch, {name}"),
            f"Time and its share {call}{together}, {_timing(record)}.",
        )
    if record.tracks:
        yield Picture(
            f"Tracks a core{mark}",
            _tracks(record, series, title=f"tracks a core, {name}"),
            _tracks_caption(record),
        )
    if record.target != HOST:
        for what, total, size, parts in (
            ("flash", record.flash, record.flash_size, _flash_parts(record)),
            ("RAM", record.ram, record.ram_size, _ram_parts(record)),
        ):
            source = (
                "From the linked image and its symbols."
                if what == "flash"
                else "Static data from the image; arena and stack are high-water marks that the "
                "board reported."
            )
            share = f" of the board's {format_bytes(size)} ({total / size:.1%})" if size else ""
            yield Picture(
                f"Where {what} goes",
                pictures.bars(
                    [pictures.Bar(part, size, format_bytes(size)) for part, size in parts],
                    title=f"where {what} goes, {name}",
                ),
                f"{format_bytes(total)}{share}. {source}",
            )
    if record.accuracy:
        yield _accuracy(record.accuracy, name)


def _timing(record: DeploymentRecord) -> str:
    """How the times of a record came about."""
    if not record.seconds_are_estimated:
        return "measured by the board's timer"
    mhz = f"{record.clock_hz / 1e6:g} MHz"
    waits = " and the waits of the bus model" if record.bus_model else ""
    return f"estimated: cycles by the core's published timings{waits}, at {mhz}"


def _tracks(record: DeploymentRecord, series: dict[str, int], *, title: str) -> str:
    from pytest_arielml.report import pictures

    segments = [
        pictures.Segment(
            track["core"],
            track["begin"],
            track["end"],
            dispatch_number(track["name"]),
            series.get(track["name"]),
        )
        for track in record.tracks
    ]
    return pictures.tracks(
        segments,
        cores=max(record.cores, 1 + max(segment.core for segment in segments)),
        end=max(record.seconds, *(segment.end for segment in segments)),
        title=title,
    )


def _tracks_caption(record: DeploymentRecord) -> str:
    if record.tracks_from == RECORDED:
        found = "As the device recorded it by its own timer."
    else:
        found = (
            "Dispatches in the program's order, each from where the one before has ended; what "
            "the runtime does between them is left blank at the end. Deploy with timeline=True "
            "for what was when."
        )
    if record.imbalance is not None and record.cores > 1:
        found += f" The busiest core works {record.imbalance:.1%} longer than the mean of all."
    return f"{found} Times are {_timing(record)}."


def _accuracy(accuracy: dict[str, Any], name: str) -> Picture:
    from pytest_arielml.report import pictures

    shares = [
        pictures.Share("top-1 on the device", accuracy["top1"], tuple(accuracy["top1_interval"])),
        pictures.Share("top-1 of the reference", accuracy["reference_top1"], is_reference=True),
        pictures.Share("same class", accuracy["agreement"], tuple(accuracy["agreement_interval"])),
    ]
    return Picture(
        "Accuracy against the reference",
        pictures.shares(shares, title=f"accuracy, {name}"),
        f"Of {format_count(accuracy['n'])} labelled inputs, with Wilson's interval at 95 % "
        f"confidence.",
        link=accuracy.get("cases"),
    )


def _dispatch_bars(record: DeploymentRecord, series: dict[str, int]) -> list[Any]:
    from pytest_arielml.report.pictures import Bar, milliseconds

    spent = sorted(record.costs, key=lambda cost: -cost["seconds"])
    shown, rest = _cut(spent, _DISPATCHES)
    # Cores that work at once take more time together than passes.
    whole = record.seconds if record.cores == 1 else sum(cost["seconds"] for cost in spent)
    bars = [
        Bar(
            dispatch_name(cost["name"]),
            cost["seconds"],
            milliseconds(cost["seconds"], whole),
            series[cost["name"]],
        )
        for cost in shown
    ]
    own = whole - sum(cost["seconds"] for cost in spent)
    for name, seconds in (
        (f"{len(rest)} more", sum(cost["seconds"] for cost in rest)),
        ("runtime (everything else)", own),
    ):
        if seconds > 0:
            bars.append(Bar(name, seconds, milliseconds(seconds, whole), None))
    return bars


def _flash_parts(record: DeploymentRecord) -> list[tuple[str, int]]:
    return _largest((n, size) for n, size in record.parts.items() if not n.startswith("ram: "))


def _ram_parts(record: DeploymentRecord) -> list[tuple[str, int]]:
    return _largest(
        (n.removeprefix("ram: "), size) for n, size in record.parts.items() if n.startswith("ram: ")
    )


def _largest(parts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    ordered = sorted((part for part in parts if part[1]), key=lambda part: -part[1])
    shown, rest = _cut(ordered, _PARTS)
    more = [(f"{len(rest)} more", sum(size for _, size in rest))] if rest else []
    return shown + more


def _cut(items: list[T], most: int) -> tuple[list[T], list[T]]:
    """What is shown, and the rest, which is never one: that one takes no more room."""
    shown = len(items) if len(items) <= most + 1 else most
    return items[:shown], items[shown:]


def dispatch_name(symbol: str) -> str:
    """``main_dispatch_3_conv_2d_1x6_i8`` as ``3 conv_2d_1x6_i8``."""
    _, found, rest = symbol.partition("_dispatch_")
    return rest.replace("_", " ", 1) if found else symbol


def dispatch_number(symbol: str) -> str:
    """The number that a dispatch function carries; empty when it has none."""
    number = dispatch_name(symbol).partition(" ")[0]
    return number if number.isdigit() else ""


def _provenance(record: DeploymentRecord, run: Run) -> list[tuple[str, str]]:
    return [
        ("target", record.target),
        ("board", record.board),
        ("cores", f"{record.cores} at {record.clock_hz / 1e6:g} MHz, {record.scheduler}"),
        ("calls", format_count(record.calls)),
        ("time", _timing(record)),
        ("stacks", ", ".join(format_bytes(size) for size in record.stacks) + " a core"),
        ("model", f"sha256 {record.model_sha256}"),
        ("module", f"sha256 {record.module_sha256}"),
        ("image", f"sha256 {record.image_sha256}"),
        ("compiler", f"iree-base-compiler {run.versions.get('iree-base-compiler', 'unknown')}"),
        ("flags", " ".join(record.flags)),
    ]


def _counts(run: Run) -> list[tuple[str, int]]:
    names = ("passed", "failed", "skipped")
    counts = [(name, sum(test.outcome == name for test in run.tests)) for name in names]
    return [(name, count) for name, count in counts if count]


def _change_row(change: Change) -> tuple[str, str, str, str, str]:
    kind, measured = KIND_OF[change.figure], change.measured
    write = kind.write if measured is None else kind.writer(change.recorded, measured)
    return (
        change.test,
        f"{change.deployment} {_label(change.figure)}",
        write(change.recorded),
        "-" if measured is None else write(measured),
        change.amount,
    )


def _label(figure: str) -> str:
    """A figure's name as the page has it elsewhere."""
    return {"ram": "RAM", "top1": "top-1"}.get(figure, figure)


def _moved(run: Run, past: Sequence[Past]) -> tuple[list[tuple[str, list[Picture]]], int]:
    """Pictures of the figures that moved, by test; how many did not, or are not shown."""
    from pytest_arielml.report import pictures

    ran = {test.test for test in run.tests}
    by_test: dict[str, list[Picture]] = {}
    shown = still = 0
    for (test, deployment, name), points in movements(past).items():
        kind = KIND_OF.get(name)
        if kind is None or test not in ran:
            continue
        if shown >= _MOVED or len({value for _, value in points}) < 2:
            still += 1
            continue
        shown += 1
        values = [value for _, value in points]
        write = kind.writer(*values)
        label = _label(name)
        series = pictures.Series(f"{deployment} {label}", points, write, worse_is_less=kind.rises)
        by_test.setdefault(test, []).append(
            Picture(
                "",
                pictures.history(series, title=f"{label} of {deployment} in {test}"),
                f"{len(points)} runs, from {write(min(values))} to {write(max(values))}",
            )
        )
    return list(by_test.items()), still
