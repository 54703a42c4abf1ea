"""Accuracy on a labelled set, as a test asserts it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from pytest_arielml.errors import InputError, UsageError
from pytest_arielml.frontends import TensorSpec, shape_text
from pytest_arielml.session import Deployment
from pytest_arielml.session.result import Array
from pytest_arielml.worst import Case, Worst

T = TypeVar("T")
Progress = Callable[[Iterable[T], str, int], Iterable[T]]

#: Of confidence intervals.
CONFIDENCE: Final = 0.95
# Quantile of the standard normal distribution at (1 + CONFIDENCE) / 2.
_Z: Final = 1.959963984540054


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy of a device and of its reference, as fractions of 1.

    Attributes:
        top1: share of inputs whose right class the device names.
        reference_top1: the same of the reference.
        agreement: share of inputs on which both name the same class.
        n: how many inputs there were.
        worst: those on which the device did worst, the worst first; few are kept.
    """

    top1: float
    reference_top1: float
    agreement: float
    n: int
    worst: tuple[Case, ...] = field(default=(), compare=False, repr=False)

    @property
    def drop(self) -> float:
        """How far `top1` lies under the reference's; negative where it is above."""
        # By counts: the difference of two rounded fractions may be off by a bit.
        return (round(self.reference_top1 * self.n) - round(self.top1 * self.n)) / self.n

    @property
    def top1_interval(self) -> tuple[float, float]:
        """Where top-1 lies on inputs like these, with 95 % confidence."""
        return wilson_interval(round(self.top1 * self.n), self.n)

    @property
    def agreement_interval(self) -> tuple[float, float]:
        """Where the agreement lies on inputs like these, with 95 % confidence."""
        return wilson_interval(round(self.agreement * self.n), self.n)

    def __str__(self) -> str:
        low, high = self.top1_interval
        return (
            f"top-1 {self.top1:.2%} on the device ({low:.1%} to {high:.1%} with "
            f"{CONFIDENCE:.0%} confidence), {self.reference_top1:.2%} by the reference, "
            f"agreement {self.agreement:.2%}, n = {self.n}"
        )


class AccuracyError(AssertionError):
    """A bound on accuracy does not hold."""


@dataclass(frozen=True)
class Bounds:
    """What an accuracy must keep, in fractions of 1; None is no bound.

    Attributes:
        min_top1: least top-1 accuracy on the device.
        max_drop: most that top-1 may lie under the reference's.
        min_agreement: least share of inputs on which both name the same class.

    Raises: UsageError for a bound that is not between 0 and 1.
    """

    min_top1: float | None = None
    max_drop: float | None = None
    min_agreement: float | None = None

    def __post_init__(self) -> None:
        for name, bound in vars(self).items():
            if bound is not None and not 0 <= bound <= 1:
                raise UsageError(
                    f"{name} is not a fraction of 1",
                    expected="0.0 to 1.0, such as 0.95 for 95 %",
                    found=repr(bound),
                    advice="write 95 % as 0.95",
                )

    def check(self, accuracy: Accuracy) -> None:
        """Raises: AccuracyError naming each bound that does not hold."""
        __tracebackhide__ = True
        broken = []
        if self.min_top1 is not None and accuracy.top1 < self.min_top1:
            broken.append(
                f"top-1 is {accuracy.top1:.2%}, at least {self.min_top1:.2%} is asked for"
            )
        if self.max_drop is not None and accuracy.drop > self.max_drop:
            broken.append(
                f"top-1 drops by {accuracy.drop:.2%}, at most {self.max_drop:.2%} is allowed"
            )
        if self.min_agreement is not None and accuracy.agreement < self.min_agreement:
            broken.append(
                f"device and reference agree on {accuracy.agreement:.2%}, "
                f"at least {self.min_agreement:.2%} is asked for"
            )
        if broken:
            raise AccuracyError("; ".join(broken) + f"\n  measured: {accuracy}")


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Wilson's score interval of a proportion, at 95 % confidence.

    Unlike the normal one it stays within 0 and 1 and holds near both.
    Source: E. B. Wilson, JASA 22 (1927), 209-212.

    Args:
        successes: 0 to `n`.
        n: trials, at least 1.
    """
    share = successes / n
    weight = 1 + _Z**2 / n
    middle = (share + _Z**2 / (2 * n)) / weight
    half = _Z / weight * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    # The ends are exact there, and rounding would miss them by a bit.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == n else middle + half
    return low, high


def measure_accuracy(
    deployment: Deployment,
    inputs: Array,
    labels: Array,
    *,
    limit: int | None = None,
    progress: Progress[int] | None = None,
) -> Accuracy:
    """Runs a labelled set on the device and through the reference.

    Args:
        deployment: a classifier with one input and one output of class scores.
        inputs: [n, ...], each sample of the model's shape, with or without
            its batch dimension of 1, in the model's dtype.
        labels: [n], the right class of each, an integer.
        limit: use the first so many only.
        progress: wraps the loop: `progress(indices, description, total)`.

    Raises: InputError when inputs, labels and model do not belong together.
    """
    function = deployment.signature.main
    if len(function.inputs) != 1 or len(function.outputs) != 1:
        raise InputError(
            f"accuracy needs one input and one output, {deployment.name} has "
            f"{len(function.inputs)} and {len(function.outputs)}",
            advice="run the set in a loop of your own: deployment.run(*inputs) gives the outputs",
        )
    count = _count(inputs, labels, limit)
    samples = _samples(function.inputs[0], inputs[:count], deployment.name)
    worst = Worst()
    right = reference_right = agreed = 0
    steps: Iterable[int] = range(count)
    if progress is not None:
        steps = progress(steps, f"{deployment.name} on {deployment.target.name}", count)
    for index in steps:
        output = deployment.run(samples[index], function=function.name).output
        expected = deployment.reference(samples[index], function=function.name)[0]
        label = _label(labels, index, output.size, deployment.name)
        case = Case(index, label, samples[index], output, expected)
        right += case.device_class == label
        reference_right += case.reference_class == label
        agreed += case.device_class == case.reference_class
        worst.add(case)
    return Accuracy(right / count, reference_right / count, agreed / count, count, worst.cases)


def _count(inputs: Array, labels: Array, limit: int | None) -> int:
    if len(inputs) != len(labels):
        raise InputError(
            "inputs and labels differ in number",
            expected=f"{len(inputs)} labels",
            found=f"{len(labels)}",
            advice="pass one label for each input",
        )
    if np.ndim(labels) != 1 or not np.issubdtype(np.asarray(labels).dtype, np.integer):
        raise InputError(
            "the labels are not class numbers",
            expected="integers [n]",
            found=f"{np.asarray(labels).dtype} {list(np.shape(labels))}",
            advice="of one-hot labels take labels.argmax(axis=1)",
        )
    count = len(inputs) if limit is None else min(limit, len(inputs))
    if count < 1:
        raise InputError(
            "there is no input to measure accuracy on",
            advice="pass at least one input, and a limit of at least 1",
        )
    return count


def _label(labels: Array, index: int, classes: int, model: str) -> int:
    label = int(labels[index])
    if not 0 <= label < classes:
        raise InputError(
            f"label {index} is no class of {model}",
            expected=f"0 to {classes - 1}, as the model gives {classes} scores",
            found=str(label),
            advice="number the classes from 0, in the order of the model's scores",
        )
    return label


def _samples(spec: TensorSpec, inputs: Array, model: str) -> Array:
    """The inputs, each in the shape that the model takes."""
    if inputs.dtype == spec.dtype:
        for samples in (inputs, inputs[:, None]):
            if spec.takes(samples.shape[1:]):
                return samples
    raise InputError(
        f"the samples are not inputs of {model}",
        expected=f"{spec.dtype} {shape_text(('n', *spec.shape))}",
        found=f"{inputs.dtype} {list(inputs.shape)}",
        advice="convert and reshape them as a single call of the model wants them",
    )
