"""Budgets: bounds on what a deployment and its calls may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Final, Protocol

from pytest_arielml.boards import HOST
from pytest_arielml.errors import UsageError
from pytest_arielml.units import (
    format_bytes,
    format_count,
    format_seconds,
    parse_bytes,
    parse_count,
    parse_seconds,
)


class Measured(Protocol):
    """What was measured of one deployment: the worst of its calls.

    Sizes are bytes, `seconds` is estimated when it says so. `instructions` is
    None where they cannot be counted. `parts` are bytes: keys that start with
    ``ram: `` make up the RAM, the others the flash. `dispatches` are
    instructions, `overhead` those of the call outside of them.
    """

    model: str
    target: str
    calls: int
    instructions: int | None
    overhead: int | None
    seconds: float
    seconds_are_estimated: bool
    flash: int
    ram: int
    stack: int
    parts: dict[str, int]
    dispatches: dict[str, int]


class BudgetExceeded(AssertionError):
    """A budget does not hold."""


@dataclass(frozen=True)
class Quantity:
    """One quantity held against its budget, in the unit of that quantity.

    Attributes:
        name: instructions, latency, flash, ram or stack.
        budget: the bound.
        measured: what was measured.
        estimated: `measured` is an estimate.
        contributors: the largest parts of `measured`; empty when its parts are not known.
    """

    name: str
    budget: float
    measured: float
    estimated: bool
    contributors: tuple[tuple[str, int], ...]

    @property
    def holds(self) -> bool:
        """The measured value is within the bound."""
        return self.measured <= self.budget


_CONTRIBUTORS: Final = 3
# From so many times the budget on, a share in percent says little.
_MANY: Final = 10
_RAM_PART: Final = "ram: "
_NAME_WIDTH: Final = 48
_PARSERS: Final[Mapping[str, Callable[..., Any]]] = {
    "instructions": parse_count,
    "latency": parse_seconds,
    **dict.fromkeys(("flash", "ram", "stack"), parse_bytes),
}


@dataclass(frozen=True)
class Budget:
    """Bounds for every deployment and call of a test; None is no bound.

    Attributes:
        instructions: of one call.
        latency: of one call, in seconds; held against the estimate in emulation.
        flash: of the image, in bytes.
        ram: static data, arena and stack that were needed, in bytes.
        stack: high-water mark, in bytes.
    """

    instructions: int | None = None
    latency: float | None = None
    flash: int | None = None
    ram: int | None = None
    stack: int | None = None

    @classmethod
    def parse(cls, *args: object, **kwargs: Any) -> Budget:
        """A budget as a mark writes it: ``instructions="1.2M", latency="25ms", ram="16KiB"``.

        Raises:
            UsageError: a name is unknown, a value is not a quantity, or there is no bound.
        """
        if args:
            raise UsageError(
                "arielml_budget takes its bounds by name",
                expected='such as arielml_budget(instructions="1.2M", ram="16KiB")',
                found=", ".join(map(repr, args)),
                advice="name each bound: instructions, latency, flash, ram or stack",
            )
        for name in kwargs:
            if name not in _PARSERS:
                near = get_close_matches(name.lower(), _PARSERS, n=1, cutoff=0.5)
                raise UsageError(
                    f"arielml_budget has no bound {name!r}",
                    expected=", ".join(_PARSERS),
                    advice=f"did you mean {near[0]!r}?" if near else "name one of those",
                )
        if not kwargs:
            raise UsageError(
                "arielml_budget has no bound",
                expected=", ".join(_PARSERS),
                advice="name a bound, or remove the mark",
            )
        return cls(
            **{
                name: _PARSERS[name](value, what=f"arielml_budget {name}")
                for name, value in kwargs.items()
            }
        )

    def check(self, measured: Measured) -> list[Quantity]:
        """Every quantity that has a bound and was measured, in the order of this class.

        Instructions and latency need a call; instructions also need a target
        that counts them. What this machine takes says nothing of a board:
        on the target `host` nothing is held.
        """
        if measured.target == HOST:
            return []
        candidates = {
            "instructions": measured.instructions if measured.calls else None,
            "latency": measured.seconds if measured.calls else None,
            "flash": measured.flash,
            "ram": measured.ram,
            "stack": measured.stack,
        }
        quantities = []
        for each in fields(self):
            bound, value = getattr(self, each.name), candidates[each.name]
            if bound is not None and value is not None:
                estimated = each.name == "latency" and measured.seconds_are_estimated
                contributors = _contributors(each.name, measured)
                quantities.append(Quantity(each.name, bound, value, estimated, contributors))
        return quantities

    def violations(self, measured: Measured) -> list[Quantity]:
        """Those of `check` that do not hold."""
        return [quantity for quantity in self.check(measured) if not quantity.holds]

    def hold(self, records: Sequence[Measured]) -> None:
        """Fail when a bound does not hold for one of `records`.

        Raises:
            BudgetExceeded: with a table for each record that is over; the table
                has the bounds that hold too.
            UsageError: the test measured nothing that the bounds are about, so
                that they could never fail.
        """
        __tracebackhide__ = True
        if not records:
            raise UsageError(
                "the test has an arielml_budget but deploys no model",
                advice="deploy the model in the test itself: arielml.deploy(MODEL)",
            )
        of_a_call = self.instructions is not None or self.latency is not None
        if of_a_call and not any(record.calls for record in records):
            raise UsageError(
                "the test has a budget for instructions or latency but runs no model",
                advice="call .run() on what the test deploys",
            )
        over = [
            f"over budget: {record.model} on {record.target}\n{table(self.check(record))}"
            for record in records
            if self.violations(record)
        ]
        if over:
            raise BudgetExceeded("\n".join(over))


def check(budget: Budget, measured: Measured) -> list[Quantity]:
    """The bounds of `budget` that `measured` does not hold; see `Budget.violations`."""
    return budget.violations(measured)


def table(quantities: Sequence[Quantity]) -> str:
    """Budgets as text of at most 100 columns: what, budget, measured, margin.

    Under a quantity that is over its budget stand its largest contributors.
    """
    rows = [("", "budget", "measured", "margin", "")]
    rows += [_row(quantity) for quantity in quantities]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row, quantity in zip(rows, (None, *quantities), strict=True):
        cells = [row[0].ljust(widths[0])]
        cells += [row[column].rjust(widths[column]) for column in (1, 2, 3)]
        lines.append("  ".join(["", *cells, row[4]]).rstrip())
        if quantity is not None and not quantity.holds:
            lines += _largest(quantity)
    return "\n".join(lines)


def _row(quantity: Quantity) -> tuple[str, str, str, str, str]:
    write = _FORMATS[quantity.name]
    margin = quantity.budget - quantity.measured
    share = ""
    if quantity.measured > _MANY * quantity.budget > 0:
        share = f" ({quantity.measured / quantity.budget:,.0f} times)"
    elif quantity.budget:
        share = f" ({margin / quantity.budget:+.1%})"
    sign = "-" if margin < 0 else "+"
    name = quantity.name + (" (estimated)" if quantity.estimated else "")
    return (
        name,
        write(quantity.budget),
        write(quantity.measured),
        f"{sign}{write(abs(margin))}{share}",
        "" if quantity.holds else "OVER",
    )


def _largest(quantity: Quantity) -> list[str]:
    write = _FORMATS[quantity.name]
    if not quantity.contributors:
        return []
    names = [_shortened(name) for name, _ in quantity.contributors]
    width = max(map(len, names))
    amounts = [write(amount) for _, amount in quantity.contributors]
    lines = []
    for name, amount, (_, raw) in zip(names, amounts, quantity.contributors, strict=True):
        share = f"  {raw / quantity.measured:5.1%}" if quantity.measured else ""
        lines.append(f"      {name:<{width}}  {amount:>{max(map(len, amounts))}}{share}")
    return lines


def _contributors(name: str, measured: Measured) -> tuple[tuple[str, int], ...]:
    parts: dict[str, int] = {}
    if name == "instructions":
        parts = dict(measured.dispatches)
        if measured.overhead is not None:
            parts["runtime"] = measured.overhead
    elif name == "flash":
        parts = {k: v for k, v in measured.parts.items() if not k.startswith(_RAM_PART)}
    elif name == "ram":
        parts = {
            k.removeprefix(_RAM_PART): v
            for k, v in measured.parts.items()
            if k.startswith(_RAM_PART)
        }
    largest = sorted((item for item in parts.items() if item[1] > 0), key=lambda item: -item[1])
    return tuple(largest[:_CONTRIBUTORS])


def _shortened(name: str) -> str:
    """Dispatch names start alike and differ at the end, so the end is kept."""
    return name if len(name) <= _NAME_WIDTH else "..." + name[3 - _NAME_WIDTH :]


_FORMATS: Final[Mapping[str, Callable[[float], str]]] = {
    "instructions": lambda value: format_count(round(value)),
    "latency": format_seconds,
    **{name: lambda value: format_bytes(round(value)) for name in ("flash", "ram", "stack")},
}
