"""A board in a QEMU of its own."""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.child import Child

_CHUNK: Final = 64 * 1024
# A guest that reads nothing: the socket is full long before a minute of repeated requests.
_PATIENCE: Final = 5.0
# Said of every board with a network interface, which gets no network.
_NO_NETWORK: Final = "has no peer"


class QemuMachine:
    """One QEMU process. It runs whether its stream is read or not."""

    def __init__(self, command: Callable[[int], Sequence[str]], instructions_per_second: int):
        """Starts it.

        Args:
            command: the command line, of the file number of the UART's socket.
            instructions_per_second: of virtual time.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                child = Child(command(theirs.fileno()), inherit=[theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        self._child = child
        self._stream = QemuStream(ours, child)
        self._rate = instructions_per_second

    @property
    def stream(self) -> QemuStream:
        """The board's UART."""
        return self._stream

    @property
    def displaced(self) -> bool:
        """Never: each image has a QEMU of its own."""
        return False

    @property
    def instructions_per_second(self) -> int:
        """By `-icount`."""
        return self._rate

    @property
    def pid(self) -> int:
        """The process id of QEMU."""
        return self._child.pid

    def counters(self) -> None:
        """None: the board's timer counts."""
        return

    def close(self) -> None:
        """Ends QEMU; a second call does nothing."""
        self._stream.close()


class QemuStream:
    """The byte stream of a board in QEMU."""

    def __init__(self, wire: socket.socket, child: Child) -> None:
        wire.setblocking(False)
        self._wire = wire
        self._child = child

    def write(self, data: bytes) -> None:
        """Sends all of `data`; to a QEMU that has ended, nothing: `read` says so.

        Raises: GuestFault when the board takes none of it for seconds.
        """
        self._check_open()
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
                raise self._fault(f"the board takes no bytes, for {_PATIENCE:g} s now")

    def read(self, timeout: float) -> bytes:
        """The bytes that came, at least one; `b""` after `timeout` seconds without any.

        Raises: GuestFault when QEMU has ended and all that came was read.
        """
        self._check_open()
        end = time.monotonic() + timeout
        while True:
            try:
                data = self._wire.recv(_CHUNK)
            except BlockingIOError:
                pass
            except ConnectionResetError:
                self._ended()
            else:
                if not data:
                    self._ended()
                return data
            if not self._wait(select.POLLIN, end) and time.monotonic() >= end:
                return b""

    def explain(self) -> str:
        """QEMU's command line, and the last that it said."""
        self._child.take_log()
        return f"command line of QEMU: {self._child.command_line()}\nlog of QEMU: {self._log()}"

    def close(self) -> None:
        """Ends QEMU with its stream; a second call does nothing."""
        self._child.close()
        self._wire.close()

    def _wait(self, events: int, end: float) -> bool:
        """Waits for the wire, and meanwhile takes the log: a full pipe would stop QEMU."""
        poll = select.poll()
        poll.register(self._wire, events)
        if self._child.output is not None:
            poll.register(self._child.output, select.POLLIN)
        # Rounded up, or the last millisecond would be spent asking.
        left = math.ceil((end - time.monotonic()) * 1000)
        ready = dict(poll.poll(max(0, left)))
        self._child.take_log()
        return self._wire.fileno() in ready

    def _ended(self) -> NoReturn:
        how = self._child.ending()
        raise self._fault(f"QEMU ended {how}" if how else "QEMU has closed the UART")

    def _fault(self, what: str) -> GuestFault:
        self._child.take_log()
        return GuestFault(
            what,
            where=self._child.command_line(),
            found=self._log(),
            advice="what QEMU says names the cause; the command line can be run by hand, "
            "with -serial stdio in place of the chardev",
        )

    def _log(self) -> str:
        lines = (line for line in self._child.log().splitlines() if _NO_NETWORK not in line)
        return "\n".join(lines) or "(it said nothing)"

    def _check_open(self) -> None:
        if self._wire.fileno() < 0:
            raise ValueError("this board was closed")
