"""The bar of a run, on a terminal as one emulates it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pexpect
import pyte
import pytest

# What is accurate takes long enough for a bar; the others are before and after it.
_TESTS = """
    import pytest
    from lenet5 import IMAGES, LABELS, MODEL

    def test_plain(): pass

    @pytest.mark.parametrize("turn", range(2))
    def test_long(arielml, turn):
        arielml.accuracy(arielml.deploy(MODEL), IMAGES, LABELS, limit=20)

    def test_last(arielml): arielml.deploy(MODEL).run(IMAGES[:1])
"""
_BAR = re.compile(r"(\d)/(\d) tests +(\S.*)")


class Terminal:
    """What is on a screen of 80 columns and few rows, and everything that ever was."""

    def __init__(self, folder: Path, *arguments: str, term: str = "xterm-256color") -> None:
        self.screen = pyte.HistoryScreen(80, 12, history=1000)
        self.bars: list[str] = []
        stream = pyte.ByteStream(self.screen)
        child = pexpect.spawn(
            sys.executable,
            ["-m", "pytest", *arguments],
            cwd=str(folder),
            env={**os.environ, "TERM": term, "COLUMNS": "80"},
            dimensions=(12, 80),
            timeout=120,
        )
        try:
            while True:
                stream.feed(child.read_nonblocking(512, timeout=120))
                self.bars += [line for line in self.screen.display if _BAR.search(line)]
        except pexpect.EOF:
            child.wait()
        finally:
            child.close(force=True)
        self.status = child.exitstatus

    @property
    def lines(self) -> list[str]:
        """Everything that scrolled by, and the screen; without what differs from run to run."""
        above = [
            "".join(row[column].data for column in range(80)) for row in self.screen.history.top
        ]
        return [
            re.sub(r"[\d.]+s( \(.*\))?", "TIME", line).rstrip(" =")
            for line in [*above, *self.screen.display]
        ]


@pytest.fixture
def folder(lenet5_test: pytest.Pytester) -> Path:
    lenet5_test.makepyfile(_TESTS)
    # However fast this machine is; the runs are processes of their own.
    lenet5_test.makeconftest(
        "from pytest_arielml.report import progress\nprogress._PATIENCE = 0.0\n"
    )
    return lenet5_test.path


@pytest.mark.parametrize("option", ["--color=yes", "-v"])
def test_a_bar_says_what_is_done_and_leaves_no_trace(folder: Path, option: str) -> None:
    shown = Terminal(folder, option, "-p", "no:cacheprovider")
    assert shown.status == 0
    assert shown.bars
    found = [_BAR.search(bar) for bar in shown.bars]
    assert {match[2] for match in found if match} == {"3"}
    assert {match[1] for match in found if match} <= {"0", "1", "2"}
    assert any(
        re.match(r"lenet5-int8 on emu-nrf52840: \d+ of 20 inputs", match[3])
        for match in found
        if match
    )
    plain = Terminal(folder, option, "-p", "no:cacheprovider", term="dumb")
    assert not plain.bars
    assert shown.lines == plain.lines


@pytest.mark.parametrize(
    "arguments", [("-q",), ("-s",), ("-n", "1"), ("-o", "log_cli=true")], ids="".join
)
def test_no_bar_where_others_write_or_nobody_wants_one(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    shown = Terminal(folder, *arguments, "-k", "test_long and 1")
    assert shown.status == 0
    assert not shown.bars


def test_what_is_piped_has_no_bar(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(_TESTS)
    result = lenet5_test.runpytest_subprocess("-k", "test_long and 1")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.no_fnmatch_line("*tests  lenet5*")
    result.stderr.no_fnmatch_line("*lenet5*")
