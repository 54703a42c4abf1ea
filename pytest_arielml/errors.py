"""The errors a user meets: what, where, expected, found, and what to do next."""

from __future__ import annotations

from typing import ClassVar


class ArielError(Exception):
    """A problem that a sentence explains; shown without a traceback of ours.

    The parts are kept apart so that a report can lay them out; `str` joins
    those that are given, one to a line. `advice` says what to do next: each
    error has one, its own or its class's `next_step`.
    """

    next_step: ClassVar[str | None] = None

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        advice: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.found = found
        self.advice = advice or self.next_step
        super().__init__(what)

    def __str__(self) -> str:
        parts = [self.what]
        for label, text in (
            ("where", self.where),
            ("expected", self.expected),
            ("found", self.found),
            ("next", self.advice),
        ):
            if text is not None:
                parts.append(f"  {label + ':':<10}{_indented(text)}")
        return "\n".join(parts)


def _indented(text: str) -> str:
    return text.replace("\n", "\n" + " " * 12)


class UsageError(ArielError):
    """An option, an argument or a configuration file is not usable."""


class ModelError(ArielError):
    """A model file cannot be read, or asks for what is not supported."""


class CompileError(ArielError):
    """iree-compile or the linker refused."""


class DoesNotFit(ArielError):
    """A model needs more memory than the board has."""


class InputError(ArielError):
    """Inputs of a call differ from the model's signature."""


class DeviceError(ArielError):
    """The device answered with an error."""


class Refused(DeviceError):
    """The device is up and did not do what it was asked, such as a call that failed.

    Attributes:
        status: IREE's name of the code, such as `FAILED_PRECONDITION`.
        message: the module's own text, or the runtime's.
    """

    next_step = "mend what it refuses: the values that it was given, or the model"

    def __init__(
        self,
        what: str,
        *,
        status: str,
        message: str,
        where: str | None = None,
        advice: str | None = None,
    ) -> None:
        self.status = status
        self.message = message
        super().__init__(what, where=where, advice=advice)


class GuestFault(DeviceError):
    """The program on the device faulted, hung or went silent."""

    next_step = (
        "run it on another target: what fails on all of them is a defect of the runtime or of "
        "compiled code, to be reported with the model; else look at this board, its power and file"
    )


class WireError(DeviceError):
    """Bytes on the wire are not the protocol's."""

    next_step = (
        "flash the image again, and see that nothing else uses the port; of an emulated board it "
        "is a defect of pytest-arielml, to be reported with this text"
    )


class Unavailable(ArielError):
    """A runner's program or a file is not there; `advice` says how to get it."""
