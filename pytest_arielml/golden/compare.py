"""How two tensors differ, and the text that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.errors import UsageError
from pytest_arielml.golden.policy import (
    STEP_SLACK,
    OutputPolicy,
    Tolerance,
    is_float,
    is_integer,
    tolerance,
)

Array = NDArray[Any]


@dataclass(frozen=True)
class Difference:
    """One place where two tensors differ."""

    index: tuple[int, ...]
    actual: Any
    expected: Any


@dataclass(frozen=True)
class Comparison:
    """What came out of comparing one output with its reference.

    Attributes:
        name: the output's name.
        mismatch: what is wrong with shape or data type; then nothing else was compared.
        dtype: of the reference.
        shape: of the reference.
        tolerance: what was allowed.
        size: number of values.
        differing: values outside the tolerance.
        max_abs: largest `|actual - expected|`; inf when NaN or infinity is on one side only.
        max_ulp: largest distance in representable values; None for integers.
        max_steps: largest distance in quantization steps; None when the step is unknown.
        first: the first value outside the tolerance, in row-major order.
        worst: the value farthest from its reference, among those outside the tolerance.
    """

    name: str
    mismatch: str | None
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    tolerance: Tolerance
    size: int = 0
    differing: int = 0
    max_abs: float = 0.0
    max_ulp: int | None = None
    max_steps: float | None = None
    first: Difference | None = None
    worst: Difference | None = None

    @property
    def ok(self) -> bool:
        """Shape and data type are the reference's, and no value is outside the tolerance."""
        return self.mismatch is None and self.differing == 0

    def __str__(self) -> str:
        return describe(self)


def compare(
    actual: Array,
    expected: Array,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    steps: float | None = None,
    step: float | None = None,
    name: str = "output",
) -> Comparison:
    """Compare one tensor with its reference.

    NaN agrees with NaN and infinity with the same infinity, in the same place.
    Without `rtol`, `atol` and `steps` the policy of the data type holds; `step`
    is the size of a quantization step (see `policy.output_policies`).

    Raises:
        UsageError: a tolerance is not usable, or the data type not comparable.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    mismatch = _mismatch(actual, expected)
    actual, expected = _widened(actual), _widened(expected)
    allowed = tolerance(expected.dtype, rtol=rtol, atol=atol, steps=steps, step=step)
    shape = tuple(expected.shape)
    if mismatch is not None or expected.size == 0:
        return Comparison(name, mismatch, expected.dtype, shape, allowed)
    distance = (
        _integer_distance(actual, expected)
        if is_integer(expected.dtype)
        else _float_distance(actual, expected)
    )
    ulp = ulp_distance(actual, expected) if is_float(expected.dtype) else None
    outside = _outside(distance, ulp, expected, allowed)
    places = np.flatnonzero(outside)
    first = worst = None
    if places.size:
        first = _difference(actual, expected, int(places[0]))
        farthest = places[int(np.argmax(distance.reshape(-1)[places]))]
        worst = _difference(actual, expected, int(farthest))
    largest = float(distance.max())
    return Comparison(
        name,
        None,
        expected.dtype,
        shape,
        allowed,
        size=expected.size,
        differing=int(places.size),
        max_abs=largest,
        max_ulp=None if ulp is None else int(ulp.max()),
        max_steps=None if allowed.step is None else largest / allowed.step,
        first=first,
        worst=worst,
    )


def compare_outputs(
    actual: Sequence[Array],
    expected: Sequence[Array],
    *,
    policies: Sequence[OutputPolicy] = (),
    rtol: float | None = None,
    atol: float | None = None,
    steps: float | None = None,
) -> tuple[Comparison, ...]:
    """Compare every output of a call; `policies` go by position, as outputs do.

    Raises:
        UsageError: the two have not the same number of outputs, or see `compare`.
    """
    if len(actual) != len(expected):
        raise UsageError(
            "the number of outputs differs from the reference's",
            expected=str(len(expected)),
            found=str(len(actual)),
            advice="pass one expected array for each output, in a tuple",
        )
    comparisons = []
    for place, (got, wanted) in enumerate(zip(actual, expected, strict=True)):
        known = place < len(policies)
        policy = policies[place] if known else OutputPolicy(f"output {place}", None)
        comparisons.append(
            compare(
                got, wanted, rtol=rtol, atol=atol, steps=steps, step=policy.step, name=policy.name
            )
        )
    return tuple(comparisons)


def assert_outputs_match(
    actual: Sequence[Array],
    expected: Sequence[Array],
    *,
    policies: Sequence[OutputPolicy] = (),
    rtol: float | None = None,
    atol: float | None = None,
    steps: float | None = None,
    where: str = "",
    reference: str = "the reference",
) -> None:
    """Fail unless every output agrees with its reference; see `compare_outputs`.

    Args:
        actual: what came out.
        expected: what should have.
        policies: from `output_policies`, for names and steps.
        rtol: relative bound.
        atol: absolute bound.
        steps: bound in quantization steps.
        where: what ran, for the first line of the message.
        reference: what computed `expected`, for the same line.

    Raises:
        AssertionError: with a table of what differs.
        UsageError: see `compare_outputs`.
    """
    __tracebackhide__ = True
    text = assertion_text(
        compare_outputs(actual, expected, policies=policies, rtol=rtol, atol=atol, steps=steps)
    )
    if text:
        raise AssertionError(f"{where}: outputs differ from {reference}\n{text}".lstrip(": "))


def assertion_text(comparisons: Sequence[Comparison]) -> str:
    """What a failed assertion shows: one block for each output that differs; "" when none."""
    blocks = [describe(each) for each in comparisons if not each.ok]
    agreeing = len(comparisons) - len(blocks)
    if blocks and agreeing:
        blocks.append(
            "1 other output agrees" if agreeing == 1 else f"{agreeing} other outputs agree"
        )
    return "\n".join(blocks)


def describe(comparison: Comparison) -> str:
    """A comparison in a few lines of at most 100 columns."""
    c = comparison
    if c.mismatch is not None:
        return _headed(c, c.mismatch)
    if c.ok:
        return _headed(c, f"all {c.size:,} values agree")
    share = c.differing / c.size
    lines = [_headed(c, f"{c.differing:,} of {c.size:,} values differ ({share:.1%})")]
    for label, place in (("first", c.first), ("worst", c.worst)):
        if place is not None and (label == "first" or place != c.first):
            lines.append(
                f"  {label} at {list(place.index)}: got {_number(place.actual)},"
                f" expected {_number(place.expected)}"
            )
    lines.append(f"  {'largest':<16}{'found':>16}   allowed")
    lines += [f"  {label:<16}{found:>16}   {allowed}" for label, found, allowed in _rows(c)]
    return "\n".join(lines)


def ulp_distance(actual: Array, expected: Array) -> NDArray[np.uint64]:
    """How many representable values apart, elementwise; 0 for NaN with NaN, +0 with -0.

    The bits of an IEEE 754 number, as sign and magnitude, count its
    representable values; NaN against a number is as far as the type goes.
    """
    width = expected.dtype.itemsize
    keys = []
    for values in (actual, expected):
        bits = np.ascontiguousarray(values).view(f"u{width}").astype(np.uint64)
        sign = np.uint64(1 << (8 * width - 1))
        magnitude = bits & (sign - np.uint64(1))
        keys.append(np.where(bits & sign, sign - magnitude, sign + magnitude))
    distance = np.maximum(*keys) - np.minimum(*keys)
    nan = np.isnan(actual), np.isnan(expected)
    distance[nan[0] & nan[1]] = 0
    distance[nan[0] ^ nan[1]] = np.uint64((1 << (8 * width)) - 1)
    result: NDArray[np.uint64] = distance.reshape(expected.shape)
    return result


def _mismatch(actual: Array, expected: Array) -> str | None:
    if actual.shape != expected.shape:
        return f"shape is {list(actual.shape)}, expected {list(expected.shape)}"
    if actual.dtype != expected.dtype:
        return f"data type is {actual.dtype}, expected {expected.dtype}"
    return None


def _widened(array: Array) -> Array:
    """4-bit integers, which are not numpy's own, as integers that are."""
    wide = {"int4": np.int8, "uint4": np.uint8}.get(array.dtype.name)
    return array if wide is None else array.astype(wide)


def _integer_distance(actual: Array, expected: Array) -> NDArray[np.uint64]:
    # In 64 bits and without sign, so that no difference wraps around.
    wide = np.uint64 if expected.dtype == np.uint64 else np.int64
    a, b = actual.astype(wide), expected.astype(wide)
    distance: NDArray[np.uint64] = np.maximum(a, b).view(np.uint64) - np.minimum(a, b).view(
        np.uint64
    )
    return distance


def _float_distance(actual: Array, expected: Array) -> NDArray[np.float64]:
    a, b = actual.astype(np.float64), expected.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        distance: NDArray[np.float64] = np.abs(a - b)
    same = (np.isnan(a) & np.isnan(b)) | (a == b)  # a == b: inf - inf is NaN
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))


def _outside(
    distance: Array, ulp: NDArray[np.uint64] | None, expected: Array, allowed: Tolerance
) -> NDArray[np.bool_]:
    if is_integer(expected.dtype) and not (allowed.rtol or allowed.atol or allowed.steps):
        return np.asarray(distance != 0)
    magnitude = np.abs(expected.astype(np.float64))
    magnitude = np.where(np.isfinite(magnitude), magnitude, 0.0)
    with np.errstate(over="ignore"):
        bound = allowed.atol + allowed.rtol * magnitude + allowed.peak_rtol * magnitude.max()
    if allowed.step is not None and allowed.steps:
        bound = np.maximum(bound, (allowed.steps + STEP_SLACK) * allowed.step)
    near = distance <= bound
    if ulp is not None:
        near |= ulp <= np.uint64(allowed.ulp)
    # The largest finite value is one ULP below infinity, and is not near it.
    return np.asarray(~((distance == 0) | (np.isfinite(distance) & near)))


def _difference(actual: Array, expected: Array, flat: int) -> Difference:
    index = tuple(int(i) for i in np.unravel_index(flat, expected.shape))
    return Difference(index, actual[index].item(), expected[index].item())


_COLUMNS: Final = 100


def _headed(c: Comparison, found: str) -> str:
    rest = f" {c.dtype}{list(c.shape)}: {found}"
    room = max(_COLUMNS - len(rest), 8)
    name = c.name if len(c.name) <= room else c.name[: room - 3] + "..."
    return name + rest


def _number(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _rows(c: Comparison) -> list[tuple[str, str, str]]:
    t = c.tolerance
    terms = [f"{t.atol:g}"] if t.atol else []
    terms += [f"{t.rtol:g} |expected|"] if t.rtol else []
    terms += [f"{t.peak_rtol:g} of the largest"] if t.peak_rtol else []
    rows = [("|difference|", f"{c.max_abs:.6g}", " + ".join(terms) or "0")]
    if c.max_ulp is not None:
        rows.append(("ULP", f"{c.max_ulp:,}", str(t.ulp)))
    if c.max_steps is not None:
        size = "" if t.step == 1 else f" (of {t.step:.6g} each)"
        rows.append(("steps", f"{c.max_steps:.4g}", f"{t.steps:g}{size}"))
    return rows
