"""Runs a compiler or a linker: bounded in time and memory, and nothing of it left behind."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_arielml.errors import CompileError
from pytest_arielml.lifetime import Leashed

# A diagnostic that prints a whole module can be as large as the model.
_KEPT: Final = 256 * 1024
#: Where a program's output is collected, in the folder that it runs in.
LOG: Final = "output.log"
# Of LLVM, C++ and Python.
_NO_MEMORY: Final = re.compile(r"LLVM ERROR: out of memory|std::bad_alloc|^MemoryError", re.M)


class ToolBroke(CompileError):
    """A program hung, crashed or ran out of memory: its own fault, not the input's."""


@dataclass(frozen=True)
class Finished:
    """A program that ended: its exit status (negative: the signal) and what it said."""

    status: int
    output: str

    @property
    def crashed(self) -> bool:
        """Whether a signal ended it: its own fault, not the input's."""
        return self.status < 0

    @property
    def out_of_memory(self) -> bool:
        """Whether it ended because it was given no more memory."""
        return self.status != 0 and _NO_MEMORY.search(self.output) is not None


def memory_limit() -> int:
    """Bytes that a program may take for its data: half of this machine's, and 4 GiB at least.

    The largest model of the tests takes 60 MB.
    """
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(4 << 30, machine // 2)


def bound_memory(process: int) -> None:
    """Bounds what a program, and whatever it starts from now on, takes for its data.

    Beyond it is refused more, and ends. Memory that is reserved and not used, which IREE
    has much of, does not count. Only Linux can do this to another process.
    """
    if sys.platform != "linux":
        return
    with suppress(ProcessLookupError):
        _, hard = resource.prlimit(process, resource.RLIMIT_DATA)
        most = memory_limit()
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.prlimit(process, resource.RLIMIT_DATA, (most, hard))


def run_tool(
    command: Sequence[str | Path],
    *,
    folder: Path,
    timeout: float,
    attempts: int = 1,
    name: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Runs `command` in `folder`; a hang or a crash is tried again, `attempts` times in all.

    It may take `memory_limit` of memory.

    Args:
        command: the program and its arguments.
        folder: where it runs; its output is collected there meanwhile.
        timeout: seconds of wall-clock time for one attempt; then the program
            and its children are killed.
        attempts: how often to try at most.
        name: what to call it in messages (default: the program's).
        environment: variables to set beside those of this process.

    Gives standard output and error together, the last 256 KiB of them.
    Raises: CompileError when the last attempt hung.
    """
    return try_again(
        lambda: _run(command, folder, timeout, environment),
        name=name or Path(command[0]).name,
        folder=folder,
        timeout=timeout,
        attempts=attempts,
    )


def try_again(
    run: Callable[[], Finished], *, name: str, folder: Path, timeout: float, attempts: int
) -> Finished:
    """What `run` gives; a hang or a crash is tried again, `attempts` times in all.

    What ran out of memory is not, since it would again.

    Args:
        run: runs the program; raises subprocess.TimeoutExpired when it hung.
        name: of the program, for messages.
        folder: where it runs, for messages.
        timeout: seconds that `run` allowed it, for messages.
        attempts: how often to try at most.

    Raises: CompileError when the last attempt hung.
    """
    for attempt in range(1, attempts + 1):
        try:
            finished = run()
        except subprocess.TimeoutExpired:
            if attempt == attempts:
                times = "" if attempts == 1 else f", {attempts} times"
                raise ToolBroke(
                    f"{name} did not finish within {timeout:g} s{times}",
                    where=str(folder),
                    expected=f"an end within {timeout:g} s",
                    found="it was still running, and was stopped",
                    advice="try again on a machine with less load, or allow it more time",
                ) from None
            continue
        if not finished.crashed or finished.out_of_memory:
            break
    return finished


def _run(
    command: Sequence[str | Path],
    folder: Path,
    timeout: float,
    environment: Mapping[str, str] | None,
) -> Finished:
    log = folder / LOG
    tool: Leashed | None = None
    try:
        with log.open("wb") as output, _interrupts_later():
            tool = Leashed(
                [str(part) for part in command],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        bound_memory(tool.process.pid)
        status = tool.process.wait(timeout)
    except BaseException:
        # A time-out, or the user's Ctrl-C, which the session does not get.
        if tool is not None:
            kill(tool.process)
        raise
    finally:
        if tool is not None:
            tool.release()
    return Finished(status, tail_of(log))


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Puts Ctrl-C off: between its start and its return, a program is nobody's to kill."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield
        return
    seen: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if seen:
            signal.raise_signal(signal.SIGINT)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a program that leads a session, and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def tail_of(log: Path) -> str:
    """The end of a log, which is removed."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _KEPT))
        text = file.read().decode("utf-8", "replace")
    log.unlink()
    return text
