from __future__ import annotations

import json
from pathlib import Path
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_arielml.errors import UsageError
from pytest_arielml.frontends import Function, Signature, TensorSpec
from pytest_arielml.gates import (
    Accuracy,
    AccuracyError,
    Bounds,
    measure_accuracy,
    wilson_interval,
)
from pytest_arielml.worst import Case, Worst, write_cases

Z = NormalDist().inv_cdf(0.975)


@pytest.mark.parametrize(("successes", "n"), [(475, 500), (8, 10), (1, 3), (0, 10), (10, 10)])
def test_an_end_is_where_the_share_is_just_as_far_off_as_it_may_be(successes: int, n: int) -> None:
    low, high = wilson_interval(successes, n)
    assert low < high
    for end in (low, high):
        assert (successes / n - end) ** 2 == pytest.approx(Z**2 * end * (1 - end) / n, abs=1e-12)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_the_share_within_0_and_1(counts: tuple[int, int]) -> None:
    low, high = wilson_interval(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1
    mirrored = wilson_interval(counts[1] - counts[0], counts[1])
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        (Bounds(min_top1=0.951), "top-1 is 95.00%, at least 95.10% is asked for"),
        (Bounds(max_drop=0.019), "top-1 drops by 2.00%, at most 1.90% is allowed"),
        (Bounds(min_agreement=0.97), "agree on 96.00%, at least 97.00% is asked for"),
    ],
)
def test_a_bound_that_does_not_hold(bounds: Bounds, says: str) -> None:
    with pytest.raises(AccuracyError, match=says):
        bounds.check(Accuracy(0.95, 0.97, 0.96, 100))


def test_bounds_include_themselves() -> None:
    Bounds(0.95, 0.02, 0.96).check(Accuracy(0.95, 0.97, 0.96, 100))
    # 0.97 - 0.96 is more than 0.01 in floats.
    Bounds(max_drop=0.01).check(Accuracy(0.96, 0.97, 1.0, 100))
    Bounds(max_drop=0.0).check(Accuracy(0.98, 0.97, 0.99, 100))


@pytest.mark.parametrize("name", ["min_top1", "max_drop", "min_agreement"])
@pytest.mark.parametrize("bound", [95, -0.1, float("nan")])
def test_a_bound_in_percent_is_a_mistake(name: str, bound: float) -> None:
    with pytest.raises(UsageError, match=f"{name} is not a fraction of 1"):
        Bounds(**{name: bound})


def _case(index: int, device: Any, reference: Any, label: int = 0) -> Case:
    scores = (np.array(device, np.float32), np.array(reference, np.float32))
    return Case(index, label, np.zeros(3, np.int8), *scores)


def test_the_worst_are_those_that_name_another_class() -> None:
    right = _case(0, [2, 1], [2, 1])
    far = _case(1, [5, 1], [2, 1])
    near = _case(2, [2.5, 1], [2, 1])
    both_wrong = _case(3, [1, 2], [1, 2])
    other = _case(4, [1.0, 1.1], [1.1, 1.0])
    not_a_number = _case(5, [np.nan, 1], [2, 1])
    worst = Worst(kept=4)
    for case in (right, far, near, both_wrong, other, not_a_number):
        worst.add(case)
    assert [case.index for case in worst.cases] == [4, 3, 5, 1]
    assert worst.cases[2].difference == float("inf")
    assert "input 4: device says 1, reference 0, label 0" in str(worst.cases[0])


def test_cases_are_files(tmp_path: Path) -> None:
    folder = tmp_path / "worst"
    write_cases(folder, [_case(7, [1, 2], [3, 4])])
    write_cases(folder, [_case(4, [1, 2], [2, np.inf])])
    assert sorted(path.name for path in folder.iterdir()) == ["case-4", "cases.json"]
    assert np.load(folder / "case-4" / "device.npy").tolist() == [1, 2]
    assert np.load(folder / "case-4" / "reference.npy").tolist() == [2, np.inf]
    assert np.load(folder / "case-4" / "input.npy").dtype == np.int8
    (listed,) = json.loads((folder / "cases.json").read_text())
    assert (listed["folder"], listed["difference"]) == ("case-4", None)


class _Board:
    """A deployment whose scores are the inputs, and whose reference sees one of them otherwise."""

    name = "net"
    target = SimpleNamespace(name="board")
    signature = Signature(
        (
            Function(
                "main",
                "main",
                (TensorSpec("x", np.dtype("float32"), (1, 3)),),
                (TensorSpec("y", np.dtype("float32"), (1, 3)),),
            ),
        )
    )

    def run(self, x: Any, *, function: str) -> Any:
        return SimpleNamespace(output=x)

    def reference(self, x: Any, *, function: str) -> Any:
        return (np.roll(x, 1) if x[0, 0] > 4 else x,)


def test_top1_drop_and_agreement_are_counted_apart() -> None:
    x = np.eye(3, dtype=np.float32)
    x = np.concatenate([x, 5 * x[:1]])
    board: Any = _Board()
    seen = []

    def progress(indices: Any, description: str, total: int) -> Any:
        seen.append((description, total))
        return indices

    found = measure_accuracy(board, x, np.array([0, 1, 0, 1]), progress=progress)
    # The device is right on the first two; the reference on the last as well.
    assert (found.top1, found.reference_top1, found.agreement, found.n) == (0.5, 0.75, 0.75, 4)
    assert [case.index for case in found.worst] == [3, 2]
    assert seen == [("net on board", 4)]
    assert found == Accuracy(0.5, 0.75, 0.75, 4)
    with pytest.raises(AccuracyError, match=r"drops by 25\.00%.*agree on 75\.00%"):
        Bounds(max_drop=0.1, min_agreement=0.8).check(found)
