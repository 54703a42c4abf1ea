"""QEMU comes and goes without a trace, whatever ends pytest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from qemu_mps2 import Thumb, boot, echoing, timing

from conformance.runtime.remains import (
    KNOWABLE,
    Remains,
    descendants,
    eventually,
    resident_bytes,
    running,
)
from pytest_arielml.errors import GuestFault

pytestmark = [
    pytest.mark.usefixtures("qemu"),
    pytest.mark.skipif(not KNOWABLE, reason="counts what /proc shows, which Linux alone has"),
]

LONG = 60.0


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_twenty_boards_leave_nothing(tmp_path: Path, temporary: Path) -> None:
    def once() -> None:
        machine = boot(tmp_path / "echo.elf", echoing())
        assert machine.stream.read(LONG) == b"B"
        machine.stream.write(b"x")
        assert machine.stream.read(LONG) == b"x"
        machine.close()

    for _ in range(3):
        once()
    before, memory = Remains.now(temporary), resident_bytes()
    for _ in range(20):
        once()
    assert Remains.now(temporary) == before
    assert resident_bytes() - memory < 4 << 20


def test_boards_that_die_leave_nothing(tmp_path: Path, temporary: Path) -> None:
    before = Remains.now(temporary)
    lockup = Thumb(0x100)
    lockup.load(0, 0x9000_0000)
    lockup.ldr(0, 0)
    for _ in range(3):
        machine = boot(tmp_path / "lockup.elf", lockup)
        with pytest.raises(GuestFault, match="SIGABRT"):
            machine.stream.read(LONG)
        machine.close()
    assert Remains.now(temporary) == before


def test_boards_are_independent(tmp_path: Path) -> None:
    first = boot(tmp_path / "echo.elf", echoing())
    second = boot(tmp_path / "timing.elf", timing())
    assert first.stream.read(LONG) == second.stream.read(LONG) == b"B"
    first.stream.write(b"a")
    os.kill(second.pid, signal.SIGKILL)
    assert first.stream.read(LONG) == b"a"
    with pytest.raises(GuestFault, match="SIGKILL"):
        second.stream.read(LONG)
    second.close()
    first.stream.write(b"b")
    assert first.stream.read(LONG) == b"b"
    first.close()


TESTS = """
import numpy as np
import pathlib

def test_calls_without_end(arielml):
    counter = arielml.deploy({model!r})
    while True:
        counter.run(np.array(100_000, np.int64), function="count")
        pathlib.Path("called").touch()
"""


@contextmanager
def pytest_in_a_call(folder: Path, models: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run of pytest that calls a model on QEMU over and over."""
    text = TESTS.format(model=str(models / "counter.mlir"))
    (folder / "test_calls.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    command += ["--arielml-target=qemu-mps2-an386", "test_calls.py"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


ENDS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]


@pytest.mark.parametrize("end", ENDS)
def test_a_pytest_that_is_killed_in_a_call_leaves_nothing(
    tmp_path: Path, temporary: Path, models: Path, end: signal.Signals
) -> None:
    with pytest_in_a_call(tmp_path, models) as process:
        assert eventually((tmp_path / "called").exists)
        started = descendants(process.pid)
        assert any(map(is_qemu, started))
        process.send_signal(end)
        process.wait(LONG)
        assert eventually(lambda: not any(map(running, started)))
    assert not left_in(temporary)


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.05])
def test_a_pytest_that_is_killed_while_it_boots_leaves_nothing(
    tmp_path: Path, temporary: Path, models: Path, moment: float
) -> None:
    with pytest_in_a_call(tmp_path, models) as process:
        assert eventually(lambda: any(map(is_qemu, descendants(process.pid))))
        time.sleep(moment)
        started = descendants(process.pid)
        process.kill()
        process.wait(LONG)
        assert eventually(lambda: not any(map(running, started)))
    assert not left_in(temporary)


def left_in(folder: Path) -> list[str]:
    """What is in it."""
    return [path.name for path in folder.iterdir()]


def is_qemu(pid: int) -> bool:
    """Whether it is QEMU, or about to become it."""
    try:
        return b"/qemu-system-" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
