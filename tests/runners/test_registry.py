from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_arielml.errors import UsageError
from pytest_arielml.runners import check_available, create_runner, runner_names


def test_runners_are_made_by_name() -> None:
    assert "emu" in runner_names()
    assert create_runner("emu").name == "emu"
    assert check_available("emu").startswith("Unicorn 2.")


def test_an_unknown_runner_lists_the_near_ones() -> None:
    with pytest.raises(UsageError, match="unknown runner 'emy'") as error:
        create_runner("emy")
    assert "emu" in str(error.value.expected)
    assert str(error.value.advice).startswith("did you mean emu")
    with pytest.raises(UsageError, match="unknown runner 'zzzzzz'") as error:
        check_available("zzzzzz")
    assert error.value.advice == "name one of those"


def test_unicorn_is_imported_by_emu_alone() -> None:
    script = "import sys, pytest_arielml.runners; assert 'unicorn' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
