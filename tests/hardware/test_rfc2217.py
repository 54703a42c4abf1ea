"""A board behind an RFC 2217 server, as terminal servers and labs offer it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import serial
from bridge import Bridge
from serial import rfc2217

from pytest_arielml.errors import GuestFault

# pyserial names and daemonizes its reader thread the old way.
pytestmark = pytest.mark.filterwarnings("ignore:set.*:DeprecationWarning:serial")


class Server:
    """Serves what a bridge serves, with the control of a serial port around it."""

    def __init__(self, board: Bridge) -> None:
        self._board = board
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._stop = threading.Event()
        self.pulled = threading.Event()
        self.baudrates: list[int] = []
        self.url = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._listener.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    self._carry(connection)

    def _carry(self, connection: socket.socket) -> None:
        connection.settimeout(0.002)
        with serial.serial_for_url(self._board.url, timeout=0) as link:
            # PortManager writes to it as to a file.
            manager = rfc2217.PortManager(link, _Writer(connection))
            while not self._stop.is_set() and not self.pulled.is_set():
                with suppress(TimeoutError):
                    data = connection.recv(4096)
                    if not data:
                        break
                    link.write(b"".join(manager.filter(data)))
                said = link.read(4096)
                if said:
                    connection.sendall(b"".join(manager.escape(said)))
            self.baudrates.append(link.baudrate)
        self.pulled.clear()


class _Writer:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


@pytest.fixture
def server(board: Bridge) -> Iterator[Server]:
    server = Server(board)
    yield server
    server.close()


def test_a_board_over_rfc2217(server, bench_for, lenet5_model, digit) -> None:
    bench = bench_for(server.url)
    lenet5 = bench.deploy(lenet5_model)
    result = lenet5.run(digit)
    result.assert_matches(lenet5.reference(digit))
    bench.close()
    server.close()
    # Unlike over raw TCP, the far end is told the rate.
    assert server.baudrates == [1_000_000]


def test_a_server_that_goes_is_told(server, bench_for, lenet5_model, digit) -> None:
    lenet5 = bench_for(server.url).deploy(lenet5_model)
    expected = lenet5.run(digit).output

    def run_for_long() -> None:
        for _ in range(50):
            lenet5.run(digit)

    server.pulled.set()
    with pytest.raises(GuestFault, match="connection to the board was lost"):
        run_for_long()
    assert (lenet5.run(digit).output == expected).all()
