"""Accuracy on a labelled set, as a test asserts it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pytest_arielml.errors import InputError
from pytest_arielml.frontends import TensorSpec, shape_text
from pytest_arielml.session import Deployment
from pytest_arielml.session.result import Array

T = TypeVar("T")
Progress = Callable[[Iterable[T], str, int], Iterable[T]]


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy of a device and of its reference, as fractions of 1.

    `agreement` is the share of inputs on which both name the same class; `n`
    how many inputs there were.
    """

    top1: float
    reference_top1: float
    agreement: float
    n: int

    def __str__(self) -> str:
        return (
            f"top-1 {self.top1:.2%} on the device, {self.reference_top1:.2%} by the reference, "
            f"agreement {self.agreement:.2%}, n = {self.n}"
        )


class AccuracyError(AssertionError):
    """A bound on accuracy does not hold."""


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
        labels: [n], the right class of each.
        limit: use the first so many only.
        progress: wraps the loop: `progress(indices, description, total)`.

    Raises: InputError when inputs, labels and model do not belong together.
    """
    function = deployment.signature.main
    if len(function.inputs) != 1 or len(function.outputs) != 1:
        raise InputError(
            f"accuracy needs one input and one output, {deployment.name} has "
            f"{len(function.inputs)} and {len(function.outputs)}"
        )
    count = _count(inputs, labels, limit)
    samples = _samples(function.inputs[0], inputs[:count], deployment.name)
    right = reference_right = agreed = 0
    steps: Iterable[int] = range(count)
    if progress is not None:
        steps = progress(steps, f"{deployment.name} on {deployment.target.name}", count)
    for index in steps:
        on_device = int(np.argmax(deployment.run(samples[index]).output))
        expected = int(np.argmax(deployment.reference(samples[index])[0]))
        label = int(labels[index])
        right += on_device == label
        reference_right += expected == label
        agreed += on_device == expected
    return Accuracy(right / count, reference_right / count, agreed / count, count)


def check_accuracy(
    accuracy: Accuracy, *, min_top1: float | None = None, max_drop: float | None = None
) -> None:
    """Fails when top-1 is under `min_top1`, or `max_drop` under the reference's.

    Both are fractions of 1. Raises: AccuracyError.
    """
    __tracebackhide__ = True
    broken = []
    if min_top1 is not None and accuracy.top1 < min_top1:
        broken.append(f"top-1 is {accuracy.top1:.2%}, at least {min_top1:.2%} is asked for")
    drop = accuracy.reference_top1 - accuracy.top1
    if max_drop is not None and drop > max_drop:
        broken.append(f"top-1 drops by {drop:.2%}, at most {max_drop:.2%} is allowed")
    if broken:
        raise AccuracyError("; ".join(broken) + f"\n  measured: {accuracy}")


def _count(inputs: Array, labels: Array, limit: int | None) -> int:
    if len(inputs) != len(labels):
        raise InputError(
            "inputs and labels differ in number",
            expected=f"{len(inputs)} labels",
            found=f"{len(labels)}",
        )
    count = len(inputs) if limit is None else min(limit, len(inputs))
    if count < 1:
        raise InputError("there is no input to measure accuracy on")
    return count


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
    )
