"""The two runtimes, with one way to ask both."""

from __future__ import annotations

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import iree.runtime as iree

#: IREE's names of status codes, as its Python binding has them in messages.
_CODES: Final = {
    "CANCELLED": 1, "UNKNOWN": 2, "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6, "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9, "ABORTED": 10, "OUT_OF_RANGE": 11, "UNIMPLEMENTED": 12,
    "INTERNAL": 13, "UNAVAILABLE": 14, "DATA_LOSS": 15, "UNAUTHENTICATED": 16, "DEFERRED": 17,
    "INCOMPATIBLE": 18,
}  # fmt: skip
_CODE: Final = re.compile(r"\b(" + "|".join(_CODES) + r")\b;? ?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Failed:
    """A call that ended with a status, and what was said."""

    code: int
    message: str


@dataclass(frozen=True)
class Reference:
    """A list that a call gave, as its runtime names it."""

    name: Any


#: i32, i64, f32, f64, the bytes of a buffer, or a list.
Value = int | float | bytes | Reference | None
Results = list[Value] | Failed


class Ours:
    """This project's runtime in a process of its own, on this machine."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Ours:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(10) == 0

    def load(self, module: Path) -> dict[str, str]:
        """Calling conventions of the exports, by name."""
        words = self._ask(f"load {module}")
        assert words[0] == "ok", words
        return dict(word.split(":", 1) for word in words[1:])

    def call(self, export: str, cconv: str, values: list[Value]) -> Results:
        """Results and then changed buffers of a call, or the status that it ended with."""
        letters = arguments(cconv)
        words = [_word(letter, value) for letter, value in zip(letters, values, strict=True)]
        answer = self._ask(" ".join(["call", export, *words]))
        if answer[0] == "error":
            return Failed(int(answer[1]), " ".join(answer[2:]))
        return [_value(word) for word in answer[1:]]

    def _ask(self, line: str) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"our runtime died of: {line}"
        return answer.rstrip("\n").split(" ")


class Theirs:
    """IREE's runtime, through its Python binding."""

    def __init__(self, module: Path) -> None:
        # It must live as long as what was made with it.
        self._instance = iree.VmInstance()
        self._module = iree.VmModule.copy_buffer(self._instance, module.read_bytes())
        self._context = iree.VmContext(self._instance, modules=[self._module])

    def call(self, export: str, cconv: str, values: list[Value]) -> Results:
        """Results and then changed buffers of a call, or the status that it ended with."""
        buffers = []
        given = iree.VmVariantList(len(values))
        for letter, value in zip(arguments(cconv), values, strict=True):
            match letter:
                case "i" | "I":
                    given.push_int(value)
                case "f" | "F":
                    given.push_float(value)
                case _ if isinstance(value, Reference):
                    given.push_ref(value.name)
                case _:
                    assert isinstance(value, bytes), "the Python binding has no null references"
                    buffers.append(_buffer(value))
                    given.push_ref(buffers[-1].ref)
        results = iree.VmVariantList(8)
        try:
            self._context.invoke(self._module.lookup_function(export), given, results)
        except (RuntimeError, ValueError, IndexError, KeyError, NotImplementedError) as error:
            found = _CODE.search(str(error))
            if found is None:
                raise
            return Failed(_CODES[found[1]], found[2].partition(";")[0])
        found_values = [_variant(results.get_variant(index)) for index in range(len(results))]
        return found_values + [bytes(memoryview(buffer)) for buffer in buffers]


def arguments(cconv: str) -> str:
    """Letters of the arguments of a calling convention such as `0iI_f`."""
    return cconv[1:].partition("_")[0].replace("v", "")


def _buffer(content: bytes) -> Any:
    buffer = iree.VmBuffer(len(content), 16, True)
    memoryview(buffer)[:] = content
    return buffer


def _variant(value: Any) -> Value:
    if not isinstance(value, iree.VmRef):
        assert value is None or isinstance(value, (int, float))
        return value
    if value.isinstance(iree.VmBuffer):
        return bytes(memoryview(value.deref(iree.VmBuffer)))
    return Reference(value)


def _word(letter: str, value: Value) -> str:
    """A value as our runtime is asked with it."""
    match letter, value:
        case (("i" | "I"), int()):
            return f"{letter}:{value}"
        case "f", float():
            return f"f:{struct.unpack('<I', struct.pack('<f', value))[0]:x}"
        case "F", float():
            return f"F:{struct.unpack('<Q', struct.pack('<d', value))[0]:x}"
        case "r", Reference():
            return str(value.name)
        case "r", bytes():
            return f"b:{value.hex()}"
        case _:
            assert value is None, (letter, value)
            return "null"


def _value(word: str) -> Value:
    """What our runtime answers with."""
    kind, _, text = word.partition(":")
    match kind:
        case "i" | "I":
            return int(text)
        case "f":
            return float(struct.unpack("<f", struct.pack("<I", int(text, 16)))[0])
        case "F":
            return float(struct.unpack("<d", struct.pack("<Q", int(text, 16)))[0])
        case "b":
            return bytes.fromhex(text)
        case "list":
            return Reference(word)
        case _:
            assert word == "null", word
            return None
