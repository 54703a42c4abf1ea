"""An emulated board behind a TCP port or a pseudo-terminal, over a wire with faults.

It stands for hardware: it runs on while nobody is connected, it can be
flashed, and it resets when it is told to. Run as a program, it serves an image
until its input ends, and says on its output where.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pytest_arielml.boards import load_board
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import load_program

Change = Callable[[bytes], bytes]


def unchanged(data: bytes) -> bytes:
    return data


@dataclass
class Wire:
    """What becomes of the bytes each way, and when the cable is pulled."""

    to_board: Change = unchanged
    to_host: Change = unchanged
    #: Pulls the cable when it is true after some bytes went to the host.
    pulled: Callable[[], bool] = field(default=lambda: False)


class Bridge:
    """One board: its UART at `url`, and a control port that flashes it."""

    def __init__(self, elf: Path | None, board: str = "nrf52840", *, pty: bool = False) -> None:
        self._board = load_board(board)
        self._elf = elf
        self._machine: EmuMachine | None = None
        self.wire = Wire()
        self.boots = 0
        self.connections = 0
        self._stop = threading.Event()
        self._orders: list[str] = []
        self._awake = True
        self._control = _listen()
        self._server: socket.socket | None = None
        self._master = -1
        if pty:
            self._master, self._slave = os.openpty()
            tty.setraw(self._slave)
            self.url = os.ttyname(self._slave)
        else:
            self._server = _listen()
            self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self.control = self._control.getsockname()[1]
        self._boot()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reset(self) -> None:
        """Presses the reset button; seen before more bytes go either way."""
        self._orders.append("reset")

    def unplug(self) -> None:
        """Pulls the cable."""
        self._orders.append("unplug")

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._control.close()
        if self._server is not None:
            self._server.close()
        else:
            with suppress(OSError):
                os.close(self._slave)
            os.close(self._master)
        if self._machine is not None:
            self._machine.close()

    def _boot(self) -> None:
        if self._machine is not None:
            self._machine.close()
        self._machine = None
        if self._elf is not None:
            self._machine = EmuMachine(load_program(self._elf), self._board)
            self.boots += 1

    def _serve(self) -> None:
        client: socket.socket | None = None
        while not self._stop.is_set():
            waiting = [self._control, *([self._server] if self._server else [])]
            waiting += [client] if client else []
            waiting += [self._master] if self._server is None else []  # type: ignore[list-item]
            ready, _, _ = select.select(waiting, [], [], 0.0 if self._busy else 0.002)
            if self._control in ready:
                self._obey()
            orders, self._orders = self._orders, []
            if "reset" in orders:
                self._boot()
            if client and ("unplug" in orders):
                client.close()
                client = None
            elif client and client in ready:
                data = b""
                with suppress(OSError):
                    data = client.recv(4096)
                if data:
                    self._to_board(data)
                else:
                    client.close()
                    client = None
            if self._server and self._server in ready:
                newcomer, _ = self._server.accept()
                if client is None:
                    client = newcomer
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.connections += 1
                else:
                    newcomer.close()
            if self._server is None and self._master in ready:
                self._to_board(os.read(self._master, 4096))
            said = self.wire.to_host(self._run())
            if said and self._server is None:
                os.write(self._master, said)
            elif said and client:
                with suppress(OSError):
                    client.sendall(said)
            if client and self.wire.pulled():
                client.close()
                client = None
        if client:
            client.close()

    @property
    def _busy(self) -> bool:
        return self._machine is not None and self._awake

    def _to_board(self, data: bytes) -> None:
        data = self.wire.to_board(data)
        if self._machine is not None and data:
            self._machine.write(data)

    def _run(self) -> bytes:
        """Lets the board run for a moment; what it says."""
        if self._machine is None:
            return b""
        try:
            self._awake = self._machine.advance(seconds=0.01)
        except GuestFault:
            # It hangs in its fault handler, as hardware does.
            self._awake = False
        said: bytes = self._machine._engine.receive()
        return said

    def _obey(self) -> None:
        connection, _ = self._control.accept()
        with connection:
            connection.settimeout(5)
            order, _, argument = connection.makefile().readline().strip().partition(" ")
            if order == "flash":
                self._elf = Path(argument)
            self._boot()
            connection.sendall(b"done\n")


def _listen() -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


if __name__ == "__main__":
    image = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with Bridge(image) as served:
        print(served.url, served.control, flush=True)  # noqa: T201
        sys.stdin.read()
        print(served.boots, served.connections, flush=True)  # noqa: T201
