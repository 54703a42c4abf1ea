from __future__ import annotations

from typing import Any

import numpy as np

from pytest_arielml.golden import Outputs
from pytest_arielml.report.tracks import ORDERED, RECORDED, core_tracks, dispatch_costs
from pytest_arielml.session import Activity, CoreShare, Dispatch, Memory, Result, Timeline


def _result(**changes: Any) -> Result:
    fields: dict[str, Any] = {
        "outputs": Outputs((np.zeros(1),), ["y"], "here"),
        "instructions": 100,
        "seconds": 0.010,
        "seconds_are_estimated": True,
        "dispatches": (),
        "memory": Memory(0, (0, 0)),
        "clocks": (1000, 500),
    }
    return Result(**(fields | changes))


_DISPATCHES = (
    Dispatch("a", 4, 60, 5, (CoreShare(3, 45, 3), CoreShare(1, 15, 2))),
    Dispatch("b", 1, 20, 1, (CoreShare(0, 0, 0), CoreShare(1, 20, 1))),
)
_TIMELINE = Timeline(
    0.010,
    2,
    1e-6,
    (
        Activity("a", 0, 0, 3, 0.001, 0.004, 0, 0),
        Activity("a", 0, 1, 1, 0.002, 0.003, 0, None),
        Activity("a", 1, 0, 4, 0.005, 0.006, 0, 0),
    ),
    0,
)


def test_each_core_has_its_own_clock() -> None:
    costs = dispatch_costs(_result(dispatches=_DISPATCHES))
    assert [cost["seconds"] for cost in costs] == [0.003 + 0.004, 0.002]
    assert [cost["instructions"] for cost in costs] == [60, 20]


def test_in_order_a_dispatch_waits_for_all_cores() -> None:
    how, tracks = core_tracks(_result(dispatches=_DISPATCHES))
    assert how == ORDERED
    assert [(t["core"], t["name"], t["begin"], t["end"]) for t in tracks] == [
        (0, "a", 0.0, 0.003),
        (1, "a", 0.0, 0.004),
        (1, "b", 0.004, 0.006),
    ]


def test_what_the_device_recorded_comes_first() -> None:
    how, tracks = core_tracks(_result(dispatches=_DISPATCHES, timeline=_TIMELINE))
    assert how == RECORDED
    assert [(t["core"], t["begin"], t["end"]) for t in tracks] == [
        (0, 0.001, 0.004),
        (1, 0.002, 0.003),
        (0, 0.005, 0.006),
    ]


def test_hardware_has_costs_of_what_it_recorded() -> None:
    (cost,) = dispatch_costs(_result(instructions=None, timeline=_TIMELINE))
    assert (cost["name"], cost["work_items"], cost["instructions"]) == ("a", 8, None)
    assert round(cost["seconds"], 9) == 0.005
    assert dispatch_costs(_result()) == []
    assert core_tracks(_result()) == (ORDERED, [])
