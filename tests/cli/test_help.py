"""Every help text, at 80 columns."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from pytest_arielml.cli import make_parser


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from parsers(child)


ALL = list(parsers(make_parser()))


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("parser", ALL, ids=lambda parser: parser.prog)
def test_help_fits_and_says_what_everything_is(parser: argparse.ArgumentParser) -> None:
    text = parser.format_help()
    assert all(len(line) <= 80 for line in text.splitlines()), text
    assert text.startswith(f"usage: {parser.prog} ")
    assert parser.description
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            assert all(summary.help for summary in action._get_subactions())
            continue
        assert action.help, action
        optional = action.option_strings and action.nargs != 0 and not action.required
        # What an option that takes a value is without it: a default, or nothing is done.
        if optional and action.dest not in ("output", "timeline", "json", "k", "atol", "dim"):
            assert "default" in action.help, action


def test_examples_are_commands_that_are_taken() -> None:
    commands = [
        line.partition("#")[0].strip()
        for parser in ALL
        for line in (parser.epilog or "").splitlines()
        if re.match(r"\s+arielml [a-z]", line) and not re.search("[>|]", line)
    ]
    assert len(commands) >= 10
    for command in commands:
        make_parser().parse_args(shlex.split(command)[1:])
