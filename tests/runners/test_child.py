"""A program beside us ends when we do, however we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_arielml.lifetime import leash
from pytest_arielml.runners.child import Child

SLEEP = ["/bin/sleep", "1000"]
LONG = 20.0


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def state(pid: int) -> str:
    """The letter of its state, `-` when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "-"


def gone(pid: int) -> bool:
    return state(pid) in "-ZX"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def become(pid: int, name: str) -> bool:
    """Whether it runs the program by now, not the script in front of it."""
    return eventually(lambda: Path(f"/proc/{pid}/comm").read_text().strip() == name)


def test_what_it_says_is_kept_as_far_as_it_is_recent() -> None:
    child = Child(["/bin/sh", "-c", "seq 100000; echo end >&2; exit 3"])
    while child.output is not None:
        child.take_log()
    assert child.ending() == "with status 3"
    log = child.log()
    assert log.startswith("... ")
    assert log.endswith("\n99999\n100000\nend")
    assert 7_000 < len(log) <= 8 * 1024 + 4
    child.close()


def test_a_signal_is_named() -> None:
    child = Child(["/bin/sh", "-c", "kill -ABRT $$"])
    assert child.ending() == "by SIGABRT"
    child.close()


def test_what_cannot_be_started_says_so() -> None:
    child = Child(["/no/such/program"])
    assert child.ending() == "with status 127"
    assert child.log() == "/no/such/program: No such file or directory"
    child.close()


def test_closing_ends_it_at_once_and_leaves_nothing() -> None:
    files = open_files()
    child = Child(SLEEP)
    pid = child.pid
    start = time.monotonic()
    child.close()
    child.close()
    assert time.monotonic() - start < LONG
    assert state(pid) == "-"
    assert open_files() == files


def test_ctrl_c_in_the_terminal_does_not_reach_it() -> None:
    child = Child(SLEEP)
    assert os.getsid(child.pid) == child.pid != os.getsid(0)
    child.close()


def test_a_crash_leaves_no_core_dump() -> None:
    child = Child(["/bin/sh", "-c", "ulimit -c; ulimit -Hc"])
    assert child.ending() == "with status 0"
    assert child.log().split() == ["0", "0"]
    child.close()


STARTER = """
    import os, sys, threading
    {before}
    from pytest_arielml.runners.child import Child
    children = []
    def go():
        children.append(Child({command}))
    if {thread}:
        thread = threading.Thread(target=go)
        thread.start()
        thread.join()
    else:
        go()
    print(children[0].pid, flush=True)
    {after}
"""


def starter(after: str, *, before: str = "", command: list[str] = SLEEP, thread: bool = False):
    text = textwrap.dedent(STARTER).format(
        before=before, after=after, command=command, thread=thread
    )
    process = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_with_its_starter(number: signal.Signals) -> None:
    process, pid = starter("import time; time.sleep(1000)")
    with process:
        assert become(pid, "sleep")
        process.send_signal(number)
        process.wait(LONG)
    assert eventually(lambda: gone(pid))


@pytest.mark.parametrize(
    "after", ["os._exit(0)", "sys.exit(0)", "os.abort()", "os.execv('/bin/true', ['true'])"]
)
def test_it_ends_with_a_starter_that_ends_by_itself(after: str) -> None:
    process, pid = starter(after)
    with process:
        process.wait(LONG)
    assert eventually(lambda: gone(pid))


def test_it_outlives_the_thread_that_started_it() -> None:
    process, pid = starter("import time; time.sleep(1000)", thread=True)
    with process:
        assert become(pid, "sleep")
        time.sleep(0.2)
        assert not gone(pid)
        process.kill()
        process.wait(LONG)
    assert eventually(lambda: gone(pid))


def test_a_starter_that_ends_in_the_middle_of_the_start_leaves_nothing(tmp_path: Path) -> None:
    """The pipe is at its end before the script in front of the program has armed it."""
    end, other = os.pipe()
    os.close(other)
    started = tmp_path / "started"
    command = [sys.executable, "-I", "-S", leash.__file__, str(end), "/bin/sh", "-c"]
    subprocess.run([*command, f"echo > {started}"], pass_fds=[end], check=False, timeout=LONG)
    os.close(end)
    assert not started.exists()


class TestWhereAPipeCannotSignal:
    """As on macOS: the script forks a child that watches."""

    @pytest.fixture
    def without(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
        script = tmp_path / "watching.py"
        script.write_text(
            "import fcntl, runpy, sys\n"
            "del fcntl.F_SETSIG\n"
            f"runpy.run_path({leash.__file__!r}, run_name='__main__')\n"
        )
        monkeypatch.setattr(leash, "__file__", str(script))
        return f"from pytest_arielml.lifetime import leash; leash.__file__ = {str(script)!r}"

    def test_it_ends_with_its_starter(self, without: str) -> None:
        process, pid = starter("import time; time.sleep(1000)", before=without)
        with process:
            assert become(pid, "sleep")
            (watcher,) = children_of(pid)
            process.kill()
            process.wait(LONG)
        assert eventually(lambda: gone(pid) and gone(watcher))

    def test_closing_ends_the_watcher_too(self, without: str) -> None:
        child = Child(SLEEP)
        assert become(child.pid, "sleep")
        (watcher,) = children_of(child.pid)
        child.close()
        assert eventually(lambda: gone(watcher))

    def test_the_watcher_holds_no_connection_of_the_program(self, without: str) -> None:
        child = Child(["/bin/true"])
        start = time.monotonic()
        assert child.ending() == "with status 0"
        while child.output is not None and time.monotonic() - start < LONG:
            child.take_log()
        assert child.output is None
        child.close()


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]
