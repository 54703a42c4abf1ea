"""Where two traced calls of a model first differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from pytest_arielml.errors import UsageError
from pytest_arielml.golden import Comparison, compare
from pytest_arielml.session.transients import INPUT, OUTPUT, Transient

if TYPE_CHECKING:
    from pytest_arielml.session.result import Result

Array = npt.NDArray[np.generic]

_SHOWN: Final = 8
_OUTPUTS: Final = "outputs of the call"
_Step = tuple[str, int]


@dataclass(frozen=True)
class Divergence:
    """The first dispatch whose result differs between two calls.

    Attributes:
        dispatch: name of the dispatch function; "outputs of the call" when every
            dispatch agrees and only those differ.
        occurrence: which of its dispatches in the call, counted from 0.
        place: how many of the dispatches that were compared came before it.
        index: which of its outputs.
        actual, expected: this result's values, and the other's.
        where, other: what ran.
        comparison: how they differ; `expected` there is the other's.
        max_relative: largest `|difference|` as a share of `|expected|`; inf where that is 0.
        inputs: how those inputs differ that are not the same in every bit: none,
            when the dispatch was given the same on both.
    """

    dispatch: str
    occurrence: int
    place: int
    index: int
    actual: Array
    expected: Array
    where: str
    other: str
    comparison: Comparison
    max_relative: float
    inputs: tuple[Comparison, ...]

    @property
    def inputs_are_equal(self) -> bool:
        """Whether the dispatch was given the same bits on both."""
        return not self.inputs

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def first_divergence(
    actual: Result, expected: Result, *, rtol: float | None, atol: float | None
) -> Divergence | None:
    """See `Result.first_divergence`."""
    for result in (actual, expected):
        if not result.traced:
            raise UsageError(
                "the call was not traced",
                where=result.where or None,
                advice="deploy the model with trace=True on both targets",
            )
    ours, theirs = _steps(actual.transients), _steps(expected.transients)
    common = [step for step in ours if step in theirs]
    if (ours or theirs) and not common:
        raise UsageError(
            "the two calls have no dispatch in common",
            expected=", ".join(name for name, _ in theirs) or "none",
            found=", ".join(name for name, _ in ours) or "none",
            advice="compare calls of one function of one model",
        )
    bounds = {"rtol": rtol, "atol": atol}
    for place, step in enumerate(common):
        for pair in _pairs(ours[step], theirs[step], OUTPUT):
            if not (compared := pair.compare(**bounds)).ok:
                inputs = _pairs(ours[step], theirs[step], INPUT)
                differing = tuple(i.compare(**bounds) for i in inputs if not i.same_bits)
                return pair.divergence(step, place, compared, differing, (actual, expected))
    for index, arrays in enumerate(zip(actual.outputs, expected.outputs, strict=False)):
        pair = _Pair(OUTPUT, index, *arrays)
        if not (compared := pair.compare(**bounds)).ok:
            step = (_OUTPUTS, 0)
            return pair.divergence(step, len(common), compared, (), (actual, expected))
    return None


def dispatch_steps(result: Result) -> tuple[_Step, ...]:
    """The dispatches of a traced call by name and occurrence, in program order."""
    return tuple(_steps(result.transients))


def _steps(transients: Iterable[Transient]) -> dict[_Step, list[Transient]]:
    steps: dict[_Step, list[Transient]] = {}
    for transient in transients:
        steps.setdefault((transient.dispatch, transient.occurrence), []).append(transient)
    return steps


@dataclass(frozen=True)
class _Pair:
    """The same input or output of a dispatch on both sides."""

    kind: str
    index: int
    actual: Array
    expected: Array

    @property
    def same_bits(self) -> bool:
        actual, expected = self.actual, self.expected
        alike = (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        return alike and actual.tobytes() == expected.tobytes()

    def compare(self, *, rtol: float | None, atol: float | None) -> Comparison:
        actual, expected = self.actual, self.expected
        if np.iscomplexobj(actual) and np.iscomplexobj(expected):
            actual, expected = _parts(actual), _parts(expected)
        return compare(actual, expected, rtol=rtol, atol=atol, name=f"{self.kind} {self.index}")

    def divergence(
        self,
        step: _Step,
        place: int,
        comparison: Comparison,
        inputs: tuple[Comparison, ...],
        results: tuple[Result, Result],
    ) -> Divergence:
        relative = float("inf")
        if comparison.mismatch is None:
            relative = _max_relative(self.actual, self.expected)
        return Divergence(
            dispatch=step[0],
            occurrence=step[1],
            place=place,
            index=self.index,
            actual=self.actual,
            expected=self.expected,
            where=results[0].where,
            other=results[1].where,
            comparison=comparison,
            max_relative=relative,
            inputs=inputs,
        )


def _pairs(ours: Iterable[Transient], theirs: Iterable[Transient], kind: str) -> list[_Pair]:
    others = {transient.index: transient.array for transient in theirs if transient.kind == kind}
    return [
        _Pair(kind, transient.index, transient.array, others[transient.index])
        for transient in ours
        if transient.kind == kind and transient.index in others
    ]


def _parts(array: Array) -> Array:
    """Real and imaginary parts, as the last dimension."""
    real = {8: np.float32, 16: np.float64}[array.dtype.itemsize]
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(real).reshape(*array.shape, 2)


def _max_relative(actual: Array, expected: Array) -> float:
    kind = np.complex128 if np.iscomplexobj(expected) else np.float64
    a, b = actual.astype(kind), expected.astype(kind)
    with np.errstate(all="ignore"):
        share = np.where(a == b, 0.0, np.abs(a - b) / np.abs(b))
    share = np.where(np.isnan(a) & np.isnan(b), 0.0, share)
    return float(np.max(np.where(np.isnan(share), np.inf, share), initial=0.0))


def _lines(found: Divergence) -> Iterable[str]:
    again = f" (its call {found.occurrence + 1})" if found.occurrence else ""
    yield f"first divergence: {found.dispatch}{again}"
    yield f"  {found.where} against {found.other}"
    yield f"  {found.place} dispatches before it agree"
    yield "  " + str(found.comparison).replace("\n", "\n  ")
    if found.comparison.mismatch is None:
        yield f"  largest relative difference {found.max_relative:.6g}"
        yield from _side_by_side(found)
    if found.dispatch == _OUTPUTS:
        yield "  every dispatch agrees: what differs was copied, or is an output by itself"
    elif found.inputs_are_equal:
        yield "  its inputs are the same in every bit: the difference arises here"
    else:
        within = [c.name for c in found.inputs if c.ok]
        beyond = [c for c in found.inputs if not c.ok]
        if within:
            yield f"  within the tolerance, but not in every bit: {', '.join(within)}"
        for each in beyond:
            yield f"  no dispatch made it, and it differs: {each}".replace("\n", "\n    ")


def _side_by_side(found: Divergence) -> Iterable[str]:
    """The first places where values differ, with both values."""
    got, wanted = found.actual, found.expected
    if got.dtype.name in ("int4", "uint4"):
        got, wanted = got.astype(np.int8), wanted.astype(np.int8)
    with np.errstate(all="ignore"):
        different = ~((got == wanted) | ((got != got) & (wanted != wanted)))
    places = np.argwhere(different)
    rows = [("at", "this", "the other")]
    for place in places[:_SHOWN]:
        index = tuple(int(i) for i in place)
        rows.append((str(list(index)), _number(got[index]), _number(wanted[index])))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        yield f"    {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}"
    if len(places) > _SHOWN:
        yield f"    ... and {len(places) - _SHOWN:,} more"


def _number(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, (float, np.floating)) else str(value)
