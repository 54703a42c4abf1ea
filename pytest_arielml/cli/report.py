"""`arielml report DIR`: the HTML page of a report, made afresh from its JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pytest_arielml.cli.parsers import FOLDER, add_command, completed
from pytest_arielml.errors import UsageError
from pytest_arielml.report.page import write_page

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "report",
        "make a report's HTML page afresh from its JSON",
        description="Writes report.html in the folder that pytest --arielml-report DIR has "
        "made, from report.json and history.jsonl there.",
        examples=("arielml report report",),
    )
    folder = parser.add_argument(
        "folder", type=Path, metavar="DIR", help="what --arielml-report of pytest was given"
    )
    completed(folder, FOLDER)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes report.html and says where."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        with console.status(f"drawing the pictures of {options.folder}"):
            path = write_page(options.folder)
    except OSError as error:
        raise UsageError(
            "the page cannot be written",
            where=str(error.filename),
            found=error.strerror,
            advice="make the folder writable, or copy it to where you can write",
        ) from None
    console.print(str(path), markup=False)
    return 0
