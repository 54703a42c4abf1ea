"""The runner: an image becomes an emulated board."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_arielml.boards import Board
from pytest_arielml.runners.base import RunnerOptions
from pytest_arielml.runners.emu.engine import Interleaving
from pytest_arielml.runners.emu.machine import EmuMachine
from pytest_arielml.runners.emu.native import load_native, load_unicorn
from pytest_arielml.runners.emu.program import load_program
from pytest_arielml.runners.emu.waits import bus_of

if TYPE_CHECKING:
    from pytest_arielml.firmware import Image

NAME: Final = "emu"


class EmuRunner:
    """Boots images on board models in this process."""

    name = NAME

    def __init__(self, seed: int = 0, *, bus_model: bool = False) -> None:
        self._seed = seed
        self._bus_model = bus_model

    def boot(self, image: Image, board: Board, *, timeout: float) -> EmuMachine:  # noqa: ARG002
        """The board with `image` in its flash, at its reset state.

        Nothing runs until the stream is read, so `timeout` never passes here
        and a fault at start-up comes with the first read.

        Raises: Unavailable, UsageError.
        """
        program, turns = load_program(image.elf), Interleaving(self._seed)
        return EmuMachine(program, board, turns, bus_model=self._bus_model)

    def close(self) -> None:
        """Does nothing: each machine is closed by whoever booted it."""


def create(options: RunnerOptions) -> EmuRunner:
    """The runner. Raises: Unavailable when one of its libraries is missing."""
    available(options)
    return EmuRunner(options.seed, bus_model=options.bus_model)


def available(options: RunnerOptions, board: Board | None = None) -> str:
    """What would be used, in one line.

    Raises: Unavailable; UsageError when a bus model is asked for that `board` has not.
    """
    if options.bus_model and board is not None:
        bus_of(board)
    unicorn = load_unicorn()
    version = unicorn.uc_version(None, None)
    number = ".".join(str(version >> shift & 0xFF) for shift in (24, 16, 8))
    return f"Unicorn {number}, {load_native().path}"
