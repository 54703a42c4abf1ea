"""The host's end of the wire: asks a device, one request at a time."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from pytest_arielml.errors import DeviceError, GuestFault, Refused, WireError
from pytest_arielml.wire import codec, status
from pytest_arielml.wire.elements import (
    dense_length,
    element_name,
    element_type,
    is_integer,
    is_signless,
    numpy_dtype,
    pack,
    unpack,
)
from pytest_arielml.wire.framing import MAX_BODY, BadFrame, FrameSplitter, encode_frame
from pytest_arielml.wire.messages import (
    MAX_ID,
    BadFrameNotice,
    CallReply,
    Check,
    CheckReply,
    Failure,
    Fault,
    Greeting,
    LoadReply,
    Message,
    Op,
    Policy,
    RecordsReply,
    StatsReply,
    Success,
    Traced,
)
from pytest_arielml.wire.stream import ByteStream, Explaining
from pytest_arielml.wire.tensors import Tensor, Tensors
from pytest_arielml.wire.trace import Trace

Array = npt.NDArray[np.generic]

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0
_MOST_BAD_FRAMES = 16

# While these run the device does not listen, so asking again is in vain.
_SLOW = (Op.LOAD, Op.CALL, Op.CHECK)

# These ask nothing of what was there before a restart.
_AFRESH = (Op.HELLO, Op.LOAD, Op.STATS, Op.ECHO, Op.RESET)

# Sentences of the agent that, after a LOAD or an INPUT, tell of a restart.
_NOT_LOADED = "no model is loaded"
_NO_TENSOR = "no tensor at this index"

# What a WRITE or a READ has in its body beside the bytes, at most: array
# head, id, op, index, offset, and the bytes' own head.
_AROUND_BYTES = 1 + 5 + 1 + 1 + 5 + 3


class Client:
    """Talks to the agent on a device over any stream of bytes.

    Lost and garbled frames are sent again; a request that must not run twice
    keeps its id, by which the device knows it. Each operation ends within
    `timeout` seconds, with its result or with an error that shows the last
    frames.

    Every method raises Refused when the device does not do it, GuestFault when
    the program on it faults, restarts or falls silent, and WireError when
    what it sends is not the protocol's.
    """

    def __init__(
        self,
        stream: ByteStream,
        *,
        timeout: float = 60.0,
        first_id: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        texts: codec.Texts = codec.number_only,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._texts = texts
        self._timeout = timeout
        self._splitter = FrameSplitter()
        self._messages: deque[Message] = deque()
        self._trace = Trace()
        self._tensors = Tensors()
        self._greeting: Greeting | None = None
        self._sent = b""
        self._loaded = False
        self._results = range(0)
        # A random start: what another host left unread in a buffer on the
        # way then does not pass for an answer.
        self._last_id = _random_id() if first_id is None else first_id - 1

    @property
    def greeting(self) -> Greeting:
        """What the device is; asks it if it was not heard yet."""
        return self._greeting or self.hello()

    @property
    def last_id(self) -> int:
        """The id of the last request."""
        return self._last_id

    def wait_for_greeting(self, timeout: float | None = None, *, ask: bool = False) -> Greeting:
        """What the device says when it has booted.

        A device that booted before anyone listened is asked, with `ask` at
        once. Noise from before its start is passed over.
        """
        limit = self._timeout if timeout is None else timeout
        end = self._clock() + limit
        wait = 0.0 if ask else _FIRST_WAIT
        asked: list[int] = []
        while True:
            for message in self._receive(min(end, self._clock() + wait)):
                match message:
                    case Greeting():
                        return self._greeted(message)
                    case Success(id=request_id, results=results) if request_id in asked:
                        return self._greeted(codec.parse_greeting(results))
                    case Fault():
                        raise self._fault(message, "the device faulted while it booted")
                    case _:
                        pass
            if self._clock() >= end:
                raise self._silence("the device did not greet", limit)
            asked.append(self._next_id())
            self._send(codec.encode_request(asked[-1], Op.HELLO))
            wait = min(2 * wait, _LONGEST_WAIT) or _FIRST_WAIT

    def hello(self) -> Greeting:
        """What the device is."""
        return self._greeted(codec.parse_greeting(self._ask(Op.HELLO)))

    def load(self, workers: int = 1, policy: Policy = Policy.GREEDY) -> LoadReply:
        """Loads the module and runs its initialiser; a second time, anew.

        From then on `workers` cores share the work of calls as `policy` says.
        """
        return codec.parse_load(self._ask(Op.LOAD, workers, int(policy)))

    def set_input(self, index: int, array: Array) -> None:
        """Puts `array` on the device as input `index` (0 to 15).

        Raises: InputError for a dtype that does not travel.
        """
        number = element_type(array.dtype)
        shape = list(array.shape)
        data = pack(array)
        length = codec.parse_length(self._ask(Op.INPUT, index, number, shape))
        if length != len(data):
            raise WireError(
                f"the device made room for another input {index} than was asked for",
                expected=f"{len(data)} bytes for {array.dtype} {shape}",
                found=f"{length} bytes",
            )
        chunk = self._chunk()
        for offset in range(0, len(data), chunk):
            piece = data[offset : offset + chunk]
            codec.parse_nothing(Op.WRITE, self._ask(Op.WRITE, index, offset, piece))

    def call(self, export: str, timeout: float | None = None) -> CallReply:
        """Calls `export` with the inputs from 0 up to the first that is not set."""
        self._results = range(0)
        reply = codec.parse_call(self._ask(Op.CALL, export, timeout=timeout))
        self._results = range(reply.result_count)
        return reply

    def traced(self) -> tuple[Tensor, ...]:
        """What a traced module sent during the last LOAD or CALL, in its order."""
        return self._tensors.all()

    def output(self, index: int, dtype: npt.DTypeLike | None = None) -> Array:
        """Result `index` of the last call.

        Compiled modules leave the sign of integers open; `dtype` says what
        they are where they are not signed.
        """
        found = codec.parse_output(self._ask(Op.OUTPUT, index))
        kind = numpy_dtype(found.element_type)
        if dtype is not None and is_signless(found.element_type):
            wanted = np.dtype(dtype)
            number = element_type(wanted)
            if is_integer(number) and number & 0xFF == found.element_type & 0xFF:
                kind = wanted
        needed = dense_length(kind, math.prod(found.shape))
        if found.byte_length < needed:
            raise WireError(
                f"output {index} is shorter than its shape",
                expected=f"{needed} bytes for {element_name(found.element_type)} {found.shape}",
                found=f"{found.byte_length} bytes",
            )
        data = bytearray()
        while len(data) < needed:
            length = min(self._chunk(), needed - len(data))
            piece = codec.parse_bytes(Op.READ, self._ask(Op.READ, index, len(data), length))
            if len(piece) != length:
                raise WireError(
                    f"the device sent another part of output {index} than was asked for",
                    expected=f"{length} bytes",
                    found=f"{len(piece)} bytes",
                )
            data += piece
        return unpack(bytes(data), kind, found.shape)

    def stats(self) -> StatsReply:
        """Memory of the device, now and at most since boot."""
        return codec.parse_stats(self._ask(Op.STATS))

    def echo(self, data: bytes) -> bytes:
        """`data`, there and back: at most what one frame holds, about 1,000 bytes."""
        return codec.parse_bytes(Op.ECHO, self._ask(Op.ECHO, data))

    def check(self, check: Check, *arguments: int, timeout: float | None = None) -> CheckReply:
        """What one of the device's checks of itself measured.

        Raises: Refused where the image has none, which are all but those of
        `link_bringup`.
        """
        try:
            results = self._ask(Op.CHECK, int(check), *arguments, timeout=timeout)
        except Refused as refused:
            if "unknown op" in refused.message:
                refused.advice = (
                    "this image was linked for a model: link_bringup makes one that checks"
                )
            raise
        return codec.parse_check(results)

    def record(self) -> None:
        """Forgets what was recorded, and records the dispatches from now on.

        Raises: Refused where the image cannot, which was not linked for it.
        """
        codec.parse_record(self._ask(Op.RECORD))

    def records(self, worker: int) -> RecordsReply:
        """What was recorded of a worker since the last `record`."""
        found = codec.parse_records(self._ask(Op.RECORDS, worker, 0))
        records = list(found.records)
        while len(records) < found.kept:
            more = codec.parse_records(self._ask(Op.RECORDS, worker, len(records)))
            if not more.records:
                raise WireError(
                    f"the device has fewer records of worker {worker} than it says",
                    expected=str(found.kept),
                    found=str(len(records)),
                )
            records += more.records
        return RecordsReply(found.kept, found.dropped, tuple(records))

    def release(self) -> None:
        """Drops inputs and outputs."""
        self._results = range(0)
        codec.parse_nothing(Op.RELEASE, self._ask(Op.RELEASE))

    def reset(self) -> Greeting:
        """Reboots the device and waits for its greeting."""
        if self._exchange(Op.RESET, (), self._timeout, restarts=True) is not None:
            self._greeting = None
            return self.wait_for_greeting()
        return self.greeting

    def _chunk(self) -> int:
        return max(1, min(self.greeting.max_body, MAX_BODY) - _AROUND_BYTES)

    def _ask(self, op: Op, *arguments: object, timeout: float | None = None) -> list[object]:
        results = self._exchange(op, arguments, self._timeout if timeout is None else timeout)
        assert results is not None
        return results

    def _exchange(
        self,
        op: Op,
        arguments: tuple[object, ...],
        timeout: float,
        *,
        restarts: bool = False,
    ) -> list[object] | None:
        """Asks, and asks again until there is an answer: its results.

        With `restarts` a greeting counts as one, and gives None.
        """
        end = self._clock() + timeout
        self._hear_out(op)
        if op in _SLOW:
            self._tensors = Tensors()
        request_id = self._next_id()
        body = codec.encode_request(request_id, op, *arguments)
        wait = _LONGEST_WAIT if op in _SLOW else _FIRST_WAIT
        refused = 0
        while True:
            self._send(body)
            for message in self._receive(min(end, self._clock() + wait), hurry=True):
                match message:
                    case Success(id=answered, results=results) if answered == request_id:
                        self._loaded |= op is Op.LOAD
                        return results
                    case Traced():
                        self._tensors.add(message)
                    case Failure(id=answered) if answered == request_id:
                        if self._forgot(op, arguments, message):
                            self._loaded = False
                            raise GuestFault(
                                f"the device restarted before {op.name}, and its greeting was lost",
                                found=self._seen(),
                            )
                        raise self._refusal(op, message)
                    case Fault():
                        raise self._fault(message, f"the device faulted during {op.name}")
                    case Greeting():
                        self._greeted(message)
                        if restarts:
                            return None
                        raise GuestFault(
                            f"the device restarted during {op.name}", found=self._seen()
                        )
                    case BadFrameNotice(reason=reason):
                        refused += 1
                        if refused > _MOST_BAD_FRAMES:
                            raise WireError(
                                f"the device cannot read our frames: {reason}",
                                found=self._seen(),
                                advice="check baud rate and cabling",
                            )
                        break
                    case _:
                        pass
            else:
                wait = min(2 * wait, _LONGEST_WAIT)
            if self._clock() >= end:
                raise self._silence(f"no answer to {op.name}", timeout)

    def _hear_out(self, op: Op) -> None:
        """What came since the last answer: late answers, a fault, or a greeting after a restart."""
        for message in self._receive(0.0):
            match message:
                case Fault():
                    raise self._fault(message, f"the device faulted before {op.name}")
                case Greeting():
                    self._greeted(message)
                    if op not in _AFRESH:
                        raise GuestFault(
                            f"the device restarted before {op.name}", found=self._seen()
                        )
                case _:
                    pass

    def _send(self, body: bytes) -> None:
        self._trace.sent(body)
        self._sent = body
        self._stream.write(encode_frame(body))

    def _receive(self, end: float, *, hurry: bool = False) -> Iterator[Message]:
        """Messages until the clock shows `end`; what is no message is noted only.

        With `hurry` it ends soon after such: a reply may have been lost in it.
        """
        looked = False
        while True:
            # What has come and no more, or a device that babbles would keep us here.
            while self._messages:
                yield self._messages.popleft()
            if end <= self._clock() and looked:
                return
            looked = True
            left = end - self._clock()
            data = self._stream.read(max(left, 0.0))
            for body in self._splitter.feed(data):
                if not self._take(body) and hurry:
                    end = min(end, self._clock() + _FIRST_WAIT)

    def _take(self, body: bytes | BadFrame) -> bool:
        """Queues the message that `body` is; whether it is one."""
        if isinstance(body, BadFrame):
            self._trace.noise(body)
            return False
        self._trace.received(body)
        if body == self._sent:
            raise WireError(
                "what is sent to the port comes back from it",
                found=self._seen(),
                advice="check that a board is there, that TX goes to RX, and that nothing echoes",
            )
        self._messages.append(codec.decode_message(body, self._texts))
        return True

    def _greeted(self, greeting: Greeting) -> Greeting:
        self._greeting = greeting
        self._loaded = False
        return greeting

    def _next_id(self) -> int:
        self._last_id = self._last_id % MAX_ID + 1
        return self._last_id

    def _forgot(self, op: Op, arguments: tuple[object, ...], failure: Failure) -> bool:
        """Whether the device no longer has what it was given: it restarted unheard."""
        if not self._loaded:
            return False
        if failure.message == _NO_TENSOR:
            # What is written to was made before, and what is read was found.
            return op in (Op.WRITE, Op.READ) or (op is Op.OUTPUT and arguments[0] in self._results)
        return failure.message == _NOT_LOADED

    def _refusal(self, op: Op, failure: Failure) -> Refused:
        return Refused(
            f"{op.name} failed on the device: {status.sentence(failure)}",
            status=status.code_name(failure),
            message=failure.message,
            where=status.place(failure),
            advice=status.advice(failure),
        )

    def _fault(self, fault: Fault, what: str) -> GuestFault:
        return GuestFault(
            f"{what}: {fault.kind}: {fault.text}",
            where=f"pc {fault.pc:#010x}, lr {fault.lr:#010x}",
            found=self._seen(),
        )

    def _seen(self, pending: bytes = b"") -> str:
        """The last frames, and what the device's own program says."""
        frames = self._trace.show(pending)
        stream = self._stream
        return f"{frames}\n{stream.explain()}" if isinstance(stream, Explaining) else frames

    def _silence(self, what: str, timeout: float) -> DeviceError:
        found = self._seen(self._splitter.pending)
        if self._trace.noisy or self._splitter.pending:
            return WireError(
                f"{what} within {timeout:g} s, and part of what came is no frame",
                expected="frames with a right CRC",
                found=found,
                advice="check baud rate and cabling, and that nothing else writes to this UART",
            )
        return GuestFault(
            f"{what} within {timeout:g} s",
            found=found,
            advice="give it longer with --arielml-timeout if it may still be busy",
        )


def _random_id() -> int:
    """Somewhere in the lower half of the ids, so that they rise for long."""
    return int.from_bytes(os.urandom(4), "little") >> 2
