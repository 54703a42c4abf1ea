"""This process's end of the import workers."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from pytest_arielml.compiler.process import LOG, Finished, bound_memory, kill, tail_of, try_again

_MODULE: Final = f"{__package__}.import_worker"
_lock = threading.Lock()
_idle: list[_Worker] = []


def import_onnx(
    source: str,
    target: str,
    *,
    folder: Path,
    timeout: float,
    attempts: int,
    name: str,
    style: str = "",
) -> Finished:
    """Turns the ONNX file `source` of `folder` into the MLIR file `target` of it.

    The same as `run_tool` of `python -m pytest_arielml.compiler.importer`,
    without the start of a process and its libraries: workers stay for the
    next model. They go with this process, however it ends.

    Args:
        source: name of the model's file.
        target: name of the file to write.
        folder: where both are.
        timeout: seconds for one attempt; then the worker is killed.
        attempts: how often to try at most when it hangs or crashes.
        name: what to call it in messages.
        style: of the kernels that stand for products ("": IREE's own).

    Raises: CompileError when the last attempt hung.
    """
    request = {"folder": str(folder), "source": source, "target": target, "log": LOG}
    request["style"] = style

    def once() -> Finished:
        worker = _take()
        finished = worker.run(request, folder, timeout)
        if worker.alive:
            with _lock:
                _idle.append(worker)
        return finished

    return try_again(once, name=name, folder=folder, timeout=timeout, attempts=attempts)


class _Worker:
    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as it runs
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
                # A process with threads must not fork.
                "OPENBLAS_NUM_THREADS": "1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            start_new_session=True,
        )
        bound_memory(self._process.pid)

    @property
    def alive(self) -> bool:
        """Whether it may be asked again."""
        return self._process.poll() is None

    def run(self, request: dict[str, str], folder: Path, timeout: float) -> Finished:
        """One import. Raises: subprocess.TimeoutExpired, with the worker killed."""
        assert self._process.stdin is not None
        (folder / LOG).touch()
        try:
            # It is dead already when this fails, and the answer says so.
            with suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
            answer = self._answer(timeout)
        except BaseException:
            # A time-out, or the user's Ctrl-C, which the session does not get.
            self.close()
            raise
        if answer.endswith(b"\n"):
            return Finished(int(answer), tail_of(folder / LOG))
        # Not its child but the worker itself: it did not start, or was killed.
        status = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace")
        self.close()
        return Finished(status or -signal.SIGPIPE, said)

    def close(self) -> None:
        """Ends it, and what it is at."""
        kill(self._process)
        self.forget()

    def forget(self) -> None:
        """Lets go of it: it ends when nobody holds its input any more."""
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            assert pipe is not None
            pipe.close()

    def disown(self) -> None:
        """Lets go of it in a fork of the process that it belongs to."""
        self.forget()
        self._process.returncode = 0

    def _answer(self, timeout: float) -> bytes:
        """A line, or less than one when the worker has ended."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout
        answer = b""
        while not answer.endswith(b"\n"):
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                raise subprocess.TimeoutExpired(_MODULE, timeout)
            part = self._process.stdout.read(64)
            if not part:
                break
            answer += part
        return answer


def _take() -> _Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.alive:
                return worker
            worker.forget()
    return _Worker()


@atexit.register
def _close() -> None:
    with _lock:
        while _idle:
            _idle.pop().close()


def _forked() -> None:
    """A child has no part in its parent's workers: two would talk at once."""
    global _lock
    _lock = threading.Lock()
    for worker in _idle:
        worker.disown()
    _idle.clear()


os.register_at_fork(after_in_child=_forked)
