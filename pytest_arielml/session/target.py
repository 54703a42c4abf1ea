"""Where to run: ``RUNNER-BOARD``, such as ``emu-nrf52840``, or ``host``, this machine."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from pytest_arielml.boards import HOST, Board, board_names, load_board
from pytest_arielml.errors import UsageError
from pytest_arielml.runners import runner_names, runs

SCHEDULERS = ("greedy", "round-robin", "sequential")


@dataclass(frozen=True)
class Target:
    """Where models run.

    Attributes:
        name: as users call it, `emu-nrf52840`.
        runner: its name, `emu`.
        board: what is emulated, or connected.
        cores: how many of its cores are used.
    """

    name: str
    runner: str
    board: Board
    cores: int

    @classmethod
    def parse(cls, name: str, *, cores: int | None = None) -> Target:
        """The target called `name`; for BOARD the path of a board's own TOML file will do.

        Raises: UsageError for a name that is not RUNNER-BOARD, an unknown
        runner or board (with the near names and all names), or more cores
        than the board has.
        """
        runner, _, board_name = name.partition("-")
        if board_name.endswith(".toml"):
            board = _own_board(name, runner, board_name)
        elif name in target_names():
            board = load_board(board_name or name)
        else:
            _check_together(name, runner, board_name)
            raise UsageError(
                f"unknown target {name!r}",
                expected="RUNNER-BOARD or host, one of: " + ", ".join(target_names()),
                advice=_nearest(name),
            )
        if cores is not None and not 1 <= cores <= len(board.cores):
            raise UsageError(
                f"{name} cannot run on {cores} cores",
                expected=f"1 to {len(board.cores)}, the cores of {board.name}",
                found=str(cores),
                advice="use fewer, or a board that has them: arielml boards",
            )
        return cls(name, runner, board, cores or len(board.cores))


def _check_together(name: str, runner: str, board: str) -> None:
    """Raises: UsageError when both are known, and this runner does not run this board."""
    if runner not in runner_names() or board not in board_names():
        return
    targets = [target for target in target_names() if target != HOST]
    raise UsageError(
        f"the runner {runner} does not run {board}",
        expected=", ".join(t for t in targets if t.partition("-")[2] == board),
        found=repr(name),
        advice=f"{runner} runs: "
        + (", ".join(t for t in targets if t.partition("-")[0] == runner) or "no board"),
    )


def _own_board(name: str, runner: str, path: str) -> Board:
    """A board of the user's own, which the runner must be able to run."""
    if runner not in runner_names():
        raise UsageError(
            f"unknown runner in target {name!r}",
            expected="RUNNER-PATH.toml, where RUNNER is one of: " + ", ".join(runner_names()),
            found=repr(runner),
            advice="name one of those: emu-path/to/board.toml",
        )
    board = load_board(Path(path).expanduser())
    if not runs(runner, board):
        raise UsageError(
            f"the runner {runner} cannot run {board.name}",
            where=path,
            expected=f"a table [{runner}] in its file",
            found="none",
            advice="see docs/boards.md",
        )
    return board


def target_names() -> tuple[str, ...]:
    """Every RUNNER-BOARD there is, and `host`, sorted."""
    boards = [load_board(name) for name in board_names()]
    names = (
        f"{runner}-{board.name}"
        for runner in runner_names()
        for board in boards
        if runs(runner, board)
    )
    return tuple(sorted((*names, HOST)))


def check_scheduler(name: str) -> str:
    """`name` when it is a scheduling policy. Raises: UsageError."""
    if name not in SCHEDULERS:
        raise UsageError(
            f"unknown scheduler {name!r}",
            expected="one of: " + ", ".join(SCHEDULERS),
            advice="leave it out for greedy",
        )
    return name


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, target_names(), n=3, cutoff=0.4)
    listing = "list the boards with: arielml boards"
    return f"did you mean {' or '.join(near)}? Or {listing}" if near else listing
