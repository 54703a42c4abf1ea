"""The timer against another clock."""

from __future__ import annotations

import time

from conformance.board import verdicts
from conformance.board.bench import Bench
from conformance.board.conftest import Note
from pytest_arielml.wire import Check

# On hardware: seconds between two looks at the timer.
SPAN = 3.0
# And looks of which the one that took the least counts.
LOOKS = 12
# Of the loop that the device spins in.
INSTRUCTIONS = 2


def test_timer_rate(board_bench: Bench, note: Note) -> None:
    """Hardware: within 1 % of the host's clock. Emulators: of their count of cycles."""
    board = board_bench.board
    clock, hz = board.cores[0].clock_hz, board.timer.hz
    few, many = clock // 10_000, clock // 100
    first, cycles_before = _spin(board_bench, few)
    second, cycles_after = _spin(board_bench, many)
    ticks = second - first
    if cycles_before is not None and cycles_after is not None:
        seconds = (cycles_after - cycles_before) / clock
        note(verdicts.rate(ticks / seconds, hz, "the emulator's cycles"))
    elif board_bench.instructions_per_second:
        seconds = INSTRUCTIONS * (many - few) / board_bench.instructions_per_second
        note(verdicts.rate(ticks / seconds, hz, "the emulator's instructions"))
    else:
        start, ticks_before = _look(board_bench)
        time.sleep(SPAN)
        end, ticks_after = _look(board_bench)
        passed = (ticks_after - ticks_before) % (1 << 32)
        note(verdicts.rate(passed / (end - start), hz, "the host's clock"))
    # The core's clock, by the timer that was just found right.
    verdicts.cycles_per_turn(ticks / hz * clock / (many - few))


def _spin(bench: Bench, turns: int) -> tuple[int, int | None]:
    """Ticks of a loop, and the cycles of all that ran for it where they are counted."""
    before = bench.counters()
    ticks = bench.check(Check.SPIN, turns).ticks
    after = bench.counters()
    return ticks, after.cycles - before.cycles if before and after else None


def _look(bench: Bench) -> tuple[float, int]:
    """The host's time and the device's, as near together as they come."""
    looks = []
    for _ in range(LOOKS):
        begun = time.monotonic()
        ticks = bench.check(Check.SPIN, 0).start
        ended = time.monotonic()
        looks.append((ended - begun, (begun + ended) / 2, ticks))
    _, now, ticks = min(looks)
    return now, ticks
