"""A Renode process: started headless, driven, and ended for good."""

from __future__ import annotations

import os
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from pytest_arielml.errors import GuestFault, Unavailable
from pytest_arielml.lifetime import Scratch
from pytest_arielml.runners.child import Child
from pytest_arielml.runners.renode.find import Program, how_to_install
from pytest_arielml.runners.renode.robot import KeywordFailed, RobotServer, ServerLost

_ATTEMPTS: Final = 4
# It takes 1.4 to 4.5 s on an idle machine.
_START: Final = 60.0
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.5
# How long an answer may take while it starts, and when it is asked to end.
_PROMPT: Final = 2.0
# Between its answer and its end, and between the end of a connection and its own.
_ENDING: Final = 3.0
_MOMENT: Final = 1.0
# How long a server that answers must live to be taken for ours without its file.
_PROBATION: Final = 3.0
_NEEDED: Final = ("ExecuteCommand", "ExecuteScript", "ExecutePython")
_LOG_LINES: Final = 20
_LOG_BYTES: Final = 16 * 1024


class _Ended(Exception):
    """It ended before it was ready, as when another process took one of its ports."""


class RenodeProcess:
    """One Renode with its robot server, in a temporary folder of its own.

    Nothing of it outlives this process, however that ends.
    """

    def __init__(self, program: Program, *, timeout: float) -> None:
        """Starts it and waits until its server answers.

        Args:
            program: which one.
            timeout: bounds each request, in seconds.

        Raises: Unavailable when it does not start.
        """
        self.program = program
        self._open = ExitStack()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._start(timeout)
            except _Ended as ended:
                self.close()
                if attempt == _ATTEMPTS:
                    raise Unavailable(
                        "Renode does not start",
                        where=str(program.path),
                        expected="its robot server",
                        found=f"{ended}, {attempt} times",
                        advice="what it says names the cause; if it misses a library, install "
                        f"that (.NET needs libicu), else install it anew:\n{how_to_install()}",
                    ) from None
            except BaseException:
                self.close()
                raise
            else:
                return

    @property
    def pid(self) -> int:
        """The process id of Renode, or of the script that has started it."""
        return self._child.pid

    def ended(self) -> str | None:
        """How it ended, such as `with status 1`; `None` while it runs."""
        return self._child.ending() if self._gone() else None

    def fault(self, what: str) -> GuestFault:
        """An error with what is known of it."""
        # A connection ends a moment before its process.
        self._await_end(_MOMENT)
        how = self.ended()
        return GuestFault(
            f"{what}: Renode ended {how}" if how else what,
            where=self._child.command_line(),
            found=self.log(),
            advice="what Renode says names the cause; the board's .resc in renode_platforms/ "
            "runs by hand",
        )

    def log(self) -> str:
        """The last that it said."""
        self._child.take_log()
        lines = [*_tail(self.folder / "log").splitlines(), *self._child.log().splitlines()]
        return "\n".join(lines[-_LOG_LINES:]) or "(it said nothing)"

    def take_output(self) -> None:
        """Reads what it prints, which would block it when nobody did."""
        self._child.take_log()

    def close(self) -> None:
        """Asks it to end, kills it by its id, and removes its folder; twice is once."""
        self._open.close()

    def _start(self, timeout: float) -> None:
        # Not `renode-`: a Renode that starts removes such folders of others.
        scratch = Scratch("arielml-renode-")
        self._open.callback(scratch.close)
        self.folder = scratch.path
        robot, monitor = free_ports(2)
        temporary = self.folder / "tmp"
        temporary.mkdir()
        command = [
            str(self.program.path),
            "--plain",
            "--disable-xwt",
            "--hide-log",
            "--robot-server-port",
            str(robot),
            # Without it a thread of the shell keeps a core busy.
            "-P",
            str(monitor),
            "--config",
            str(self.folder / "config"),
            "--pid-file",
            str(self.folder / "pid"),
        ]
        # A Renode removes what others left in the temporary folder: it has its own.
        variables = {name: str(temporary) for name in ("TMPDIR", "TMP", "TEMP")}
        try:
            self._child = Child(command, environment=os.environ | variables)
        except OSError as error:
            raise _Ended(f"{self.program.path}: {error.strerror}") from None
        self._open.callback(self._child.close)
        self.port = robot
        self.server = RobotServer(robot, timeout=timeout)
        self._await(robot, temporary)
        self._open.callback(self._ask_to_end)
        # Its log says what the guest did wrong: accesses to what is not there.
        try:
            self.server.execute(f"logFile @{quoted(self.folder / 'log')} true")
        except (KeywordFailed, ServerLost) as error:
            raise _Ended(f"it answers, but {error}") from None

    def _await(self, robot: int, temporary: Path) -> None:
        """Polls until the server answers, and is known to be that of this process."""
        start = time.monotonic()
        pause = _FIRST_PAUSE
        answered: float | None = None
        while True:
            if self._gone():
                raise _Ended(f"it ended {self._child.ending()}; it said:\n{self._child.log()}")
            now = time.monotonic()
            if answered is None and self._answers():
                answered = time.monotonic()
            if answered is not None and (
                _port_file(temporary) == robot or now > answered + _PROBATION
            ):
                return
            if now > start + _START:
                raise Unavailable(
                    "Renode does not become ready",
                    where=self._child.command_line(),
                    expected=f"an answer of its robot server within {_START:g} s",
                    found=self._child.log() or "(it said nothing)",
                    advice="start it by hand with this command line and see",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _answers(self) -> bool:
        try:
            names = self.server.names(_PROMPT)
        except (ServerLost, KeywordFailed):
            return False
        if missing := [name for name in _NEEDED if name not in names]:
            raise Unavailable(
                "this Renode is not one that can be driven",
                where=str(self.program),
                expected=f"the keywords {', '.join(_NEEDED)}",
                found=f"no {', '.join(missing)}",
                advice=how_to_install(),
            )
        return True

    def _gone(self) -> bool:
        return not self._child.running

    def _ask_to_end(self) -> None:
        """Lets it end by itself; what does not is killed next."""
        if self._gone() or not self.server.stop(_PROMPT):
            return
        self._await_end(_ENDING)

    def _await_end(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._gone() and time.monotonic() < end:
            self._child.take_log()
            time.sleep(_FIRST_PAUSE)


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago. Another process may take one: be ready for that."""
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            # Renode listens on all interfaces.
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


def quoted(path: Path) -> str:
    """A path as the monitor takes it, after an `@`."""
    return str(path).replace(" ", "\\ ")


def _port_file(temporary: Path) -> int | None:
    """The port that Renode has noted when it had it, in a folder of its process id."""
    for path in temporary.glob("renode-*/robot_port"):
        with suppress(OSError, ValueError):
            return int(path.read_text())
    return None


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
