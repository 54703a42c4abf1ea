"""The host's end of MLPerf Tiny's protocol, from what the runner's documents say of it.

Commands end in `%`. The answers are lines, ended by CR and LF, up to `m-ready`; the next
command is sent after it. Input goes in commands of 31 bytes. `m-lap-us-N` is a time in
microseconds, `m-results-[...]` holds numbers with a point, `e-[...]` says what is wrong.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from pytest_arielml.runners.base import ByteStream

READY = "m-ready"
PIECE = 31


@dataclass(frozen=True)
class Inference:
    microseconds: int
    results: list[float]


class Refused(Exception):
    """The device answered `e-[...]`."""


class Runner:
    """Drives one device, over the stream of a booted board."""

    def __init__(self, stream: ByteStream, timeout: float = 60.0) -> None:
        self._stream = stream
        self._timeout = timeout
        self._received = b""
        self.greeting = self._answer()

    def say(self, data: bytes) -> None:
        self._stream.write(data)

    def ask(self, command: str, until: str = READY) -> list[str]:
        """The lines of the answer, up to the first that begins with `until`. Raises: Refused."""
        self.say(command.encode() + b"%")
        lines = self._answer(until)
        for line in lines:
            if line.startswith("e-"):
                raise Refused(line)
        return lines

    def name(self) -> str:
        return self._bracketed(self.ask("name"), "m-name-dut-")

    def profile(self) -> tuple[str, str]:
        """What the device speaks, and its model."""
        lines = self.ask("profile")
        return self._bracketed(lines, "m-profile-"), self._bracketed(lines, "m-model-")

    def load(self, data: bytes) -> None:
        assert self.ask(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        said = []
        for start in range(0, len(data), PIECE):
            said += self.ask(f"db {data[start : start + PIECE].hex()}")
        assert said == ["m-load-done"]

    def infer(self, times: int, warmups: int) -> Inference:
        lines = self.ask(f"infer {times} {warmups}")
        laps = [int(found[1]) for line in lines if (found := re.fullmatch(r"m-lap-us-(\d+)", line))]
        begin, end = laps
        return Inference(end - begin, self._results(lines))

    def results(self) -> list[float]:
        return self._results(self.ask("results"))

    def _results(self, lines: list[str]) -> list[float]:
        return [float(value) for value in self._bracketed(lines, "m-results-").split(",")]

    def _bracketed(self, lines: list[str], before: str) -> str:
        form = re.compile(re.escape(before) + r"\[([^]]+)\]")
        (found,) = (match[1] for line in lines if (match := form.fullmatch(line)))
        return found

    def _answer(self, until: str = READY) -> list[str]:
        lines = []
        deadline = time.monotonic() + self._timeout
        while (line := self._line(deadline)) != READY:
            lines.append(line)
            if line.startswith(until):
                break
        return lines

    def _line(self, deadline: float) -> str:
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            assert left > 0, f"no {READY}; so far {self._received!r}"
            self._received += self._stream.read(left)
        line, _, self._received = self._received.partition(b"\n")
        return line.decode().strip("\r\n\0")
