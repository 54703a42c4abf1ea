"""`arielml boards`: what can be targeted."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape

from pytest_arielml.boards import HOST, board_names, load_board
from pytest_arielml.cli.parsers import add_command
from pytest_arielml.errors import ArielError
from pytest_arielml.runners import check_available, runner_names, runs

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_MARK: Final = "*"


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "boards",
        "list the boards and the targets they give",
        description="A target is RUNNER-BOARD, such as emu-nrf52840; * marks those whose runner "
        "is not installed.",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints each board and its targets."""
    del options
    console = Console(highlight=False, soft_wrap=True)
    missing = {name for name in runner_names() if not _is_available(name)}
    for name in (*board_names(), HOST):
        board = load_board(name)
        console.print(f"[bold]{name}[/]  {escape(board.description)}")
        targets = [_target(runner, name) for runner in runner_names() if runs(runner, board)]
        shown = (f"{target}{_MARK * (runner in missing)}" for runner, target in targets)
        console.print(f"    {'  '.join(shown)}")
    if missing:
        listed = ", ".join(sorted(missing))
        console.print(f"\n{_MARK} not installed here: {listed}. How to get it: arielml doctor")
    return 0


def _target(runner: str, board: str) -> tuple[str, str]:
    return runner, HOST if board == HOST else f"{runner}-{board}"


def _is_available(runner: str) -> bool:
    try:
        check_available(runner)
    except ArielError:
        return False
    return True
