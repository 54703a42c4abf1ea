"""The byte stream of an open serial port."""

from __future__ import annotations

import select
import time
from contextlib import suppress
from typing import Any, Final

import serial

from pytest_arielml.errors import GuestFault

try:
    from termios import error as _termios_error
except ImportError:  # Windows
    _LOST: tuple[type[Exception], ...] = (OSError,)
else:
    # It is no OSError, and a port that went away may raise it anywhere.
    _LOST = (OSError, _termios_error)

_NO_LINES: tuple[type[Exception], ...] = (*_LOST, NotImplementedError)
_CHUNK: Final = 65536
_PULSE: Final = 0.1


class LinkLost(GuestFault):
    """The port went away, or stopped taking bytes."""


class SerialStream:
    """Bytes to and from a board over an open port."""

    def __init__(self, link: Any, name: str) -> None:
        """A stream that owns `link`, a pyserial port whose timeout is set; `name` for messages."""
        self._link = link
        self._name = name
        self._unread = b""
        self._open = True
        # With a timeout of 0 reads return at once, and waiting is ours.
        self._selects = link.timeout == 0

    def write(self, data: bytes) -> None:
        """Sends all of `data`. Raises: LinkLost when the port is gone or takes no bytes."""
        self._check_open()
        try:
            self._link.write(data)
        except serial.SerialTimeoutException:
            raise LinkLost(
                "the port takes no more bytes",
                where=self._name,
                advice="check that the board has power and that flow control is off",
            ) from None
        except _LOST as error:
            raise self._lost(error) from None

    def read(self, timeout: float) -> bytes:
        """The bytes that came, at least one; `b""` after `timeout` seconds without any.

        Raises: LinkLost when the port is gone.
        """
        self._check_open()
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        try:
            return self._select(timeout) if self._selects else self._poll(timeout)
        except _LOST as error:
            raise self._lost(error) from None

    def unread(self, data: bytes) -> None:
        """Puts `data` in front of what is read next."""
        self._unread = data + self._unread

    def pulse_reset(self) -> bool:
        """Moves DTR and RTS as the boards that are reset by them need it.

        Whether the port has them. On boards that do not connect them to
        their reset nothing happens.
        """
        try:
            self._link.dtr, self._link.rts = False, True
            time.sleep(_PULSE)
            self._link.rts = False
            time.sleep(_PULSE)
            self._link.dtr, self._link.rts = True, True
        except _NO_LINES:
            return False
        return True

    def close(self) -> None:
        """Ends the stream and frees the port; a second call does nothing."""
        if self._open:
            self._open = False
            with suppress(*_LOST):
                self._link.close()

    def _select(self, timeout: float) -> bytes:
        ready, _, _ = select.select([self._link], [], [], timeout)
        return bytes(self._link.read(_CHUNK)) if ready else b""

    def _poll(self, timeout: float) -> bytes:
        end = time.monotonic() + timeout
        while not (data := self._link.read(1) if timeout > 0 or self._link.in_waiting else b""):
            if time.monotonic() >= end:
                return b""
        return bytes(data + self._link.read(self._link.in_waiting))

    def _lost(self, error: Exception) -> LinkLost:
        return LinkLost(
            "the connection to the board was lost",
            where=self._name,
            found=str(error),
            advice="check the cable and the board's power; the next call connects again",
        )

    def _check_open(self) -> None:
        if not self._open:
            raise ValueError("this board was closed")
