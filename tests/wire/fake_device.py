"""A small model of the device's end of the wire, and faults on the way to it.

The model knows two exports: ``main`` gives its inputs back, ``fail`` refuses.
Time passes only while the host waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cbor2

from pytest_arielml.wire.framing import MAX_BODY, BadFrame, FrameSplitter, encode_frame

IMAGE_ID = bytes(range(8))
GREETING = [2, "0.1.0", "fake", IMAGE_ID, MAX_BODY, 1, 64_000_000, 16_000_000, 65536, 16384]
WIDTH = 0xFF


class Refusal(Exception):
    """A request that the device answers with an error."""

    def __init__(self, code: int, message: str, subject: str = "", values: Any = (0, 0)) -> None:
        super().__init__(message)
        self.items = [code, message, subject, *values, None, None]


@dataclass
class Tensor:
    element_type: int
    dims: list[int]
    data: bytearray


@dataclass
class FakeDevice:
    """A `ByteStream` with a device at its end.

    `to_device` and `to_host` change what each frame becomes on its way; each
    gets the frame's number, counted from 0, and its bytes.
    """

    to_device: Callable[[int, bytes], bytes] = lambda _, frame: frame
    to_host: Callable[[int, bytes], bytes] = lambda _, frame: frame
    now: float = 0.0
    loads: int = 0
    calls: int = 0
    resets: int = 0
    heard: list[list[Any]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._splitter = FrameSplitter()
        self._out = bytearray()
        self._written = 0
        self._said = 0
        self._forget()

    def boot(self) -> None:
        """Starts anew and greets."""
        self._forget()
        self.say([0, 1, *GREETING])

    def say(self, items: list[Any]) -> None:
        """Sends one frame to the host."""
        self._out += self.to_host(self._said, encode_frame(cbor2.dumps(items)))
        self._said += 1

    def clock(self) -> float:
        return self.now

    def write(self, data: bytes) -> None:
        frame = self.to_device(self._written, data)
        self._written += 1
        for body in self._splitter.feed(frame):
            if isinstance(body, BadFrame):
                self.say([0, 3, body.reason])
            else:
                self._answer(cbor2.loads(body))

    def read(self, timeout: float) -> bytes:
        if not self._out:
            self.now += timeout
        data = bytes(self._out)
        self._out.clear()
        return data

    def close(self) -> None:
        self.closed = True

    def _forget(self) -> None:
        self._loaded = False
        self.employed = (0, 0)
        self._inputs: dict[int, Tensor] = {}
        self._outputs: list[Tensor] = []
        self._done: tuple[int, list[Any]] | None = None

    def _answer(self, request: list[Any]) -> None:
        self.heard.append(request)
        request_id, op, *arguments = request
        if self._done and self._done[0] == request_id:
            self.say(self._done[1])
            return
        try:
            reply = [request_id, 0, *_OPS[op](self, *arguments)]
        except Refusal as refusal:
            reply = [request_id, *refusal.items]
        if op in (2, 5):
            self._done = (request_id, reply)
        self.say(reply)
        if op == 11:
            self.resets += 1
            self.boot()

    def _hello(self) -> list[Any]:
        self._done = None
        return GREETING

    def _load(self, workers: int, policy: int) -> list[Any]:
        self.loads += 1
        self.employed = (workers, policy)
        self._loaded = True
        return [1000, 2000, 3000, [400] * workers, [["main", "0r_r"], ["fail", "0v_v"]]]

    def _input(self, index: int, element_type: int, dims: list[int]) -> list[Any]:
        bits = element_type & WIDTH
        for dim in dims:
            bits *= dim
        length = (bits + 7) // 8
        if length > GREETING[8]:
            raise Refusal(8, "arena full: bytes asked, bytes free", "", (length, GREETING[8]))
        self._inputs[index] = Tensor(element_type, dims, bytearray(length))
        return [length]

    def _write(self, index: int, offset: int, data: bytes) -> list[Any]:
        if index not in self._inputs:
            raise Refusal(9, "no tensor at this index", "", (index, 0))
        self._inputs[index].data[offset : offset + len(data)] = data
        return []

    def _call(self, export: str) -> list[Any]:
        if not self._loaded:
            raise Refusal(9, "no model is loaded")
        if export != "main":
            raise Refusal(13, "kernel failed", export, (3, 4))
        self.calls += 1
        self._outputs = [self._inputs[index] for index in sorted(self._inputs)]
        return [7000, 500, len(self._outputs), 2100, 3100, [500] * self.employed[0]]

    def _output(self, index: int) -> list[Any]:
        if index >= len(self._outputs):
            raise Refusal(9, "no tensor at this index", "", (index, 0))
        tensor = self._outputs[index]
        return [tensor.element_type, tensor.dims, len(tensor.data)]

    def _read(self, index: int, offset: int, length: int) -> list[Any]:
        if index >= len(self._outputs):
            raise Refusal(9, "no tensor at this index", "", (index, 0))
        return [bytes(self._outputs[index].data[offset : offset + length])]

    def _release(self) -> list[Any]:
        self._inputs = {}
        self._outputs = []
        return []

    def _stats(self) -> list[Any]:
        return [65536, 2000, 3000, 12, 16384, 900]

    def _echo(self, data: bytes) -> list[Any]:
        return [data]

    def _check(self, check: int, *arguments: int) -> list[Any]:
        if check == 99:
            raise Refusal(12, "no such check: check, its kind", "", (99, 0))
        return [700, 8, check, *arguments]

    def _reset(self) -> list[Any]:
        return []


_OPS: dict[int, Callable[..., list[Any]]] = {
    1: FakeDevice._hello,
    2: FakeDevice._load,
    3: FakeDevice._input,
    4: FakeDevice._write,
    5: FakeDevice._call,
    6: FakeDevice._output,
    7: FakeDevice._read,
    8: FakeDevice._release,
    9: FakeDevice._stats,
    10: FakeDevice._echo,
    11: FakeDevice._reset,
    12: FakeDevice._check,
}
