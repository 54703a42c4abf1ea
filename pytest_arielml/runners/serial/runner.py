"""The runner: an image becomes a real board that runs it."""

from __future__ import annotations

import importlib.metadata
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_arielml.boards import Board, board_names, load_board
from pytest_arielml.errors import GuestFault, WireError
from pytest_arielml.runners.base import Place, RunnerOptions
from pytest_arielml.runners.serial.boot import Boot, Wanted
from pytest_arielml.runners.serial.flash import Flasher
from pytest_arielml.runners.serial.lock import BoardLock, take_one
from pytest_arielml.runners.serial.machine import SerialMachine
from pytest_arielml.runners.serial.port import Port, board_ports, candidates, named_port

if TYPE_CHECKING:
    from pytest_arielml.firmware import Image

_log = logging.getLogger(__name__)
NAME: Final = "serial"
_ATTEMPTS: Final = 2


@dataclass
class _Seat:
    """A board that this process has, and what runs on it."""

    lock: BoardLock
    machine: SerialMachine | None = None
    flashed: bytes | None = None
    """Identity of the image that it was seen to run last."""


class SerialRunner:
    """Boots images on boards at serial ports.

    A board that it has booted once stays its own until `close`.
    """

    name = NAME

    def __init__(self, options: RunnerOptions) -> None:
        self._options = options
        self._places: dict[str, Place] = {}
        self._ports: dict[str, Port] = {}
        self._seats: dict[str, _Seat] = {}

    def boot(self, image: Image, board: Board, *, timeout: float) -> SerialMachine:
        """The board with `image` on it, flashed unless it is there already, and reset.

        Raises: Unavailable when no board is found or free, or it cannot be
        flashed; UsageError, DeviceError, GuestFault, WireError as `Boot.run`.
        """
        end = time.monotonic() + timeout
        place = self._place(board)
        seat = self._seat(board, place, timeout)
        if seat.machine is not None:
            seat.machine.displace()
            seat.machine = None
        baud = self._options.baud or board.uart.baud
        wanted = Wanted(image.elf, image.identity)
        for attempt in range(1, _ATTEMPTS + 1):
            left = max(end - time.monotonic(), 1.0)
            boot = Boot(board, seat.lock.port, baud, place=place, timeout=left)
            try:
                stream = boot.run(wanted, is_flashed=seat.flashed == wanted.identity)
            except (GuestFault, WireError) as error:
                if attempt == _ATTEMPTS or time.monotonic() >= end:
                    raise
                _log.warning("booting %s once more after: %s", board.name, error.what)
            else:
                seat.flashed = wanted.identity
                seat.machine = SerialMachine(stream)
                break
        assert seat.machine is not None
        return seat.machine

    def close(self) -> None:
        """Lets go of every board; a second call does nothing."""
        while self._seats:
            _, seat = self._seats.popitem()
            if seat.machine is not None:
                seat.machine.close()
            seat.lock.free()
        self._ports.clear()
        while self._places:
            self._places.popitem()[1].close()

    def _place(self, board: Board) -> Place | None:
        if self._options.place is None:
            return None
        if board.name not in self._places:
            self._places[board.name] = self._options.place(board)
        return self._places[board.name]

    def _seat(self, board: Board, place: Place | None, timeout: float) -> _Seat:
        port = self._ports.get(board.name)
        if port is None:
            if place is not None:
                choice = [named_port(self._options.port or place.port())]
            else:
                choice = candidates(board, self._options.port, several=self._options.one_of_several)
            for known in choice:
                if known.key in self._seats:
                    port = self._seats[known.key].lock.port
                    break
            else:
                lock = take_one(choice, timeout=timeout)
                port = lock.port
                self._seats[port.key] = _Seat(lock)
            self._ports[board.name] = port
        return self._seats[port.key]


def create(options: RunnerOptions) -> SerialRunner:
    """The runner."""
    return SerialRunner(options)


def available(options: RunnerOptions, board: Board | None = None) -> str:
    """What would be used, in one line. Raises: Unavailable, UsageError."""
    if board is None:
        found = [
            f"{name} at {port.url}"
            for name in board_names()
            for port in board_ports(load_board(name))
        ]
        version = importlib.metadata.version("pyserial")
        return f"pyserial {version}, " + (", ".join(found) or "no known board connected")
    if options.place is not None and options.port is None:
        return f"{board.name} at a place of the lab"
    ports = candidates(board, options.port, several=options.one_of_several)
    tool = Flasher(board).tool or "no flash tool"
    return f"{' or '.join(map(str, ports))}, {tool}"
