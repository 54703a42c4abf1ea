"""Keywords of bringup.robot: Renode's process, and the board's end of the wire."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.renode.find import find_program
from pytest_arielml.runners.renode.process import RenodeProcess, free_ports, quoted
from pytest_arielml.wire import Client

_TIMEOUT = 60.0
_CHUNK = 64 * 1024


class bringup:  # noqa: N801
    """One Renode, and one board in it."""

    ROBOT_LIBRARY_SCOPE = "SUITE"

    def __init__(self) -> None:
        self._renode = ExitStack()
        self._wire = ExitStack()
        self._client: Client | None = None

    def start_renode(self, port: str | None = None) -> int:
        """The port of its robot server; `port` is that of one that runs already."""
        if port is not None:
            return int(port)
        process = RenodeProcess(find_program(None), timeout=_TIMEOUT)
        self._renode.callback(process.close)
        return process.port

    def end_renode(self) -> None:
        """Ends the Renode that was started here."""
        self._wire.close()
        self._renode.close()

    def monitor_path(self, path: str) -> str:
        """A path as Renode's monitor takes it."""
        return f"@{quoted(Path(path).resolve(strict=True))}"

    def free_port(self) -> int:
        """A port that nobody listens on."""
        return free_ports(1)[0]

    def connect_to_the_uart(self, port: int) -> None:
        """Connects to the socket of the UART."""
        wire = socket.create_connection(("127.0.0.1", int(port)), timeout=_TIMEOUT)
        self._wire.callback(wire.close)
        self._client = Client(_Stream(wire), timeout=_TIMEOUT)

    def leave_the_uart(self) -> None:
        """Ends that connection."""
        self._wire.close()
        self._client = None

    def board_should_greet(self) -> str:
        """Waits for the greeting; the board's name in it."""
        return self._connected.wait_for_greeting().board

    def load_the_module(self) -> list[str]:
        """Lets the device verify and start its module; the names of its functions."""
        return [export.name for export in self._connected.load().exports]

    def reset_the_board(self) -> None:
        """Asks the device to start anew."""
        self._connected.reset()

    @property
    def _connected(self) -> Client:
        if self._client is None:
            raise AssertionError("the UART is not connected")
        return self._client


class _Stream:
    """A socket as the client takes it."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire

    def write(self, data: bytes) -> None:
        self._wire.sendall(data)

    def read(self, timeout: float) -> bytes:
        self._wire.settimeout(max(timeout, 0.001))
        try:
            data = self._wire.recv(_CHUNK)
        except TimeoutError:
            return b""
        if not data:
            raise GuestFault("Renode has closed the UART")
        return data

    def close(self) -> None:
        self._wire.close()
