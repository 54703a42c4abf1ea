"""A program that runs beside us: started, its log kept, and ended for good."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from pytest_arielml.lifetime import Leashed

_LOG: Final = 8 * 1024
_CHUNK: Final = 64 * 1024
# Between the end of its connection and that of the program itself.
_ENDING: Final = 5.0


class Child:
    """A program that never outlives this process, whatever ends it.

    It has a session of its own, so that Ctrl-C in the terminal is ours to
    handle; what it starts itself ends with it. What it says is kept, the end of
    it, as far as `take_log` was called.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        inherit: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts `command`.

        Args:
            command: its words, of which the first is a path.
            inherit: files that it keeps open.
            environment: its variables (default: ours).

        Raises: OSError when no process can be started.
        """
        self.command = tuple(command)
        self._log = bytearray()
        self._cut = False
        self._leashed = Leashed(
            command,
            inherit=inherit,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        self._process = self._leashed.process
        self._open = True
        assert self._process.stdout is not None
        self._output: int | None = self._process.stdout.fileno()
        os.set_blocking(self._output, False)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def output(self) -> int | None:
        """The file that its words come from, to wait for; `None` when it will say no more."""
        return self._output

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def take_log(self) -> None:
        """Takes what it said since; never waits."""
        while self._output is not None:
            try:
                data = os.read(self._output, _CHUNK)
            except BlockingIOError:
                return
            if not data:
                self._output = None
                return
            self._log += data
            if len(self._log) > _LOG:
                del self._log[:-_LOG]
                self._cut = True

    def ending(self) -> str | None:
        """How it ended, when its connection has: `by SIGABRT`; `None` if it still runs."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING)
        self.take_log()
        status = self._process.returncode
        if status is None:
            return None
        if status >= 0:
            return f"with status {status}"
        try:
            return f"by {signal.Signals(-status).name}"
        except ValueError:
            return f"by signal {-status}"

    def log(self) -> str:
        """The last that it said, 8 KiB at most."""
        text = self._log.decode("utf-8", "replace").strip()
        if self._cut:
            text = "... " + text.partition("\n")[2]
        return text

    def command_line(self) -> str:
        """What was started, as one would type it."""
        return shlex.join(self.command)

    def close(self) -> None:
        """Kills it and waits for its end; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        # This kills what is left of the group, should the program have ended before.
        self._leashed.release()
        self._process.wait()
        self._output = None
        assert self._process.stdout is not None
        self._process.stdout.close()
