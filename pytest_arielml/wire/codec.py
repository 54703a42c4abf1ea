"""Messages to bytes, and bytes to messages: each is checked before anybody believes it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import astuple, fields
from typing import Any

import cbor2

from pytest_arielml.errors import WireError
from pytest_arielml.wire.messages import (
    MAX_ID,
    PROTOCOL,
    BadFrameNotice,
    CallReply,
    CheckReply,
    Export,
    Failure,
    Fault,
    Greeting,
    LoadReply,
    Message,
    NoticeKind,
    Op,
    OutputReply,
    Record,
    RecordsReply,
    StatsReply,
    Success,
    Traced,
)


def encode_request(request_id: int, op: Op, *arguments: object) -> bytes:
    """The body that asks for `op`."""
    return cbor2.dumps([request_id, int(op), *arguments])


#: The sentence that begins at a place in the image's `.arielml.texts`.
Texts = Callable[[int], str]


def number_only(start: int) -> str:
    """What stands for a sentence where no image is at hand to look it up."""
    return f"error {start:#x}"


def decode_message(body: bytes, texts: Texts = number_only) -> Message:
    """What the device says in `body`.

    Args:
        body: of a frame.
        texts: gives the sentence of an error that the device sent as a number.

    Raises: WireError when it is none of the protocol's messages.
    """
    items = _decode_array(body)
    match items:
        case [0, NoticeKind.GREETING, *rest]:
            return parse_greeting(rest)
        case [0, NoticeKind.FAULT, str(kind), str(text), int(pc), int(lr)]:
            return Fault(kind, text, pc, lr)
        case [0, NoticeKind.BAD_FRAME, str(reason)]:
            return BadFrameNotice(reason)
        case [0, NoticeKind.TRACE, *rest]:
            return _parse_traced(rest)
        case [int(request_id), 0, *results] if 0 < request_id <= MAX_ID:
            return Success(request_id, results)
        case [
            int(request_id),
            int(code),
            str() | int() as message,
            str(subject),
            int(first),
            int(second),
            int() | None as function,
            int() | None as pc,
        ] if 0 < request_id <= MAX_ID:
            said = texts(message) if isinstance(message, int) else message
            return Failure(request_id, code, said, subject, (first, second), function, pc)
        case _:
            raise WireError(
                "the device sent a message that is not the protocol's", found=_show(items)
            )


def encode_greeting(greeting: Greeting) -> bytes:
    """The body by which a device greets."""
    return cbor2.dumps([0, int(NoticeKind.GREETING), *astuple(greeting)])


def parse_greeting(results: Sequence[Any]) -> Greeting:
    """A greeting's, or HELLO's, results.

    Raises: WireError; also for another version of the protocol.
    """
    if results and isinstance(results[0], int) and results[0] != PROTOCOL:
        raise WireError(
            "the device speaks another version of the protocol",
            expected=str(PROTOCOL),
            found=str(results[0]),
            advice="link and flash the image with the pytest-arielml that runs the tests",
        )
    _check("a greeting", results, int, str, str, bytes, int, int, int, int, int, int)
    return Greeting(*results)


def _parse_traced(results: Sequence[Any]) -> Traced:
    match results:
        case [key, index, element_type, [*dims], offset, data]:
            _check(
                "a traced tensor",
                [key, index, element_type, offset, data, *dims],
                *(str, int, int, int, bytes),
                *[int] * len(dims),
            )
            return Traced(key, index, element_type, tuple(dims), offset, data)
        case _:
            raise WireError("a traced tensor is not one", found=_show(results))


def parse_load(results: Sequence[Any]) -> LoadReply:
    """LOAD's results. Raises: WireError."""
    match results:
        case [*numbers, [*stacks], [*exports]]:
            _check("a reply to LOAD", [*numbers, *stacks], *[int] * (3 + max(1, len(stacks))))
            ticks, used, heap = numbers
            return LoadReply(ticks, used, heap, tuple(stacks), tuple(map(_export, exports)))
        case _:
            raise WireError("a reply to LOAD is not one", found=_show(results))


def parse_call(results: Sequence[Any]) -> CallReply:
    """CALL's results. Raises: WireError."""
    match results:
        case [*numbers, [*stacks]]:
            _check("a reply to CALL", [*numbers, *stacks], *[int] * (5 + max(1, len(stacks))))
            start, ticks, count, used, heap = numbers
            return CallReply(start, ticks, count, used, heap, tuple(stacks))
        case _:
            raise WireError("a reply to CALL is not one", found=_show(results))


def parse_output(results: Sequence[Any]) -> OutputReply:
    """OUTPUT's results. Raises: WireError."""
    match results:
        case [element_type, [*dims], length]:
            _check("a reply to OUTPUT", [element_type, length, *dims], *[int] * (2 + len(dims)))
            return OutputReply(element_type, tuple(dims), length)
        case _:
            raise WireError("a reply to OUTPUT is not one", found=_show(results))


def parse_stats(results: Sequence[Any]) -> StatsReply:
    """STATS' results. Raises: WireError."""
    _check("a reply to STATS", results, int, int, int, int, int, int)
    return StatsReply(*results)


def parse_record(results: Sequence[Any]) -> tuple[int, int]:
    """RECORD's results: workers, and records that each has room for. Raises: WireError."""
    _check("a reply to RECORD", results, int, int)
    return results[0], results[1]


def parse_records(results: Sequence[Any]) -> RecordsReply:
    """RECORDS' results. Raises: WireError."""
    width = len(fields(Record))
    count = max(0, len(results) - 2) // width
    _check("a reply to RECORDS", results, *[int] * (2 + count * width))
    kept, dropped, *rest = results
    records = (Record(*rest[at : at + width]) for at in range(0, len(rest), width))
    return RecordsReply(kept, dropped, tuple(records))


def parse_check(results: Sequence[Any]) -> CheckReply:
    """CHECK's results. Raises: WireError."""
    _check("a reply to CHECK", results, *[int] * max(2, len(results)))
    return CheckReply(results[0], results[1], tuple(results[2:]))


def parse_bytes(op: Op, results: Sequence[Any]) -> bytes:
    """The results of an op that gives bytes. Raises: WireError."""
    match results:
        case [bytes(data)]:
            return data
        case _:
            raise WireError(f"a reply to {op.name} is not one", found=_show(results))


def parse_length(results: Sequence[Any]) -> int:
    """INPUT's result. Raises: WireError."""
    _check("a reply to INPUT", results, int)
    return int(results[0])


def parse_nothing(op: Op, results: Sequence[Any]) -> None:
    """The results of an op that gives none. Raises: WireError."""
    _check(f"a reply to {op.name}", results)


def _export(item: object) -> Export:
    match item:
        case [str(name), str(convention)]:
            return Export(name, convention)
        case _:
            raise WireError("a reply to LOAD lists what is no export", found=_show(item))


def _decode_array(body: bytes) -> list[Any]:
    stream = io.BytesIO(body)
    try:
        items = cbor2.load(stream)
    except (cbor2.CBORError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise WireError("the device sent a body that is not CBOR", found=f"{error}") from error
    if not isinstance(items, list) or stream.read(1):
        raise WireError("the device sent a body that is not one array", found=_show(items))
    return items


def _check(what: str, results: Sequence[Any], *types: type) -> None:
    if len(results) != len(types) or not all(map(_is, results, types)):
        expected = ", ".join(kind.__name__ for kind in types) or "no result"
        raise WireError(f"{what} is not one", expected=expected, found=_show(results))


def _is(value: object, kind: type) -> bool:
    """As `isinstance`, but a bool is no int, and no number is negative."""
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, kind)


def _show(items: object) -> str:
    text = repr(items)
    return text if len(text) <= 200 else text[:200] + "..."
