"""A board with the image that checks it, and the wire to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pytest_arielml.boards import Board
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import ArielError, GuestFault
from pytest_arielml.firmware import Image, link_bringup
from pytest_arielml.runners import Counters, Machine, Runner
from pytest_arielml.runners.base import ByteStream
from pytest_arielml.wire import Check, CheckReply, Client, Greeting


@dataclass
class CountedStream:
    """A stream that counts what goes over it: each write is one frame."""

    stream: ByteStream
    frames_sent: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    def write(self, data: bytes) -> None:
        """Sends all of `data`."""
        self.frames_sent += 1
        self.bytes_sent += len(data)
        self.stream.write(data)

    def read(self, timeout: float) -> bytes:
        """The bytes that came."""
        data = self.stream.read(timeout)
        self.bytes_received += len(data)
        return data

    def close(self) -> None:
        """Ends the stream."""
        self.stream.close()


class Bench:
    """One board, booted when first asked and again after it has faulted.

    Attributes:
        board: as its description has it.
        image: the agent and the checks, linked for that description.
        greeting: what the board said when it booted last.
    """

    def __init__(
        self,
        board: Board,
        runner: Runner,
        cache: Cache,
        *,
        timeout: float,
        wrap: Callable[[ByteStream], ByteStream] = lambda stream: stream,
        actual: Board | None = None,
    ) -> None:
        """Links; nothing boots yet.

        Args:
            board: what is checked.
            runner: where it runs.
            cache: of images.
            timeout: seconds for a boot or a request.
            wrap: what lies between the runner's stream and the client.
            actual: the board that is run, where it is another than the image is for.
        """
        self.board = board
        self.image: Image = link_bringup(board, cache=cache)
        self._runner = runner
        self._timeout = timeout
        self._wrap = wrap
        self._actual = actual or board
        self._up: tuple[Machine, Client, CountedStream, Greeting] | None = None

    def boot(self) -> Greeting:
        """Boots afresh; the greeting. Raises: GuestFault, WireError, as the board does."""
        self.close()
        machine = self._runner.boot(self.image, self._actual, timeout=self._timeout)
        try:
            stream = CountedStream(self._wrap(machine.stream))
            client = Client(stream, timeout=self._timeout, texts=self.image.texts)
            greeting = client.wait_for_greeting()
        except BaseException:
            with suppress(ArielError):
                machine.close()
            raise
        self._up = (machine, client, stream, greeting)
        return greeting

    def check(self, check: Check, *arguments: int, timeout: float | None = None) -> CheckReply:
        """What a check measured. Raises: as `Client.check`; after a fault the board is down."""
        try:
            return self.client.check(check, *arguments, timeout=timeout)
        except GuestFault:
            self.close()
            raise

    @property
    def greeting(self) -> Greeting:
        """What the board said when it booted last."""
        return self._booted()[3]

    @property
    def client(self) -> Client:
        """The wire to the board, which is up."""
        return self._booted()[1]

    @property
    def traffic(self) -> CountedStream:
        """What has gone over that wire since the boot."""
        return self._booted()[2]

    @property
    def instructions_per_second(self) -> int | None:
        """As `Machine.instructions_per_second`."""
        return self._booted()[0].instructions_per_second

    def counters(self) -> Counters | None:
        """As `Machine.counters`."""
        return self._booted()[0].counters()

    def close(self) -> None:
        """Stops the board; a second time does nothing."""
        up, self._up = self._up, None
        if up is not None:
            up[0].close()

    def _booted(self) -> tuple[Machine, Client, CountedStream, Greeting]:
        if self._up is None or self._up[0].displaced:
            self.boot()
        assert self._up is not None
        return self._up
