"""Serial ports: which one a board is at, and opening it."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from pytest_arielml.boards import Board
from pytest_arielml.errors import ArielError, Unavailable, UsageError

#: A read that waits in pyserial looks up this often, in seconds. It is set
#: before a port is opened: some ports are configured anew when it changes.
POLL: Final = 0.05
_WRITE_TIMEOUT: Final = 10.0
_NETWORK: Final = ("socket", "rfc2217")
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")
_OPTION: Final = "--arielml-port (arielml run: --port)"


@dataclass(frozen=True)
class Port:
    """Where a board is.

    Attributes:
        url: what pyserial opens.
        usb: vendor and product id of the USB device that it is of, if any.
        serial_number: of that device.
        product: what it calls itself.
    """

    url: str
    usb: tuple[int, int] | None = None
    serial_number: str | None = None
    product: str | None = None

    @property
    def key(self) -> str:
        """The same for every name of the same board."""
        if self.usb and self.serial_number:
            return f"usb-{self.usb[0]:04x}-{self.usb[1]:04x}-{self.serial_number}"
        return str(Path(self.url).resolve()) if "://" not in self.url else self.url

    @property
    def is_far(self) -> bool:
        """Whether it is at another machine, where tools of this one reach no probe."""
        parts = urlsplit(self.url)
        return parts.scheme in _NETWORK and parts.hostname not in _THIS_MACHINE

    def __str__(self) -> str:
        notes = [note for note in (self.product, self._ids) if note]
        if self.serial_number:
            notes.append(f"serial number {self.serial_number}")
        return self.url + (f" ({', '.join(notes)})" if notes else "")

    @property
    def _ids(self) -> str | None:
        return f"{self.usb[0]:04x}:{self.usb[1]:04x}" if self.usb else None


def known_ports() -> list[Port]:
    """Every serial port of this machine."""
    return sorted(map(_port, list_ports.comports()), key=lambda port: port.url)


def named_port(url: str) -> Port:
    """The port that the user names, with what the machine knows of it."""
    if "://" in url:
        return Port(url)
    real = str(Path(url).resolve())
    for port in known_ports():
        if port.url in (url, real):
            return Port(url, port.usb, port.serial_number, port.product)
    return Port(url)


def board_ports(board: Board) -> list[Port]:
    """The first port of each connected USB device that may be `board`, the likeliest first."""
    wanted = board.serial.usb if board.serial else ()
    found: dict[str, Port] = {}
    ports = known_ports()
    for ids in wanted:
        for port in ports:
            if port.usb == ids:
                found.setdefault(port.key, port)
    return list(found.values())


def candidates(board: Board, named: str | None, *, several: bool = False) -> list[Port]:
    """Where `board` may be: one port, or with `several` any number.

    Raises: Unavailable when there is none, UsageError when it is not clear which.
    """
    if named is not None:
        return [named_port(named)]
    found = board_ports(board)
    if not found:
        ids = ", ".join(f"{vendor:04x}:{product:04x}" for vendor, product in _usb(board))
        raise Unavailable(
            f"no {board.name} is connected",
            expected=f"a serial port of USB device {ids}" if ids else "a port that is named",
            found=listing(known_ports()),
            advice=f"connect the board, or name its port with {_OPTION}",
        )
    if len(found) > 1 and not several:
        raise UsageError(
            f"several connected boards may be the {board.name}",
            found=listing(found),
            advice=f"name one with {_OPTION}",
        )
    return found


def listing(ports: list[Port]) -> str:
    """The ports, one a line."""
    return "\n".join(map(str, ports)) or "no serial port at all"


def open_port(port: Port, baud: int) -> Any:
    """The port, open, and nobody else's where the system can see to that.

    Raises: Unavailable or UsageError that says what is wrong with it.
    """
    try:
        link = serial.serial_for_url(port.url, do_not_open=True)
        link.baudrate = baud
        if _waits_itself(link):
            link.timeout = POLL
        else:
            link.timeout = 0
            link.write_timeout = _WRITE_TIMEOUT
        if type(link).__module__ in ("serial.serialposix", "serial.serialwin32"):
            link.exclusive = True
        link.open()
    except (ValueError, ImportError, OSError) as error:
        raise _not_opened(port, baud, error) from None
    return link


def _waits_itself(link: Any) -> bool:
    """Whether waiting is left to pyserial: there is nothing to select on."""
    return os.name != "posix" or type(link).__module__ not in (
        "serial.serialposix",
        "serial.urlhandler.protocol_socket",
    )


def _not_opened(port: Port, baud: int, error: Exception) -> ArielError:
    text = str(error)
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return Unavailable(
            f"there is no port {port.url}",
            found=listing(known_ports()),
            advice=f"connect the board, or name another port with {_OPTION}",
        )
    if number in (errno.EACCES, errno.EPERM):
        return Unavailable(
            f"no permission to open {port.url}",
            found=text,
            advice="join the group that owns it, on most systems dialout "
            "(sudo usermod -aG dialout $USER), and log in again",
        )
    if number == errno.EBUSY or "exclusively lock" in text:
        return Unavailable(
            f"another program has {port.url} open",
            found=text,
            advice=f"end it (a terminal, a monitor, another test run); lsof {port.url} names it",
        )
    if isinstance(error, serial.SerialException) and "://" in port.url:
        return Unavailable(
            f"{port.url} cannot be reached",
            found=text,
            advice="start what serves it, or check host and port",
        )
    return UsageError(
        f"{port.url} cannot be opened at {baud} bits a second",
        expected="a serial port, or a URL that pyserial knows: socket://HOST:PORT, "
        "rfc2217://HOST:PORT, spy://PORT",
        found=text,
        advice=f"correct {_OPTION}",
    )


def _usb(board: Board) -> tuple[tuple[int, int], ...]:
    return board.serial.usb if board.serial else ()


def _port(info: Any) -> Port:
    usb = (info.vid, info.pid) if info.vid is not None and info.pid is not None else None
    return Port(info.device, usb, info.serial_number or None, info.product or None)
