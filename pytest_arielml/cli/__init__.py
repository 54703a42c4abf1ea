"""The `arielml` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from pytest_arielml.cli import (
    boards,
    compare,
    conformance,
    diff,
    doctor,
    golden,
    init,
    report,
    run,
)
from pytest_arielml.errors import ArielError, UsageError

_COMMANDS = (init, doctor, boards, run, compare, diff, golden, conformance, report)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives 0, 1 when it failed, or 2 for a wrong usage."""
    parser = argparse.ArgumentParser(
        prog="arielml", description="Neural networks on microcontrollers, tested."
    )
    parser.add_argument("--version", action="version", version=version("pytest-arielml"))
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except ArielError as error:
        print(f"arielml: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("arielml: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader went away, as `| head` does; nobody is left to tell.
        sys.stderr.close()
        return 1
