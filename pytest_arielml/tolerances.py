"""How far a figure may move against its baseline, by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_arielml.errors import UsageError
from pytest_arielml.units import (
    format_bytes,
    format_count,
    format_share,
    parse_bytes,
    parse_count,
    parse_share,
)


@dataclass(frozen=True)
class Kind:
    """A kind of figure that has a tolerance of its own.

    Attributes:
        name: as the ini file has it: `arielml_tolerance_<name>`.
        figures: the figures of this kind.
        parse: reads an amount of it, in the unit of the figures.
        write: writes such an amount.
        rises: whether more is better.
        default: its tolerance, as people write it.
        exact: writes an amount to the last digit.
    """

    name: str
    figures: tuple[str, ...]
    parse: Callable[..., float]
    write: Callable[[Any], str]
    rises: bool
    default: str
    exact: Callable[[Any], str]

    def writer(self, *values: float) -> Callable[[Any], str]:
        """What writes `values` so that those that differ look different."""
        shown = {self.write(value) for value in values}
        return self.write if len(shown) == len(set(values)) else self.exact


def _exact_bytes(count: int) -> str:
    return f"{count:,} B"


def _exact_share(share: float) -> str:
    return f"{share * 100:.4f} %"


KINDS: Final = (
    Kind("instructions", ("instructions",), parse_count, format_count, False, "1%", format_count),
    Kind("flash", ("flash",), parse_bytes, format_bytes, False, "1KiB", _exact_bytes),
    Kind("ram", ("ram",), parse_bytes, format_bytes, False, "512B", _exact_bytes),
    Kind("stack", ("stack",), parse_bytes, format_bytes, False, "256B", _exact_bytes),
    Kind("accuracy", ("top1", "agreement"), parse_share, format_share, True, "0.5%", _exact_share),
)
#: The kind of each figure, in the order in which figures are shown.
KIND_OF: Final[Mapping[str, Kind]] = {name: kind for kind in KINDS for name in kind.figures}


@dataclass(frozen=True)
class Tolerance:
    """How far a figure may get worse: by a share of itself, or by an amount in its unit."""

    relative: float = 0.0
    absolute: float = 0.0

    def worst(self, recorded: float, kind: Kind) -> float:
        """The worst value that is still taken for a figure that was `recorded`."""
        allowed = recorded * self.relative + self.absolute
        return recorded - allowed if kind.rises else recorded + allowed


Tolerances = Mapping[str, Tolerance]


def parse_tolerance(kind: Kind, text: str) -> Tolerance:
    """A tolerance as the ini file writes it: ``2%``, or an amount such as ``1KiB``.

    Of accuracy, which is a share itself, ``0.5%`` is half a point.
    Raises: UsageError for anything else.
    """
    what = f"arielml_tolerance_{kind.name}"
    if kind.parse is not parse_share and text.strip().endswith("%"):
        return Tolerance(relative=parse_share(text, what=what))
    try:
        return Tolerance(absolute=kind.parse(text, what=what))
    except UsageError as error:
        if kind.parse is not parse_share:
            error.expected = f"2%, or {error.expected}"
        raise


def parse_tolerances(texts: Mapping[str, str]) -> Tolerances:
    """The tolerance of every kind; those that `texts` is silent about have their default.

    Raises: UsageError.
    """
    return {
        kind.name: parse_tolerance(kind, texts.get(kind.name) or kind.default) for kind in KINDS
    }
