"""What a device's refusal says, in words."""

from __future__ import annotations

from pytest_arielml.wire.messages import Failure

# IREE's status codes (`iree/base/status.h`).
_CODES = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
    16: "UNAUTHENTICATED",
    17: "DEFERRED",
    18: "INCOMPATIBLE",
}


def code_name(failure: Failure) -> str:
    """IREE's name of the code."""
    return _CODES.get(failure.code, f"status {failure.code}")


def sentence(failure: Failure) -> str:
    """Code, message, subject and values: ``NOT_FOUND: no such import (hal.x)``.

    A message that has values ends with what they are, after a colon: ``arena
    full: bytes asked, bytes free`` becomes ``arena full: bytes asked 512, bytes
    free 96``.
    """
    code = code_name(failure)
    subject = f" ({failure.subject})" if failure.subject else ""
    if failure.values == (0, 0):
        return f"{code}: {failure.message}{subject}"
    what, _, names = failure.message.rpartition(": ")
    labels = names.split(", ")
    if not what or len(labels) > len(failure.values):
        first, second = failure.values
        return f"{code}: {failure.message}{subject} [{first}, {second}]"
    labelled = (f"{label} {value}" for label, value in zip(labels, failure.values, strict=False))
    return f"{code}: {what}{subject}: {', '.join(labelled)}"


def place(failure: Failure) -> str | None:
    """Where in the module's bytecode, when the device knows."""
    if failure.function is None or failure.pc is None:
        return None
    return f"function {failure.function} of the module, bytecode offset {failure.pc:#x}"


def advice(failure: Failure) -> str | None:
    """What to do about it, where the code alone tells."""
    match _CODES.get(failure.code):
        case "RESOURCE_EXHAUSTED":
            return "the model needs more RAM than the board has: a smaller model or a larger board"
        case "INCOMPATIBLE":
            return "compile the model with the release of IREE that pytest-arielml pins"
        case _:
            return None
