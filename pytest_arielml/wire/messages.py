"""What the frames say: requests, replies, and what the device says unasked.

A body is one CBOR array. The host asks ``[id, op, arguments...]``; the device
answers ``[id, 0, results...]`` or ``[id, code, message, subject, value,
value, function, pc]``. With id 0 it speaks unasked: ``[0, kind, ...]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

PROTOCOL = 2
"""The version of the protocol spoken here."""

MAX_ID = 1 << 31


class Op(IntEnum):
    """What the host can ask for."""

    HELLO = 1
    LOAD = 2
    INPUT = 3
    WRITE = 4
    CALL = 5
    OUTPUT = 6
    READ = 7
    RELEASE = 8
    STATS = 9
    ECHO = 10
    RESET = 11
    CHECK = 12
    RECORD = 13
    RECORDS = 14


class Policy(IntEnum):
    """How work items go onto cores."""

    GREEDY = 0
    ROUND_ROBIN = 1


class Check(IntEnum):
    """What CHECK measures; docs/wire.md says what each gives."""

    LAYOUT = 1
    WALK = 2
    FLOAT = 3
    FLOAT_STATE = 4
    UNALIGNED = 5
    ATOMICS = 6
    SLEEP = 7
    OVERFLOW = 8
    SPIN = 9


class NoticeKind(IntEnum):
    """What the device says unasked."""

    GREETING = 1
    FAULT = 2
    BAD_FRAME = 3
    TRACE = 4


@dataclass(frozen=True)
class Success:
    """An answer: the results of request `id`."""

    id: int
    results: list[Any]


@dataclass(frozen=True)
class Failure:
    """An answer: why request `id` was not done.

    `code` is an IREE status; `values` belong to `message`; `function` and
    `pc` are a place in the module's bytecode, where it is known.
    """

    id: int
    code: int
    message: str
    subject: str
    values: tuple[int, int]
    function: int | None
    pc: int | None


@dataclass(frozen=True)
class Greeting:
    """What a device is. Sizes in bytes, clocks in hertz."""

    protocol: int
    runtime_version: str
    board: str
    image_id: bytes
    max_body: int
    cores: int
    clock_hz: int
    ticks_hz: int
    heap_capacity: int
    stack_size: int


@dataclass(frozen=True)
class Fault:
    """The program on the device faulted or panicked, and has stopped."""

    kind: str
    text: str
    pc: int
    lr: int


@dataclass(frozen=True)
class BadFrameNotice:
    """The device dropped a frame of ours."""

    reason: str


@dataclass(frozen=True)
class Traced:
    """A piece of a tensor of a traced module: its bytes from `offset` on."""

    key: str
    index: int
    element_type: int
    shape: tuple[int, ...]
    offset: int
    data: bytes


Message = Success | Failure | Greeting | Fault | BadFrameNotice | Traced


@dataclass(frozen=True)
class Export:
    """A function of the loaded module and its calling convention."""

    name: str
    convention: str


@dataclass(frozen=True)
class LoadReply:
    """What loading took. Sizes in bytes, `ticks` at the greeting's `ticks_hz`.

    `stack_peaks` has one entry a core that works.
    """

    ticks: int
    heap_used: int
    heap_peak: int
    stack_peaks: tuple[int, ...]
    exports: tuple[Export, ...]


@dataclass(frozen=True)
class CallReply:
    """What a call took. Sizes in bytes, `ticks` at the greeting's `ticks_hz`.

    It began when the device's clock showed `start`, which wraps.
    `stack_peaks` has one entry a core that works.
    """

    start: int
    ticks: int
    result_count: int
    heap_used: int
    heap_peak: int
    stack_peaks: tuple[int, ...]


@dataclass(frozen=True)
class OutputReply:
    """What an output is."""

    element_type: int
    shape: tuple[int, ...]
    byte_length: int


@dataclass(frozen=True)
class StatsReply:
    """Memory of the device in bytes, now and at most since boot; `heap_live` counts blocks."""

    heap_capacity: int
    heap_used: int
    heap_peak: int
    heap_live: int
    stack_size: int
    stack_peak: int


@dataclass(frozen=True)
class Record:
    """What one worker did of one dispatch.

    Attributes:
        place: how many dispatches came before it since RECORD.
        function: the number of its function among the model's.
        items: work items that this worker did.
        begin, end: ticks of the device, which wrap.
        heap: bytes of the arena in use.
        stack: bytes that the first core's stack had used at most by then, as far
            as is known; 0 of other workers.
    """

    place: int
    function: int
    items: int
    begin: int
    end: int
    heap: int
    stack: int


@dataclass(frozen=True)
class RecordsReply:
    """How many records of a worker there are and were dropped, and some of them."""

    kept: int
    dropped: int
    records: tuple[Record, ...]


@dataclass(frozen=True)
class CheckReply:
    """What a check measured, and when: `start` and `ticks` at the greeting's `ticks_hz`."""

    start: int
    ticks: int
    values: tuple[int, ...]
