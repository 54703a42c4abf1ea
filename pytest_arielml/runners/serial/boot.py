"""Brings one image up on one board: listens, flashes if it must, resets."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_arielml.boards import Board
from pytest_arielml.errors import (
    ArielError,
    DeviceError,
    GuestFault,
    Unavailable,
    UsageError,
    WireError,
)
from pytest_arielml.runners.base import Place
from pytest_arielml.runners.serial.flash import Flasher
from pytest_arielml.runners.serial.port import Port, open_port
from pytest_arielml.runners.serial.stream import LinkLost, SerialStream
from pytest_arielml.wire import Client, Greeting, encode_greeting
from pytest_arielml.wire.framing import encode_frame

#: Seconds that a board has to answer, and to greet after a reset.
PATIENCE: Final = 3.0
#: Seconds that a port has to come back after flashing.
_RETURN: Final = 5.0
_RETRY: Final = 0.2


@dataclass(frozen=True)
class Wanted:
    """The image to run: its file, and how it names itself."""

    elf: Path
    identity: bytes


class Boot:
    """One boot of one board."""

    def __init__(
        self, board: Board, port: Port, baud: int, *, place: Place | None, timeout: float
    ) -> None:
        self._board = board
        self._port = port
        self._baud = baud
        self._place = place
        self._flasher = Flasher(board)
        self._end = time.monotonic() + timeout

    def run(self, wanted: Wanted, *, is_flashed: bool) -> SerialStream:
        """The stream of the board with `wanted` on it, just reset.

        Args:
            wanted: the image.
            is_flashed: whether it is in flash for sure, though the board may be silent.

        Raises: Unavailable when the port or what it takes to flash is not
        there, UsageError when another board is at the port, DeviceError when
        flashing fails, GuestFault or WireError when the board does not come up.
        """
        stream = self._open()
        try:
            greeting, silence = self._listen(stream)
            if greeting is None:
                stream = self._wake(stream, wanted, by_tool=is_flashed)
                greeting, silence = self._listen(stream)
            self._check_board(greeting)
            if greeting is None or greeting.image_id != wanted.identity:
                stream.close()
                how = self._flash(wanted, greeting, silence)
                stream = self._reopen()
                greeting = self._started(stream, wanted, how)
            else:
                greeting = self._client(stream).reset()
        except BaseException:
            stream.close()
            raise
        # Whoever talks to the board next need not ask again.
        stream.unread(encode_frame(encode_greeting(greeting)))
        return stream

    @property
    def _left(self) -> float:
        return max(self._end - time.monotonic(), _RETRY)

    def _client(self, stream: SerialStream) -> Client:
        return Client(stream, timeout=min(self._left, 2 * PATIENCE))

    def _open(self) -> SerialStream:
        return SerialStream(open_port(self._port, self._baud), self._port.url)

    def _reopen(self) -> SerialStream:
        """Opens the port, which may be away for a moment after a flash."""
        end = time.monotonic() + min(_RETURN, self._left)
        while True:
            try:
                return self._open()
            except Unavailable:
                if time.monotonic() >= end:
                    raise
            time.sleep(_RETRY)

    def _listen(self, stream: SerialStream) -> tuple[Greeting | None, ArielError | None]:
        """What the board says that it is, or why that is not known."""
        try:
            return self._client(stream).wait_for_greeting(min(PATIENCE, self._left), ask=True), None
        except LinkLost:
            raise
        except (GuestFault, WireError) as error:
            return None, error

    def _wake(self, stream: SerialStream, wanted: Wanted, *, by_tool: bool) -> SerialStream:
        """Resets a silent board from outside, as far as that is possible."""
        if self._place is not None and self._place.reset():
            return stream
        if by_tool and not self._port.is_far:
            stream.close()
            with suppress(DeviceError):
                self._flasher.reset(wanted.elf, self._port, self._left)
            return self._reopen()
        stream.pulse_reset()
        return stream

    def _check_board(self, greeting: Greeting | None) -> None:
        names = (self._board.name, self._board.support)
        if greeting is not None and greeting.board not in names:
            raise UsageError(
                f"another board than {self._board.name} answers",
                where=str(self._port),
                expected=self._board.name,
                found=greeting.board,
                advice="name its port with --arielml-port (arielml run: --port)",
            )

    def _flash(self, wanted: Wanted, greeting: Greeting | None, silence: ArielError | None) -> str:
        """Flashes the image; with what."""
        if self._place is not None:
            how = self._place.flash(wanted.elf)
            if how is not None:
                return how
        # A tool would find, if anything, another board at a probe of this machine.
        if self._port.is_far or self._flasher.tool is None:
            raise self._no_tool(wanted, greeting, silence)
        return self._flasher.flash(wanted.elf, self._port, self._left)

    def _no_tool(
        self, wanted: Wanted, greeting: Greeting | None, silence: ArielError | None
    ) -> Unavailable:
        image = f"image {wanted.identity.hex()}, {wanted.elf}"
        if self._port.is_far:
            way = "it is at another machine"
            advice = "flash that file there and run again, or let labgrid do it (--lg-env)"
        else:
            way = "no tool to flash it is installed"
            advice = f"{self._flasher.advice}; or flash that file by other means and run again"
        if greeting is not None:
            found = f"image {greeting.image_id.hex()}"
            what = f"the {self._board.name} has another image, and {way}"
        else:
            found = str(silence)
            does = "sends what cannot be read" if isinstance(silence, WireError) else "is silent"
            what = f"the {self._board.name} {does}, and {way}"
        return Unavailable(
            what,
            where=str(self._port),
            expected=image,
            found=found,
            advice=advice,
        )

    def _started(self, stream: SerialStream, wanted: Wanted, how: str) -> Greeting:
        """The greeting of the image that was just flashed."""
        greeting, silence = self._listen(stream)
        if greeting is None and (self._place is None or not self._place.reset()):
            stream.pulse_reset()
        elif greeting is not None and greeting.image_id != wanted.identity:
            # Not every tool restarts the board.
            greeting = self._client(stream).reset()
        if greeting is None:
            greeting, silence = self._listen(stream)
        if greeting is None:
            raise GuestFault(
                f"the {self._board.name} does not greet after it was flashed with {how}",
                where=str(self._port),
                found=str(silence),
                advice="check the wiring of the UART, or reset the board by hand and run again",
            )
        if greeting.image_id != wanted.identity:
            raise DeviceError(
                f"{how} succeeded, and the {self._board.name} still runs another image",
                where=str(self._port),
                expected=wanted.identity.hex(),
                found=greeting.image_id.hex(),
                advice="check that probe and serial port are of the same board",
            )
        return greeting
