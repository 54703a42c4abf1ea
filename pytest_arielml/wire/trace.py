"""The last frames, for error messages."""

from __future__ import annotations

from collections import deque

from pytest_arielml.wire.framing import BadFrame

_KEPT = 8
_SHOWN_BYTES = 48


class Trace:
    """The last few frames either way, and what was no frame."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self.noisy = False
        """Whether something came since the last good frame that was no frame."""

    def sent(self, body: bytes) -> None:
        """Notes a body on its way to the device."""
        self._lines.append(f"-> {_shorten(body)}")

    def received(self, body: bytes) -> None:
        """Notes a body from the device."""
        self.noisy = False
        self._lines.append(f"<- {_shorten(body)}")

    def noise(self, frame: BadFrame) -> None:
        """Notes bytes from the device that are no frame."""
        self.noisy = True
        self._lines.append(f"<- ({frame.reason}) {_shorten(frame.raw)}")

    def show(self, pending: bytes = b"") -> str:
        """The last frames, oldest first; `pending` is what came of the next."""
        lines = list(self._lines)
        if pending:
            lines.append(f"<- (unfinished) {_shorten(pending)}")
        return "\n".join(["last frames:", *lines]) if lines else "nothing at all"


def _shorten(data: bytes) -> str:
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data[:_SHOWN_BYTES])
    more = "..." if len(data) > _SHOWN_BYTES else ""
    return f"{data[:_SHOWN_BYTES].hex()}{more} {text!r} ({len(data)} bytes)"
