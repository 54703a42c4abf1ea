"""`arielml boards`: what can be targeted."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from pytest_arielml.boards import HOST, board_names, load_board
from pytest_arielml.runners import runner_names, runs
from pytest_arielml.units import format_bytes

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("boards", help="list the boards and the targets they give")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints a line a board."""
    del options
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("target", "cores", "flash", "RAM", "board"):
        table.add_column(name, no_wrap=name != "board")
    for name in board_names():
        board = load_board(name)
        core = board.cores[0]
        cores = f"{len(board.cores)} x {core.cpu}, {core.clock_hz / 1e6:g} MHz"
        for runner in filter(lambda name: runs(name, board), runner_names()):
            table.add_row(
                f"{runner}-{name}",
                cores + (", FPU" if core.fpu else ""),
                format_bytes(board.memory["flash"].length),
                format_bytes(board.memory["ram"].length),
                board.description,
            )
    here = load_board(HOST)
    ram = format_bytes(here.ram.length)
    table.add_row(HOST, f"1 x {here.cores[0].cpu}", "-", ram, here.description)
    Console(highlight=False).print(table)
    return 0
