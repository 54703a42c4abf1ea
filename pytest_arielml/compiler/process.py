"""Runs a compiler or a linker: bounded in time, and nothing of it left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_arielml.errors import CompileError

# A diagnostic that prints a whole module can be as large as the model.
_KEPT: Final = 256 * 1024


@dataclass(frozen=True)
class Finished:
    """A program that ended: its exit status (negative: the signal) and what it said."""

    status: int
    output: str

    @property
    def crashed(self) -> bool:
        """Whether a signal ended it: its own fault, not the input's."""
        return self.status < 0


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
    name = name or Path(command[0]).name
    for attempt in range(1, attempts + 1):
        try:
            finished = _run(command, folder, timeout, environment)
        except subprocess.TimeoutExpired:
            if attempt == attempts:
                times = "" if attempts == 1 else f", {attempts} times"
                raise CompileError(
                    f"{name} did not finish within {timeout:g} s{times}",
                    where=str(folder),
                    expected=f"an end within {timeout:g} s",
                    found="it was still running, and was stopped",
                    advice="try again on a machine with less load, or allow it more time",
                ) from None
            continue
        if not finished.crashed:
            break
    return finished


def _run(
    command: Sequence[str | Path],
    folder: Path,
    timeout: float,
    environment: Mapping[str, str] | None,
) -> Finished:
    log = folder / "output.log"
    with log.open("wb") as output:
        # A session of its own: what the program starts can be killed with it.
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout)
        except BaseException:
            # A time-out, or the user's Ctrl-C, which the session does not get.
            _kill(process)
            raise
    return Finished(status, _tail(log))


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _KEPT))
        text = file.read().decode("utf-8", "replace")
    log.unlink()
    return text
