"""The inputs on which a device did worst, kept so that a person can look at them."""

from __future__ import annotations

import heapq
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.files import replace_file

Array = NDArray[Any]

_KEPT: Final = 5


@dataclass(frozen=True)
class Case:
    """One input of a labelled set, and what came of it.

    Attributes:
        index: its place in the set.
        label: the right class.
        input: as the model takes it.
        device, reference: the scores that each gave, of one shape.
    """

    index: int
    label: int
    input: Array = field(repr=False)
    device: Array = field(repr=False)
    reference: Array = field(repr=False)

    @cached_property
    def device_class(self) -> int:
        """The class that the device names."""
        return int(np.argmax(self.device))

    @cached_property
    def reference_class(self) -> int:
        """The class that the reference names."""
        return int(np.argmax(self.reference))

    @cached_property
    def difference(self) -> float:
        """Largest difference of a score, in the output's unit; infinite where one is no number."""
        # Two infinities of one sign differ by NaN; a warning says no more than infinite does.
        with np.errstate(invalid="ignore"):
            largest = np.max(np.abs(self.device.astype(np.float64) - self.reference))
        return float("inf") if np.isnan(largest) else float(largest)

    @property
    def badness(self) -> tuple[bool, bool, float]:
        """What worse cases have more of: another class than the reference, a wrong one, error."""
        return (
            self.device_class != self.reference_class,
            self.device_class != self.label,
            self.difference,
        )

    def __str__(self) -> str:
        return (
            f"input {self.index}: device says {self.device_class}, reference "
            f"{self.reference_class}, label {self.label}, scores differ by {self.difference:.4g}"
        )


class Worst:
    """Keeps the worst of many cases, few at any time."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        # The earlier of two that are equally bad is kept.
        self._heap: list[tuple[tuple[bool, bool, float], int, Case]] = []

    def add(self, case: Case) -> None:
        """Takes in a case, unless nothing is wrong with it."""
        if not any(case.badness):
            return
        entry = (case.badness, -case.index, case)
        if len(self._heap) < self._kept:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    @property
    def cases(self) -> tuple[Case, ...]:
        """What is kept, the worst first."""
        return tuple(case for _, _, case in sorted(self._heap, reverse=True))


def write_cases(folder: Path, cases: Sequence[Case]) -> None:
    """Writes cases into `folder`, which is made anew.

    A case is a folder ``case-INDEX`` with ``input.npy``, ``device.npy`` and
    ``reference.npy``; ``cases.json`` lists them, the worst first. Raises: OSError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    listing = []
    for case in cases:
        name = f"case-{case.index}"
        place = folder / name
        place.mkdir(parents=True)
        for kind in ("input", "device", "reference"):
            np.save(place / f"{kind}.npy", getattr(case, kind), allow_pickle=False)
        listing.append({"folder": name, **describe(case)})
    replace_file(folder / "cases.json", (json.dumps(listing, indent=1) + "\n").encode())


def describe(case: Case) -> dict[str, Any]:
    """A case without its arrays, as JSON has it; an infinite difference is None."""
    return {
        "index": case.index,
        "label": case.label,
        "device_class": case.device_class,
        "reference_class": case.reference_class,
        "difference": case.difference if np.isfinite(case.difference) else None,
    }
