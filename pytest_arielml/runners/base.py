"""What every runner gives: a booted board, its byte stream, its counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_arielml.boards import Board
    from pytest_arielml.firmware import Image


@dataclass(frozen=True)
class Span:
    """What all finished calls of one function took together, callees included.

    `cycles` are estimated from the core's published timing table.
    """

    count: int
    instructions: int
    cycles: int


@dataclass(frozen=True)
class Counters:
    """Counts since power-on; they only rise.

    Attributes:
        spans: by symbol name, for every watched function, called or not:
            `arielml_load`, `arielml_call` and the model's dispatch functions.
        instructions: all instructions issued, predicated-off ones included.
        cycles: their cycles, estimated.
        cycles_from: where the estimate is from: the manual, or that there is none.
    """

    spans: Mapping[str, Span] = field(default_factory=dict)
    instructions: int = 0
    cycles: int = 0
    cycles_from: str = ""


class ByteStream(Protocol):
    """The bytes to and from the board's UART."""

    def write(self, data: bytes) -> None:
        """Sends all of `data`."""

    def read(self, timeout: float) -> bytes:
        """The bytes that came, at least one; `b""` after `timeout` seconds without any.

        Raises: GuestFault when the board can answer no more.
        """

    def close(self) -> None:
        """Ends the stream; a second call does nothing."""


class Machine(Protocol):
    """One booted board."""

    @property
    def stream(self) -> ByteStream:
        """The wire to the image."""

    def counters(self) -> Counters | None:
        """Exact counts up to now; `None` on hardware."""

    def close(self) -> None:
        """Stops the board and frees all of it; a second call does nothing."""


class Runner(Protocol):
    """A way to run images: an emulator, or hardware."""

    @property
    def name(self) -> str:
        """What target names begin with."""

    def boot(self, image: Image, board: Board, *, timeout: float) -> Machine:
        """Starts `image` on `board`, within `timeout` seconds.

        Raises: Unavailable when what the runner needs is not there,
        UsageError when it cannot run this board, GuestFault when the image
        does not start.
        """
