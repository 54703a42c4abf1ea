"""The runner: an image becomes a QEMU process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_arielml.boards import Board, board_names, load_board
from pytest_arielml.boards.board import Qemu
from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.runners.base import RunnerOptions
from pytest_arielml.runners.qemu.command import command_line
from pytest_arielml.runners.qemu.machine import QemuMachine
from pytest_arielml.runners.qemu.program import find_program

if TYPE_CHECKING:
    from pytest_arielml.firmware import Image

NAME: Final = "qemu"

_NANOSECONDS: Final = 10**9


class QemuRunner:
    """Boots each image in a QEMU of its own."""

    name = NAME

    def __init__(self, options: RunnerOptions) -> None:
        self._options = options

    def boot(self, image: Image, board: Board, *, timeout: float) -> QemuMachine:  # noqa: ARG002
        """A QEMU that has started; its first bytes come by its stream.

        What it cannot run ends it, which the first read says. Raises:
        Unavailable without a QEMU for the board, UsageError for a board that
        none has.
        """
        qemu = _description(board)
        program = find_program(qemu.system, self._options.qemu)
        elf = image.elf.absolute()
        return QemuMachine(
            lambda wire: command_line(program.path, qemu, elf, wire), _NANOSECONDS >> qemu.shift
        )

    def close(self) -> None:
        """Does nothing: each machine is closed by whoever booted it."""


def create(options: RunnerOptions) -> QemuRunner:
    """The runner; which program it needs depends on the board."""
    return QemuRunner(options)


def available(options: RunnerOptions, board: Board | None = None) -> str:
    """What would be used, for `board` or for all that QEMU has. Raises: Unavailable."""
    if board is not None:
        return str(find_program(_description(board).system, options.qemu))
    found: list[str] = []
    missing: list[Unavailable] = []
    for system in _systems():
        try:
            found.append(str(find_program(system, options.qemu)))
        except Unavailable as error:
            missing.append(error)
    if missing and not found:
        raise missing[0]
    return "; ".join([*found, *(error.what for error in missing)])


def _systems() -> list[str]:
    boards = map(load_board, board_names())
    return sorted({board.qemu.system for board in boards if board.qemu is not None})


def _description(board: Board) -> Qemu:
    if board.qemu is None:
        raise UsageError(
            f"QEMU does not have the board {board.name}",
            expected="a board with a table [qemu] in its file",
            advice="list the targets with: arielml boards",
        )
    return board.qemu
