"""The runner: an image becomes a machine in the one Renode of the session."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_arielml.boards import Board
from pytest_arielml.boards.board import Renode
from pytest_arielml.errors import DeviceError, UsageError
from pytest_arielml.runners.base import RunnerOptions
from pytest_arielml.runners.renode.find import Program, find_program
from pytest_arielml.runners.renode.machine import RenodeMachine
from pytest_arielml.runners.renode.platforms import core_names, script_of
from pytest_arielml.runners.renode.process import RenodeProcess, free_ports, quoted
from pytest_arielml.runners.renode.robot import (
    ADDRESS,
    KeywordFailed,
    RobotServer,
    ServerLost,
    check_library,
    integer,
)

if TYPE_CHECKING:
    from pytest_arielml.firmware import Image

NAME: Final = "renode"

_ATTEMPTS: Final = 4
_CONNECT: Final = 5.0
_PROMPT: Final = 5.0


class RenodeRunner:
    """Boots images in one Renode, started with the first and kept.

    A boot takes the board from the image before it.
    """

    name = NAME

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: RenodeProcess | None = None
        self._current: RenodeMachine | None = None

    @property
    def process(self) -> RenodeProcess | None:
        """The Renode that runs, if one does."""
        return self._process

    def boot(self, image: Image, board: Board, *, timeout: float) -> RenodeMachine:
        """The board with `image`, started; each request to Renode has `timeout` seconds.

        Raises: Unavailable when Renode does not start, UsageError for a board
        that it has not, DeviceError when it does not take the image, GuestFault
        when it dies or hangs.
        """
        renode = _description(board)
        script = script_of(renode.platform)
        cores = core_names(renode, board)
        self._displace()
        process = self._running(timeout)
        process.server.timeout = timeout
        try:
            wire = _boot(process, renode, cores, script, image.elf.absolute())
        except ServerLost as lost:
            fault = process.fault(f"Renode does not answer: {lost}")
            # What hangs blocks all that would come after it.
            self.close()
            raise fault from None
        except KeywordFailed as failed:
            raise DeviceError(
                f"Renode does not run the image on {board.name}",
                where=f"{process.program}, {script}",
                found=f"{failed}\nlog of Renode: {process.log()}",
                advice="run the script by hand; if this Renode is older than "
                "the platform, install a newer one",
            ) from None
        self._current = RenodeMachine(process, renode, cores, wire, self._clear)
        return self._current

    def close(self) -> None:
        """Ends Renode; a second call does nothing."""
        self._displace()
        self._end()

    def _clear(self, machine: RenodeMachine) -> None:
        """Lets go of what the last machine ran on: it would keep a core busy."""
        if machine is not self._current or self._process is None:
            return
        self._current = None
        try:
            self._process.server.run("ResetEmulation", timeout=_PROMPT)
        except (KeywordFailed, ServerLost):
            self._end()

    def _displace(self) -> None:
        machine, self._current = self._current, None
        if machine is not None:
            machine.displace()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def _running(self, timeout: float) -> RenodeProcess:
        if self._process is not None and self._process.ended() is not None:
            self._end()
        if self._process is None:
            self._process = RenodeProcess(self._program, timeout=timeout)
        return self._process


def create(options: RunnerOptions) -> RenodeRunner:
    """The runner. Raises: Unavailable when Renode or Robot Framework is missing."""
    check_library()
    return RenodeRunner(find_program(options.renode))


def available(options: RunnerOptions, board: Board | None = None) -> str:
    """What would be used, in one line. Raises: Unavailable; UsageError for a board it has not."""
    if board is not None:
        script_of(_description(board).platform)
    program = find_program(options.renode)
    check_library()
    return str(program)


def _description(board: Board) -> Renode:
    if board.renode is None:
        raise UsageError(
            f"the renode runner has no {board.name}",
            expected="a board whose file has a table [renode]",
            advice="choose another board or another runner",
        )
    return board.renode


def _boot(
    process: RenodeProcess, renode: Renode, cores: tuple[str, ...], script: Path, elf: Path
) -> socket.socket:
    """Sets up the machine, connects to its UART, starts it. Raises: KeywordFailed, ServerLost."""
    server = process.server
    server.run("ResetEmulation")
    # In our own folder its path has no character that the monitor takes for syntax.
    copy = process.folder / "image.elf"
    shutil.copyfile(elf, copy)
    server.execute(f"$image=@{quoted(copy)}")
    server.script(str(script))
    for core in cores:
        mips = integer(server.execute(f"{core} PerformanceInMips"))
        if mips != renode.mips:
            raise KeywordFailed(
                f"{script.stem} makes {mips} million instructions a second on {core}, "
                f"its board {renode.mips}"
            )
    port = _terminal(server)
    server.execute(f"connector Connect {renode.uart} wire")
    try:
        wire = socket.create_connection((ADDRESS, port), timeout=_CONNECT)
    except OSError as error:
        raise ServerLost(f"no connection to the UART on port {port}: {error}") from None
    try:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.run("StartEmulation")
    except BaseException:
        wire.close()
        raise
    return wire


def _terminal(server: RobotServer) -> int:
    """Opens the socket of the UART; on another port when one is taken."""
    for attempt in range(1, _ATTEMPTS + 1):
        (port,) = free_ports(1)
        try:
            # `false`: none of the bytes of telnet.
            server.execute(f'emulation CreateServerSocketTerminal {port} "wire" false')
        except KeywordFailed:
            if attempt == _ATTEMPTS:
                raise
        else:
            return port
    raise AssertionError("the last attempt raises")
