"""A real board that runs an image."""

from __future__ import annotations

from pytest_arielml.runners.serial.stream import SerialStream


class SerialMachine:
    """A board at a serial port, until the next image is put on it."""

    def __init__(self, stream: SerialStream) -> None:
        self._stream = stream
        self._displaced = False

    @property
    def stream(self) -> SerialStream:
        """The wire to the image."""
        return self._stream

    @property
    def displaced(self) -> bool:
        """Whether the next image has been booted here."""
        return self._displaced

    @property
    def instructions_per_second(self) -> None:
        """None: time is the device's own timer's."""
        return None

    def counters(self) -> None:
        """None: nothing counts instructions."""
        return

    def displace(self) -> None:
        """Lets go of the port for the next image."""
        self._displaced = True
        self.close()

    def close(self) -> None:
        """Lets go of the port; the board runs on. A second call does nothing."""
        self._stream.close()
