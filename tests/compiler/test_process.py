from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_arielml.compiler import run_tool
from pytest_arielml.errors import CompileError


def python(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


def test_output_and_status(tmp_path: Path) -> None:
    text = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)"
    finished = run_tool(python(text), folder=tmp_path, timeout=20)
    assert (finished.status, finished.crashed) == (3, False)
    assert finished.output == "out\nerr\n"
    assert not list(tmp_path.iterdir())


def test_only_the_end_of_much_output_is_kept(tmp_path: Path) -> None:
    finished = run_tool(python("print('x' * 1_000_000 + 'end')"), folder=tmp_path, timeout=20)
    assert finished.output.endswith("xend\n")
    assert len(finished.output) == 256 * 1024


def test_environment(tmp_path: Path) -> None:
    finished = run_tool(
        python("import os; print(os.environ['A'], 'PATH' in os.environ)"),
        folder=tmp_path,
        timeout=20,
        environment={"A": "b"},
    )
    assert finished.output == "b True\n"


def test_a_hang_ends_with_all_its_children(tmp_path: Path) -> None:
    child = "import subprocess, sys, time; p = subprocess.Popen(['sleep', '600']); "
    text = child + "open('pid', 'a').write(f'{p.pid}\\n'); time.sleep(600)"
    with pytest.raises(CompileError, match="did not finish within 1 s, 2 times") as caught:
        run_tool(python(text), folder=tmp_path, timeout=1, attempts=2)
    assert caught.value.advice
    pids = [int(line) for line in (tmp_path / "pid").read_text().split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 10
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def test_a_crash_is_tried_once_more(tmp_path: Path) -> None:
    text = (
        "import os, pathlib, signal\n"
        "first = not pathlib.Path('seen').exists()\n"
        "pathlib.Path('seen').touch()\n"
        "if first: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "print('done')\n"
    )
    finished = run_tool(python(text), folder=tmp_path, timeout=20, attempts=2)
    assert (finished.status, finished.output) == (0, "done\n")


def test_a_crash_that_stays(tmp_path: Path) -> None:
    text = "import os, signal; os.kill(os.getpid(), signal.SIGABRT)"
    finished = run_tool(python(text), folder=tmp_path, timeout=20, attempts=2)
    assert finished.crashed
    assert finished.status == -signal.SIGABRT


def test_a_refusal_is_not_tried_again(tmp_path: Path) -> None:
    text = "import sys; open('n', 'a').write('x'); sys.exit(1)"
    assert run_tool(python(text), folder=tmp_path, timeout=20, attempts=2).status == 1
    assert (tmp_path / "n").read_text() == "x"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_a_run_leaves_nothing_running(tmp_path: Path, sent: signal.Signals) -> None:
    script = (
        "from pathlib import Path\n"
        "from pytest_arielml.compiler import run_tool\n"
        "run_tool(['sh', '-c', 'echo $$ > pid; sleep 600'], folder=Path('.'), timeout=600)\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        python(script),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    pid = int((tmp_path / "pid").read_text())
    parent.send_signal(sent)
    parent.wait(20)
    deadline = time.monotonic() + 20
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_interrupt_in_the_middle_of_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    start = subprocess.Popen

    def interrupted(*given: Any, **options: Any) -> subprocess.Popen[bytes]:
        process = start(*given, **options)
        started.append(process.pid)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr("pytest_arielml.compiler.process.subprocess.Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_tool(["sleep", "600"], folder=tmp_path, timeout=600)
    monkeypatch.undo()
    assert len(started) == 1
    assert not _runs(started[0])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
