"""What each core did during one call, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pytest_arielml.wire import Record, RecordsReply

_WRAP: Final = 1 << 32


@dataclass(frozen=True)
class Activity:
    """What one core did of one dispatch.

    Attributes:
        dispatch: name of the dispatch function.
        place: how many dispatches of the call came before it.
        core: who did it.
        work_items: how many of its work items.
        begin, end: seconds since the call began.
        heap: bytes of the arena in use at its end.
        stack: bytes that the first core's stack had used at most at its end, as far
            as is known there; `None` of other cores.
    """

    dispatch: str
    place: int
    core: int
    work_items: int
    begin: float
    end: float
    heap: int
    stack: int | None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin


@dataclass(frozen=True)
class Timeline:
    """What the device recorded of one call.

    Times are in seconds by the board's timer, in steps of `resolution`. A core is
    busy from its first work item of a dispatch to its last, taking items included.

    Attributes:
        seconds: how long the call took.
        cores: how many cores worked.
        resolution: seconds of a tick.
        activities: in the order of their begin.
        dropped: records that the device had no room for: what follows from the
            others is too small then.
    """

    seconds: float
    cores: int
    resolution: float
    activities: tuple[Activity, ...]
    dropped: int

    def busy(self, core: int) -> float:
        """Seconds that `core` worked on dispatches."""
        return sum(each.seconds for each in self.activities if each.core == core)

    def idle(self, core: int) -> float:
        """Seconds of the call that `core` did not.

        The first core's are those of the runtime's bytecode as well.
        """
        return max(0.0, self.seconds - self.busy(core))

    @property
    def imbalance(self) -> float:
        """Busy time of the busiest core over the mean of all, less 1: 0 is even."""
        busy = [self.busy(core) for core in range(self.cores)]
        mean = sum(busy) / len(busy)
        return max(busy) / mean - 1 if mean else 0.0

    @property
    def speedup(self) -> float:
        """How much longer one core would take, were it as fast as each of these.

        The time of the call with all dispatches one after the other, over its time.
        Of cores of different speed it says nothing.
        """
        if not self.seconds:
            return 1.0
        spent = sum(each.seconds for each in self.activities)
        return (self.seconds - self._parallel() + spent) / self.seconds

    def _parallel(self) -> float:
        """Seconds during which any core worked on a dispatch."""
        total, until = 0.0, 0.0
        for each in self.activities:
            total += max(0.0, each.end - max(each.begin, until))
            until = max(until, each.end)
        return total


def make_timeline(
    replies: Sequence[RecordsReply],
    *,
    start: int,
    ticks: int,
    hz: int,
    kernels: Sequence[str],
) -> Timeline:
    """The timeline of a call.

    Args:
        replies: what was recorded of each worker.
        start: the device's clock when the call began.
        ticks: how long it took.
        hz: ticks a second.
        kernels: names of the dispatch functions by their numbers.
    """
    activities = [
        _activity(core, record, start, hz, kernels)
        for core, reply in enumerate(replies)
        for record in reply.records
    ]
    return Timeline(
        seconds=ticks / hz,
        cores=len(replies),
        resolution=1 / hz,
        activities=tuple(sorted(activities, key=lambda each: (each.begin, each.core))),
        dropped=sum(reply.dropped for reply in replies),
    )


def _activity(core: int, record: Record, start: int, hz: int, kernels: Sequence[str]) -> Activity:
    known = record.function < len(kernels)
    return Activity(
        dispatch=kernels[record.function] if known else f"function {record.function}",
        place=record.place,
        core=core,
        work_items=record.items,
        begin=(record.begin - start) % _WRAP / hz,
        end=(record.end - start) % _WRAP / hz,
        heap=record.heap,
        stack=None if core else record.stack,
    )
