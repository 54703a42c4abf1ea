"""A board in a Renode that others may use after it."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Final

from pytest_arielml.boards.board import Renode
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.base import CoreCounters, Counters
from pytest_arielml.runners.renode.process import RenodeProcess
from pytest_arielml.runners.renode.robot import KeywordFailed, ServerLost

_CHUNK: Final = 64 * 1024
# A guest that reads nothing: the socket is full long before this.
_PATIENCE: Final = 5.0
# How often a wait looks whether Renode still runs, and reads what it prints.
_LOOK: Final = 1.0
_CYCLES_FROM: Final = "none: Renode counts instructions, each taken for a cycle"


class RenodeMachine:
    """What one image runs on: a machine in a Renode, until another image comes.

    It runs whether its stream is read or not.
    """

    def __init__(
        self,
        process: RenodeProcess,
        renode: Renode,
        cores: tuple[str, ...],
        wire: socket.socket,
        on_close: Callable[[RenodeMachine], None],
    ) -> None:
        """A machine that was started.

        Args:
            process: the Renode that it is in.
            renode: the board, as Renode has it.
            cores: Renode's full names of its cores.
            wire: a socket, connected to its UART.
            on_close: called by `close`, each time.
        """
        self._process = process
        self._on_close = on_close
        self._renode = renode
        self._cores = cores
        self._stream = RenodeStream(process, wire)
        self._displaced = False

    @property
    def stream(self) -> RenodeStream:
        """The board's UART."""
        return self._stream

    @property
    def displaced(self) -> bool:
        """Whether another image was booted since, in the same Renode."""
        return self._displaced

    @property
    def instructions_per_second(self) -> int:
        """Those of virtual time, by which the board's timer goes."""
        return self._renode.mips * 1_000_000

    @property
    def virtual_seconds(self) -> float:
        """Virtual time since the board was started, sleep included."""
        return float(
            self._evaluate("str(monitor.Machine.ElapsedVirtualTime.TimeElapsed.TotalSeconds)")
        )

    def counters(self) -> Counters:
        """The instructions that were executed; Renode watches no functions."""
        counts = [
            int(self._evaluate(f'str(monitor.Machine["{core}"].ExecutedInstructions)'))
            for core in self._cores
        ]
        return Counters(
            instructions=sum(counts),
            cycles=sum(counts),
            cycles_from=_CYCLES_FROM,
            cores=tuple(CoreCounters({}, count, count, 0) for count in counts),
        )

    def displace(self) -> None:
        """Takes the board from this image, for the next."""
        self._displaced = True
        self._stream.close()

    def close(self) -> None:
        """Ends it; a second call does nothing."""
        self._stream.close()
        self._on_close(self)

    def _evaluate(self, expression: str) -> str:
        if self._stream.closed:
            raise ValueError("this board was closed")
        try:
            return self._process.server.evaluate(expression)
        except ServerLost as lost:
            raise self._process.fault(f"Renode does not answer: {lost}") from None
        except KeywordFailed as failed:
            raise self._process.fault(f"Renode does not count: {failed}") from None


class RenodeStream:
    """The byte stream of a board in Renode: a socket to its UART."""

    def __init__(self, process: RenodeProcess, wire: socket.socket) -> None:
        wire.setblocking(False)
        self._process = process
        self._wire = wire

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._wire.fileno() < 0

    def write(self, data: bytes) -> None:
        """Sends all of `data`; to a Renode that has ended, nothing: `read` says so.

        Raises: GuestFault when Renode takes none of it for seconds.
        """
        left = memoryview(data)
        end = time.monotonic() + _PATIENCE
        while left:
            try:
                sent = self._wire.send(left)
            except BlockingIOError:
                sent = 0
            except (BrokenPipeError, ConnectionResetError):
                return
            left = left[sent:]
            if sent:
                end = time.monotonic() + _PATIENCE
            elif not self._wait(select.POLLOUT, end) and time.monotonic() >= end:
                raise self._process.fault(f"Renode takes no bytes, for {_PATIENCE:g} s now")

    def read(self, timeout: float) -> bytes:
        """The bytes that came, at least one; `b""` after `timeout` seconds without any.

        Raises: GuestFault when Renode has closed the UART and all that came was read.
        """
        end = time.monotonic() + timeout
        while True:
            try:
                data = self._wire.recv(_CHUNK)
            except BlockingIOError:
                pass
            except ConnectionResetError:
                raise self._ended() from None
            else:
                if not data:
                    raise self._ended()
                return data
            now = time.monotonic()
            if not self._wait(select.POLLIN, min(end, now + _LOOK)) and now >= end:
                return b""

    def explain(self) -> str:
        """Where Renode is, and the last that it said."""
        how = self._process.ended()
        state = f"ended {how}" if how else f"runs, process {self._process.pid}"
        return f"{self._process.program}: {state}\nlog of Renode: {self._process.log()}"

    def close(self) -> None:
        """Ends the stream; a second call does nothing."""
        self._wire.close()

    def _wait(self, events: int, end: float) -> bool:
        poll = select.poll()
        poll.register(self._wire, events)
        left = max(0, int((end - time.monotonic()) * 1000) + 1)
        ready = bool(poll.poll(left))
        self._process.take_output()
        return ready

    def _ended(self) -> GuestFault:
        return self._process.fault("Renode has closed the UART")
