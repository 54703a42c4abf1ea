"""Where the time of a call went: by dispatch, and by core."""

from __future__ import annotations

from typing import Any, Final

from pytest_arielml.session import Dispatch, Result

#: Where tracks are from: the device recorded them, or the program's order and the costs say it.
RECORDED: Final = "timeline"
ORDERED: Final = "order"


def dispatch_costs(result: Result) -> list[dict[str, Any]]:
    """Each dispatch: `name`, `work_items`, `instructions` and `seconds`, of all cores together.

    By the runner's counts; where it has none, by what the device recorded,
    without instructions.
    """
    if result.dispatches:
        return [
            {
                "name": dispatch.name,
                "work_items": dispatch.work_items,
                "instructions": dispatch.instructions,
                "seconds": sum(_core_seconds(dispatch, result)),
            }
            for dispatch in result.dispatches
        ]
    costs: dict[str, dict[str, Any]] = {}
    for each in result.timeline.activities if result.timeline else ():
        cost = costs.setdefault(
            each.dispatch,
            {"name": each.dispatch, "work_items": 0, "instructions": None, "seconds": 0.0},
        )
        cost["work_items"] += each.work_items
        cost["seconds"] += each.seconds
    return list(costs.values())


def core_tracks(result: Result) -> tuple[str, list[dict[str, Any]]]:
    """What each core did when: `core`, dispatch `name`, `begin` and `end` in seconds.

    As the device recorded it, where it did. Else the dispatches stand in the
    program's order, each from where the one before has ended on all cores;
    what lies between them is not known apart and left out.

    Returns:
        `RECORDED` or `ORDERED`, and the stretches.
    """
    if result.timeline is not None:
        return RECORDED, [
            {"core": each.core, "name": each.dispatch, "begin": each.begin, "end": each.end}
            for each in result.timeline.activities
        ]
    tracks: list[dict[str, Any]] = []
    begin = 0.0
    for dispatch in result.dispatches:
        spent = _core_seconds(dispatch, result)
        tracks += [
            {"core": core, "name": dispatch.name, "begin": begin, "end": begin + seconds}
            for core, seconds in enumerate(spent)
            if seconds
        ]
        begin += max(spent, default=0.0)
    return ORDERED, tracks


def _core_seconds(dispatch: Dispatch, result: Result) -> list[float]:
    """Seconds that each core spent on a dispatch, by its own clock."""
    return [
        share.cycles / clock for share, clock in zip(dispatch.cores, result.clocks, strict=True)
    ]
