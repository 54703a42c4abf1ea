"""Frames: a zero byte, COBS of the body and its CRC-32 (little endian), a zero byte.

A zero on the wire always ends a frame, so a reader that lost its place finds
it again at the next one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from cobs import cobs

MAX_BODY = 1024
"""Bytes of a body at most, either way."""

_CRC_LENGTH = 4
_MAX_ENCODED = MAX_BODY + _CRC_LENGTH + (MAX_BODY + _CRC_LENGTH) // 254 + 1


@dataclass(frozen=True)
class BadFrame:
    """Bytes between two zeros that are no frame, and why."""

    reason: str
    raw: bytes


def encode_frame(body: bytes) -> bytes:
    """The frame that carries `body`.

    Raises: ValueError when `body` is longer than `MAX_BODY` bytes.
    """
    if len(body) > MAX_BODY:
        raise ValueError(f"a body of {len(body)} bytes; at most {MAX_BODY} fit in a frame")
    crc = zlib.crc32(body).to_bytes(_CRC_LENGTH, "little")
    encoded: bytes = cobs.encode(body + crc)
    return b"\0" + encoded + b"\0"


def decode_frame(raw: bytes) -> bytes | BadFrame:
    """The body of the frame whose bytes between the zeros are `raw`."""
    if len(raw) > _MAX_ENCODED:
        return BadFrame("frame too long", raw)
    try:
        decoded: bytes = cobs.decode(raw)
    except cobs.DecodeError:
        return BadFrame("frame cut short", raw)
    body, crc = decoded[:-_CRC_LENGTH], decoded[-_CRC_LENGTH:]
    if int.from_bytes(crc, "little") != zlib.crc32(body) or len(crc) < _CRC_LENGTH:
        return BadFrame("bad CRC", raw)
    if len(body) > MAX_BODY:
        return BadFrame("frame too long", raw)
    return body


class FrameSplitter:
    """Finds frames in bytes as they come.

    It holds at most one frame's worth of bytes; of a longer run without a
    zero it keeps the beginning.
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def pending(self) -> bytes:
        """What came after the last zero."""
        return bytes(self._pending)

    def feed(self, data: bytes) -> Iterator[bytes | BadFrame]:
        """The bodies of the frames that `data` completes, and what was no frame."""
        *ended, rest = data.split(b"\0")
        for part in ended:
            self._extend(part)
            raw = bytes(self._pending)
            self._pending.clear()
            if raw:
                yield decode_frame(raw)
        self._extend(rest)

    def _extend(self, part: bytes) -> None:
        # One byte more than fits, so that it is seen to be too long.
        self._pending += part[: _MAX_ENCODED + 1 - len(self._pending)]
