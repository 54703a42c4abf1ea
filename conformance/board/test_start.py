"""Does it start, as what, and where does everything lie?"""

from __future__ import annotations

from importlib.metadata import version

import pytest

from conformance.board import verdicts
from conformance.board.bench import Bench
from conformance.board.conftest import Note
from pytest_arielml.errors import Refused
from pytest_arielml.wire import Check

RESETS = 100


def test_greeting(board_bench: Bench, note: Note) -> None:
    """It boots and says what it is: board, cores, clock, ticks, the image just linked."""
    greeting = board_bench.boot()
    image_id = board_bench.image.identity
    verdicts.greeting(greeting, board_bench.board, image_id, version("pytest-arielml"))
    note(
        f"{greeting.board}, protocol {greeting.protocol}, runtime {greeting.runtime_version}, "
        f"{greeting.clock_hz / 1e6:g} MHz, {greeting.ticks_hz:,} ticks a second"
    )


def test_layout(board_bench: Bench, note: Note) -> None:
    """Vectors, stack, data and arena lie where linker and description say; start-up ran whole."""
    found = board_bench.check(Check.LAYOUT).values
    verdicts.layout(found, board_bench.board, board_bench.image.symbols)
    note(f"arena of {found[10] - found[9]:,} bytes, stack of {found[4] - found[3]:,}")


def test_without_a_model_loading_is_refused(board_bench: Bench) -> None:
    """The image has no model, says so, and goes on."""
    with pytest.raises(Refused, match="no module"):
        board_bench.client.load()
    assert board_bench.client.echo(b"still here") == b"still here"


def test_reset(board_bench: Bench, note: Note) -> None:
    """A reset gives the same greeting, and ticks that begin anew where the timer is reset."""
    greeting = board_bench.greeting
    hz = board_bench.board.timer.hz
    # Long enough that the ticks of a start-up are fewer.
    turns = board_bench.board.cores[0].clock_hz // 20
    board_bench.check(Check.SPIN, turns)
    before = board_bench.check(Check.SPIN, 0).start
    assert board_bench.client.reset() == greeting
    after = board_bench.check(Check.SPIN, 0).start
    if verdicts.goes_on(board_bench.board):
        note("the same greeting; the timer is the platform's and goes on")
        return
    verdicts.restarted(before, after, hz // 200)
    note(f"{before / hz * 1e3:.1f} ms of ticks before, {after / hz * 1e3:.3f} ms after")


def test_resets_in_a_row(board_bench: Bench, note: Note) -> None:
    """A hundred resets: the same greeting each time, and the board answers after each."""
    greeting = board_bench.greeting
    for number in range(1, RESETS + 1):
        assert board_bench.client.reset() == greeting, f"reset {number}"
        sent = number.to_bytes(4, "little")
        assert board_bench.client.echo(sent) == sent, f"reset {number}"
    note(f"{RESETS} resets, the same greeting after each")
