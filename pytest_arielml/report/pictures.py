"""The pictures of a report, as SVG that takes its colours from the page around it.

Matplotlib draws them: no script runs in the reader's browser, so that the
page opens at once and also where scripts are forbidden, as in the pages that
CI servers show.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pytest_arielml.units import format_seconds

# Inches and points; shown at about 380 CSS pixels, a point is 1.4 of them.
_WIDTH: Final = 3.8
_ROW: Final = 0.36
_FONT: Final = 8.5
_SMALL: Final = 7.5

# Stand for colours of the page, which replace them: nothing else draws with these.
_INK: Final = "#010101"
_MUTED: Final = "#020202"
_GRID: Final = "#030303"
_BAD: Final = "#040404"
_REFERENCE: Final = "#050505"
_SERIES: Final = ("#060601", "#060602", "#060603", "#060604", "#060605")
_COLOURS: Final[Mapping[str, str]] = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _GRID: "var(--grid)",
    _BAD: "var(--bad)",
    _REFERENCE: "var(--muted)",
    **{colour: f"var(--series-{n})" for n, colour in enumerate(_SERIES, start=1)},
}

# Typed as Any: matplotlib's own type names every setting that there is.
_SETTINGS: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "arielml",
    "font.size": _FONT,
    "text.color": _INK,
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _MUTED,
    "xtick.color": _GRID,
    "ytick.color": _GRID,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    # Names of models and dispatches are text, whatever is in them.
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length, how its value is written, and its colour; None is grey."""

    name: str
    value: float
    text: str
    series: int | None = 0


@dataclass(frozen=True)
class Segment:
    """A stretch of time on a core, in seconds from the begin of the call."""

    core: int
    begin: float
    end: float
    label: str
    series: int | None = 0


def bars(items: Sequence[Bar], *, title: str) -> str:
    """Horizontal bars, each under its name and value. `title` is read to who cannot see it."""
    longest = max((item.value for item in items), default=0) or 1.0
    height = _ROW * len(items) + 0.05

    def down(rows: float) -> float:
        return 1 - rows * _ROW / height

    with matplotlib.rc_context(_SETTINGS):
        # Straight onto the figure: axes take as long as all that is on them.
        figure = _figure(height)
        for row, item in enumerate(items):
            # A part that is there shows, however small.
            length = max(item.value / longest, 0.004)
            bar = (0, down(row + 0.87)), length, 0.34 * _ROW / height
            figure.add_artist(Rectangle(*bar, facecolor=_series(item.series)))
            room = round(50 - len(item.text) * 0.9)
            figure.text(0, down(row + 0.4), middle_cut(item.name, room), color=_MUTED)
            figure.text(1, down(row + 0.4), item.text, ha="right")
        return _svg(figure, title)


def tracks(segments: Sequence[Segment], *, cores: int, end: float, title: str) -> str:
    """What each core did when: a track a core.

    Args:
        segments: in seconds; those of `series` None are drawn as what is no dispatch.
        cores: how many tracks there are.
        end: of the time axis, in seconds.
        title: as for `bars`.
    """
    scale, unit = _time_unit(end)
    with matplotlib.rc_context(_SETTINGS):
        height = 0.5 * cores + 0.4
        figure = _figure(height)
        left = 0.13
        axes = figure.add_axes((left, 0.36 / height, 0.985 - left, 1 - 0.38 / height))
        axes.set_xlim(0, end * scale)
        axes.set_ylim(cores, 0)
        _plain(axes)
        axes.set_yticks([core + 0.4 for core in range(cores)], [f"core {n}" for n in range(cores)])
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(unit, loc="right", labelpad=1, fontsize=_SMALL)
        gap = 0.0015 * end  # keeps neighbours apart
        for segment in segments:
            length = segment.end - segment.begin
            corner = (segment.begin * scale, segment.core + 0.16)
            colour = _series(segment.series)
            bar = Rectangle(corner, max(length - gap, gap) * scale, 0.42, facecolor=colour)
            axes.add_artist(bar).set_clip_on(False)
            if length > 0.018 * end * max(len(segment.label), 1) + 0.01 * end:
                axes.text(
                    (segment.begin + length / 2) * scale,
                    segment.core + 0.84,
                    segment.label,
                    ha="center",
                    fontsize=_SMALL,
                    color=_MUTED,
                    clip_on=False,
                )
        return _svg(figure, title)


@dataclass(frozen=True)
class Share:
    """A proportion with its interval, all fractions of 1; `interval` may be None."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    is_reference: bool = False


def shares(items: Sequence[Share], *, title: str) -> str:
    """Proportions as points with their intervals, on an axis that ends at 100 %."""
    lows = [item.interval[0] if item.interval else item.value for item in items]
    low = max(0.0, min(lows) - 0.05)
    with matplotlib.rc_context(_SETTINGS):
        height = 0.42 * len(items) + 0.38
        figure = _figure(height)
        axes = figure.add_axes((0.03, 0.26 / height, 0.9, 1 - 0.28 / height))
        axes.set_xlim(low * 100, 100)
        axes.set_ylim(len(items), 0)
        _plain(axes)
        axes.set_yticks([])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
        for row, item in enumerate(items):
            colour = _REFERENCE if item.is_reference else _SERIES[0]
            if item.interval:
                axes.plot(
                    [end * 100 for end in item.interval],
                    [row + 0.72] * 2,
                    color=colour,
                    linewidth=2,
                    solid_capstyle="round",
                    clip_on=False,
                )
            axes.plot(
                [item.value * 100], [row + 0.72], "o", color=colour, markersize=6, clip_on=False
            )
            axes.text(low * 100, row + 0.4, item.name, color=_MUTED, clip_on=False)
            axes.text(100, row + 0.4, f"{item.value:.2%}", ha="right", clip_on=False)
        return _svg(figure, title)


@dataclass(frozen=True)
class Series:
    """One figure over the recorded runs: when (ISO 8601), and its value then."""

    name: str
    points: Sequence[tuple[str, float]]
    write: Callable[[Any], str]
    worse_is_less: bool = False


def history(series: Series, *, title: str) -> str:
    """A figure over the runs, the last one marked; each run is as far as the next."""
    values = [value for _, value in series.points]
    low, high = min(values), max(values)
    worse = values[-1] != values[-2] and (values[-1] < values[-2]) is series.worse_is_less
    with matplotlib.rc_context(_SETTINGS):
        figure = _figure(1.15)
        # As in bars: no axes. The line lies between a fifth and two thirds of the height.
        places = [0.02 + 0.96 * run / (len(values) - 1) for run in range(len(values))]
        heights = [0.26 + 0.4 * (value - low) / ((high - low) or 1) for value in values]
        figure.add_artist(Line2D([0.02, 0.98], [0.2, 0.2], color=_GRID, linewidth=0.8))
        figure.add_artist(Line2D(places, heights, color=_SERIES[0], linewidth=1.6))
        last = [places[-1]], [heights[-1]]
        colour = _BAD if worse else _SERIES[0]
        figure.add_artist(Line2D(*last, color=colour, marker="o", markersize=5))
        figure.text(0.02, 0.88, series.name, color=_MUTED)
        figure.text(
            0.98, 0.88, f"{series.write(values[0])} → {series.write(values[-1])}", ha="right"
        )
        begin, end = (_day(when) for when, _ in (series.points[0], series.points[-1]))
        figure.text(0.02, 0.04, begin, color=_MUTED, fontsize=_SMALL)
        figure.text(0.98, 0.04, end, color=_MUTED, fontsize=_SMALL, ha="right")
        return _svg(figure, title)


def middle_cut(text: str, room: int) -> str:
    """`text` in at most `room` characters; what begins and what ends it is kept."""
    if len(text) <= room:
        return text
    head = (room - 1) // 2
    return f"{text[:head]}…{text[head + 1 - room :]}"


def _series(number: int | None) -> str:
    return _GRID if number is None else _SERIES[number % len(_SERIES)]


def _day(when: str) -> str:
    return datetime.fromisoformat(when).strftime("%Y-%m-%d %H:%M")


def _time_unit(end: float) -> tuple[float, str]:
    """How a time axis is written that ends at `end` seconds: factor and unit."""
    return (1e6, "µs") if end < 1e-3 else (1e3, "ms") if end < 1 else (1.0, "s")


def _figure(height: float) -> Figure:
    figure = Figure(figsize=(_WIDTH, height))
    figure.patch.set_visible(False)
    FigureCanvasSVG(figure)
    return figure


def _plain(axes: Any) -> None:
    """No frame but the line that things stand on."""
    axes.patch.set_visible(False)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=_SMALL, length=2, pad=2)


_DROPPED: Final = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>"
    # Fonts are the page's, and a turn by nothing is none.
    r"| font-family: [^;\"]*;| transform=\"rotate\(-?0 [^\"]*\"",
    re.DOTALL,
)
# A hundredth of a point is finer than any screen.
_DECIMALS: Final = re.compile(r"(\.\d\d)\d+")
_GROUP: Final = re.compile(r"<g> ?((?:(?!</?g[ >]).)*)</g>")
_SIZE: Final = re.compile(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"')
_GROUP_ID: Final = re.compile(r'<g id="[^"]*">')
_NAME: Final = re.compile(r' id="| xlink:href="#')
_COLOUR: Final = re.compile("|".join(_COLOURS))


def _svg(figure: Figure, title: str) -> str:
    """The figure as an element of a page: the page's font and colours, no names of its own."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = _DROPPED.sub("", stream.getvalue())
    text = _GROUP_ID.sub("<g>", text)
    text = _SIZE.sub(rf'\1 role="img" aria-label="{_attribute(title)}"', text, count=1)
    # Names must differ from those of the other pictures on the page.
    name = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()[:8]
    text = _NAME.sub(rf"\g<0>{name}-", text)
    text = _COLOUR.sub(lambda match: _COLOURS[match[0]], text)
    text = _DECIMALS.sub(r"\1", re.sub(r"\s*\n\s*", " ", text).strip())
    found = 1
    while found:
        text, found = _GROUP.subn(r"\1", text)
    return text


def _attribute(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text


def milliseconds(seconds: float, whole: float) -> str:
    """``1.52 ms  12 %``: a time and its share of another."""
    return f"{format_seconds(seconds)}  {seconds / whole:.0%}" if whole else format_seconds(seconds)
