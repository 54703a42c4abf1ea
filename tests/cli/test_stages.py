"""The line that says what a command is doing."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pytest_arielml.cli.stages import stages


def test_stages_are_shown_on_a_terminal_and_go() -> None:
    file = io.StringIO()
    watch = stages(Console(file=file, force_terminal=True, width=80))
    with watch("net[0]", "compiling"):
        pass
    with watch("net[0]", "loading"), watch("net[0]", "linking"):
        pass
    shown = file.getvalue()
    assert "net[0]: compiling" in shown
    assert "net[0]: loading" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 2  # the cursor is back


def test_an_error_ends_the_line() -> None:
    file = io.StringIO()
    watch = stages(Console(file=file, force_terminal=True, width=80))
    with pytest.raises(ValueError, match="no"), watch("net", "compiling"):
        raise ValueError("no")
    assert "\x1b[?25h" in file.getvalue()


def test_nothing_is_shown_where_output_is_piped() -> None:
    file = io.StringIO()
    with stages(Console(file=file, width=80))("net", "compiling"):
        pass
    assert file.getvalue() == ""
