"""A runner for simulators that have the board's UART on their stdin and stdout."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from pytest_arielml.boards import Board
from pytest_arielml.errors import GuestFault, Unavailable
from pytest_arielml.firmware import Image
from pytest_arielml.lifetime import Leashed
from pytest_arielml.runners import RunnerOptions

VARIABLE = "ARIELML_SIMULATOR"


class StdioStream:
    """The bytes to and from the board's UART."""

    def __init__(self, leashed: Leashed) -> None:
        self._leashed = leashed
        self._process = leashed.process
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    def write(self, data: bytes) -> None:
        """Sends all of `data`; to a simulator that has ended, nothing: `read` says so."""
        with suppress(BrokenPipeError):
            self._to.write(data)
            self._to.flush()

    def read(self, timeout: float) -> bytes:
        """The bytes that came; `b""` after `timeout` seconds without any. Raises: GuestFault."""
        ready, _, _ = select.select([self._from], [], [], timeout)
        if not ready:
            return b""
        data = os.read(self._from.fileno(), 1 << 16)
        if not data:
            raise GuestFault(
                "the simulator ended",
                where=shlex.join(map(str, self._process.args)),
                advice=f"run what {VARIABLE} says by hand",
            )
        return data

    def close(self) -> None:
        """Ends the simulator; a second call does nothing."""
        self._process.kill()
        self._process.wait()
        self._leashed.release()
        for pipe in (self._to, self._from):
            with suppress(BrokenPipeError):  # of what was not sent any more
                pipe.close()


class StdioMachine:
    """One simulator with one image."""

    displaced = False  # no other image takes its place
    instructions_per_second = None  # nothing is known of its time

    def __init__(self, command: Sequence[str]) -> None:
        # Leashed: it ends with this process, whatever ends that.
        self.stream = StdioStream(Leashed(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

    def counters(self) -> None:
        """None: nothing counts instructions."""

    def close(self) -> None:
        """Stops the board; a second call does nothing."""
        self.stream.close()


class StdioRunner:
    """Boots each image in a simulator of its own."""

    name = "stdio"

    def boot(self, image: Image, board: Board, *, timeout: float) -> StdioMachine:
        """Starts `image`. Raises: Unavailable without a simulator."""
        elf = str(image.elf.absolute())
        return StdioMachine([word.replace("{elf}", elf) for word in _command()])

    def close(self) -> None:
        """Nothing is kept between boots."""


def create(options: RunnerOptions) -> StdioRunner:
    """The runner."""
    return StdioRunner()


def available(options: RunnerOptions, board: Board | None = None) -> str:
    """What would be used, in one line. Raises: Unavailable with how to get it."""
    return _command()[0]


def _command() -> list[str]:
    command = shlex.split(os.environ.get(VARIABLE, ""))
    program = shutil.which(command[0]) if command else None
    if program is None:
        raise Unavailable(
            "there is no simulator",
            expected=f"its command line in {VARIABLE}, with {{elf}} for the image",
            found=os.environ.get(VARIABLE) or "nothing",
            advice=f"{VARIABLE}='simulator --uart stdio {{elf}}' pytest ...",
        )
    return [program, *command[1:]]
