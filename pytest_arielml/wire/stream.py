"""What a client needs of a connection to a device."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class ByteStream(Protocol):
    """Bytes to and from a device: an emulator's UART, a socket, a serial port."""

    def write(self, data: bytes) -> None:
        """Sends all of `data`."""
        ...

    def read(self, timeout: float) -> bytes:
        """What has come in, at least one byte; ``b""`` when `timeout` seconds bring none."""
        ...

    def close(self) -> None:
        """Gives the connection up."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A connection that has something to say when the device falls silent."""

    def explain(self) -> str:
        """What is known of the program that runs the device: its command line, its log."""
        ...
