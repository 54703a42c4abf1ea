"""Pages of reference have what there is, all of it and nothing else."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from pytest_arielml.budgets import _PARSERS
from pytest_arielml.cli import make_parser
from pytest_arielml.firmware import size
from pytest_arielml.options import add_options
from pytest_arielml.requirements import _KNOWN
from pytest_arielml.tolerances import KINDS

DOCS = Path(__file__).parents[2] / "docs"


def _first_cells(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def test_options_and_their_ini_twins() -> None:
    parser = pytest.Parser(_ispytest=True)
    add_options(parser)
    (group,) = (group for group in parser._groups if group.name == "arielml")
    options = {option.names()[0] for option in group.options}
    page = (DOCS / "options.md").read_text()
    rows = re.findall(r"^\| `(--arielml-[\w-]+)[^`]*` \| `(arielml_\w+)` \|", page, re.MULTILINE)
    assert {option for option, _ in rows} == options
    assert all(ini == option.removeprefix("--").replace("-", "_") for option, ini in rows)
    alone = set(re.findall(r"^\| `(arielml_tolerance_\w+)`", page, re.MULTILINE))
    assert {ini for _, ini in rows} | alone == set(parser._inidict)


def test_defaults_of_tolerances() -> None:
    page = (DOCS / "options.md").read_text()
    for kind in KINDS:
        assert re.search(
            rf"^\| `arielml_tolerance_{kind.name}` \|.*\| `{kind.default}` \|$", page, re.MULTILINE
        )


def test_bounds_and_requirements() -> None:
    marks = (DOCS / "options.md").read_text().partition("## Marks")[2].partition("\n## ")[0]
    assert _first_cells(marks) == [*_PARSERS, *_KNOWN]


def test_parts_of_flash_and_ram() -> None:
    page = (DOCS / "memory.md").read_text()
    flash = page.partition("## Flash")[2].partition("\n## ")[0]
    parts = {
        value
        for name, value in vars(size).items()
        if name[0] != "_" and name.isupper() and isinstance(value, str)
    }
    assert set(_first_cells(flash)) == parts
    ram = page.partition("## RAM")[2].partition("Below the sum")[0]
    assert _first_cells(ram) == ["static data", "arena", "stack"]


def test_every_command() -> None:
    page = (DOCS / "command-line.md").read_text()
    commands = {title.split()[0] for title in re.findall(r"^## (.+)$", page, re.MULTILINE)}
    (subparsers,) = (
        action
        for action in make_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    assert commands == set(subparsers.choices)
