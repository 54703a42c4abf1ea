"""The runner: an image becomes a device in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_arielml.boards import Board
from pytest_arielml.runners.base import RunnerOptions
from pytest_arielml.runners.host.machine import HostMachine
from pytest_arielml.runners.host.native import load_native

if TYPE_CHECKING:
    from pytest_arielml.firmware import Image

NAME: Final = "host"


class HostRunner:
    """Makes devices, each on its own."""

    name = NAME

    def boot(self, image: Image, board: Board, *, timeout: float) -> HostMachine:
        """A device with `image`, which has greeted. Raises: Unavailable, CompileError."""
        return HostMachine(image, board, timeout=timeout)

    def close(self) -> None:
        """Does nothing: each machine is closed by whoever booted it."""


def create(options: RunnerOptions) -> HostRunner:
    """The runner. Raises: Unavailable when its library is missing."""
    available(options)
    return HostRunner()


def available(options: RunnerOptions, board: Board | None = None) -> str:  # noqa: ARG001
    """What would be used, in one line. Raises: Unavailable."""
    return str(load_native().path)
