"""Boards and processes: never two on one board, and nobody waits for good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bridge import Bridge

from pytest_arielml.errors import Unavailable
from pytest_arielml.runners.serial import Port
from pytest_arielml.runners.serial.lock import BoardLock, take_one
from pytest_arielml.sharing import board_groups

PORT = Port("socket://127.0.0.1:7")

HOLD = """
import sys
from pytest_arielml.runners.serial import Port
from pytest_arielml.runners.serial.lock import BoardLock
lock = BoardLock(Port(sys.argv[1]))
assert lock.take()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    """Another process that has the board."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, PORT.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


class TestLock:
    def test_a_board_in_use_is_waited_for_and_its_holder_named(self, holder) -> None:
        with pytest.raises(Unavailable, match="in use") as raised:
            take_one([PORT], timeout=0.3)
        assert f"process {holder.pid}" in str(raised.value.found)
        assert "pytest-xdist" in str(raised.value.advice)

    def test_another_that_is_free_is_taken(self, holder) -> None:
        other = Port("socket://127.0.0.1:8")
        lock = take_one([PORT, other], timeout=0.0)
        assert lock.port is other
        lock.free()

    def test_it_is_free_when_its_holder_is_killed(self, holder) -> None:
        lock = BoardLock(PORT)
        assert not lock.take()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert lock.take()
        lock.free()

    def test_nothing_is_left_behind(self, tmp_path: Path) -> None:
        first, second = BoardLock(PORT, tmp_path / "locks"), BoardLock(PORT, tmp_path / "locks")
        assert first.take()
        assert first.take()
        assert not second.take()
        first.free()
        first.free()
        assert second.take()
        second.free()
        assert list((tmp_path / "locks").iterdir()) == []


TESTS = """
import os, time
import numpy as np
import pytest
from lenet5 import IMAGE, MODEL

@pytest.mark.parametrize("n", range(4))
def test_digit(arielml, n):
    lenet5 = arielml.deploy(MODEL)
    lenet5.run(IMAGE).assert_matches(arielml.reference(MODEL, IMAGE))
    # A worker that was not there yet gets the chance to be given a test.
    time.sleep(0.2)
    with open({log!r}, "a") as log:
        print(os.getpid(), file=log)

@pytest.mark.parametrize("n", range(4))
def test_plain(n):
    time.sleep(0.2)
    with open({log!r} + ".plain", "a") as log:
        print(os.getpid(), file=log)
"""

BOARDS = """
from types import SimpleNamespace
from serial.tools import list_ports

list_ports.comports = lambda: [
    SimpleNamespace(device=url, vid=0x1366, pid=0x1051, serial_number=str(n), product="J-Link")
    for n, url in enumerate({urls!r})
]
"""


def test_groups_are_as_many_as_boards() -> None:
    ids = [f"test_a.py::test[{n}-serial-rp2040]" for n in range(4)]
    more = ["test_a.py::test[serial-rp2040-b-0]", "test_b.py::test", "test_b.py::test[emu-rp2040]"]
    groups = board_groups(ids + more, {"serial-rp2040": 2, "serial-rp2040-b": 1})
    assert [groups.get(name) for name in ids + more] == [
        "serial-rp2040 0",
        "serial-rp2040 0",
        "serial-rp2040 1",
        "serial-rp2040 1",
        "serial-rp2040-b 0",
        None,
        None,
    ]


class TestXdist:
    @pytest.fixture
    def log(self, pytester: pytest.Pytester, lenet5_model: Path, monkeypatch) -> Path:
        monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")
        log = pytester.path / "log"
        pytester.makepyfile(
            lenet5=f"""
            import numpy as np
            MODEL = {str(lenet5_model)!r}
            DIGITS = np.load({str(lenet5_model.parent / "digits-500.npz")!r})
            IMAGE = (DIGITS["images"][:1].astype(np.float32) / 255.0)[:, None]
            """,
            test_boards=TESTS.format(log=str(log)),
        )
        return log

    def run(self, pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess(
            "--arielml-target=serial-nrf52840", "--arielml-timeout=20", *arguments, timeout=120
        )

    def test_one_board_is_one_workers(self, pytester, log, board) -> None:
        result = self.run(pytester, "-n2", f"--arielml-port={board.url}")
        result.assert_outcomes(passed=8)
        assert len(set(log.read_text().split())) == 1
        # The other worker is not idle meanwhile.
        assert set(Path(f"{log}.plain").read_text().split()) - set(log.read_text().split())
        assert board.connections == 1

    def test_several_boards_are_a_workers_each(self, pytester, log, board, lenet5_image) -> None:
        with Bridge(lenet5_image) as second:
            pytester.makeconftest(BOARDS.format(urls=[board.url, second.url]))
            result = self.run(pytester, "-n2", "-vv")
            result.assert_outcomes(passed=8)
            assert len(set(log.read_text().split())) == 2
            assert (board.connections, second.connections) == (1, 1)

    def test_more_workers_than_boards(self, pytester, log, board, lenet5_image) -> None:
        with Bridge(lenet5_image) as second:
            pytester.makeconftest(BOARDS.format(urls=[board.url, second.url]))
            result = self.run(pytester, "-n3")
            result.assert_outcomes(passed=8)
            assert (board.connections, second.connections) == (1, 1)

    def test_several_boards_in_one_process_are_asked_about(self, pytester, log, board) -> None:
        pytester.makeconftest(BOARDS.format(urls=[board.url, "socket://127.0.0.1:7"]))
        result = self.run(pytester)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["*several connected boards*", "*socket://127.0.0.1:7*"])

    @pytest.mark.parametrize("dist", ["each", "loadfile", "worksteal"])
    def test_a_distribution_that_cannot_go_well_is_refused(
        self, pytester, log, board, dist
    ) -> None:
        result = pytester.runpytest_inprocess(
            "--arielml-target=serial-nrf52840",
            f"--arielml-port={board.url}",
            "-n2",
            f"--dist={dist}",
        )
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            [f"*--dist {dist} gives*", "*2 workers*", "*1 for serial-nrf52840*"]
        )
        result.stderr.no_fnmatch_line("*Traceback*")

    def test_targets_without_a_board_are_not_touched(self, pytester, log) -> None:
        result = pytester.runpytest_subprocess("-n2", "--dist=worksteal", timeout=120)
        result.assert_outcomes(passed=8)
