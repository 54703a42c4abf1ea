from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from pytest_arielml.compiler import workers
from pytest_arielml.compiler.process import Finished
from pytest_arielml.compiler.workers import import_onnx
from pytest_arielml.errors import CompileError

Make = Callable[..., onnx.ModelProto]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No worker of another test."""
    _end_all()
    yield
    _end_all()


def _end_all() -> None:
    while workers._idle:
        workers._idle.pop().close()


@pytest.fixture
def relu(make_model: Make) -> bytes:
    return make_model(helper.make_node("Relu", ["x"], ["y"])).SerializeToString()


def imported(folder: Path, *, timeout: float = 60, attempts: int = 1) -> Finished:
    return import_onnx(
        "m.onnx", "m.mlir", folder=folder, timeout=timeout, attempts=attempts, name="it"
    )


def only_worker() -> int:
    (worker,) = workers._idle
    return worker._process.pid


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True)
    return [int(line) for line in listed.stdout.split()]


def runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_worker_for_many_models(relu: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(relu)
    assert imported(tmp_path) == Finished(0, "")
    worker = only_worker()
    text = (tmp_path / "m.mlir").read_text()
    assert 'torch.operator "onnx.Relu"' in text
    (tmp_path / "m.mlir").unlink()
    assert imported(tmp_path) == Finished(0, "")
    assert (tmp_path / "m.mlir").read_text() == text
    assert only_worker() == worker
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.mlir", "m.onnx"]


def test_the_same_as_the_command(relu: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(relu)
    imported(tmp_path)
    command = [sys.executable, "-m", "pytest_arielml.compiler.importer", "m.onnx", "other.mlir"]
    root = Path(__file__).parents[2]
    subprocess.run(command, cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": str(root)})
    assert (tmp_path / "other.mlir").read_bytes() == (tmp_path / "m.mlir").read_bytes()


def test_a_refusal_is_said_and_hurts_nobody(make_model: Make, relu: bytes, tmp_path: Path) -> None:
    text = helper.make_tensor("s", TensorProto.STRING, [1], [b"a"])
    proto = make_model(helper.make_node("Constant", [], ["y"], value=text))
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    refused = imported(tmp_path)
    assert refused.status == 1
    assert refused.output.startswith('error: loc("onnx node 0"): ')
    worker = only_worker()
    (tmp_path / "m.onnx").write_bytes(relu)
    assert imported(tmp_path).status == 0
    assert only_worker() == worker


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    finished = imported(tmp_path)
    assert finished.status == 1
    assert "FileNotFoundError" in finished.output


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[int, int, list[Finished]]]:
    """A worker that is at an import without end, its child, and what will come of it."""
    # Opening it for reading waits for a writer.
    os.mkfifo(tmp_path / "m.onnx")
    found: list[Finished] = []
    thread = threading.Thread(target=lambda: found.append(imported(tmp_path)))
    thread.start()
    pid: list[int] = []

    def started() -> bool:
        for worker in children(os.getpid()):
            inner = children(worker)
            if inner:
                pid[:] = [worker, inner[0]]
        return bool(pid)

    wait_for(started)
    yield pid[0], pid[1], found
    thread.join(30)
    assert not thread.is_alive()


def test_a_crash_ends_that_import_alone(
    busy: tuple[int, int, list[Finished]], relu: bytes, tmp_path: Path
) -> None:
    worker, child, found = busy
    os.kill(child, signal.SIGSEGV)
    wait_for(lambda: found)
    assert found[0].status == -signal.SIGSEGV
    assert found[0].crashed
    (tmp_path / "m.onnx").unlink()
    (tmp_path / "m.onnx").write_bytes(relu)
    assert imported(tmp_path).status == 0
    assert only_worker() == worker


def test_a_worker_that_is_killed(
    busy: tuple[int, int, list[Finished]], relu: bytes, tmp_path: Path
) -> None:
    worker, child, found = busy
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: found)
    assert found[0].status == -signal.SIGKILL
    wait_for(lambda: not runs(child))
    (tmp_path / "m.onnx").unlink()
    (tmp_path / "m.onnx").write_bytes(relu)
    assert imported(tmp_path).status == 0
    assert only_worker() != worker


def test_an_import_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Noted(workers._Worker):
        def __init__(self) -> None:
            super().__init__()
            started.append(self._process.pid)

    monkeypatch.setattr(workers, "_Worker", Noted)
    os.mkfifo(tmp_path / "m.onnx")
    with pytest.raises(CompileError, match="it did not finish within 3 s, 2 times"):
        imported(tmp_path, timeout=3, attempts=2)
    assert len(set(started)) == 2
    for pid in started:  # each led a session of its own
        states = subprocess.run(["ps", "-o", "stat=", "-s", str(pid)], capture_output=True)
        assert not [state for state in states.stdout.split() if not state.startswith(b"Z")]
    assert not workers._idle


def test_nothing_outlives_the_process_that_asked(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.onnx")
    script = (
        "from pathlib import Path\n"
        "from pytest_arielml.compiler.workers import import_onnx\n"
        "import_onnx('m.onnx', 'm.mlir', folder=Path('.').absolute(), timeout=600,\n"
        "            attempts=1, name='it')\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}
    )
    started: list[int] = []

    def ready() -> bool:
        started[:] = children(parent.pid)
        started.extend(children(started[0]) if started else [])
        return len(started) > 1

    wait_for(ready)
    parent.kill()
    parent.wait()
    wait_for(lambda: not any(runs(pid) for pid in started))


def test_a_fork_has_workers_of_its_own(relu: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(relu)
    imported(tmp_path)
    worker = only_worker()
    child = os.fork()
    if child == 0:
        try:
            imported(tmp_path)
            os._exit(0 if only_worker() != worker else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert imported(tmp_path).status == 0
    assert only_worker() == worker
