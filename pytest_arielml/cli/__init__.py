"""The `arielml` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from pytest_arielml.cli import (
    boards,
    compare,
    completion,
    conformance,
    diff,
    doctor,
    golden,
    image,
    init,
    report,
    run,
)
from pytest_arielml.cli.parsers import Formatter
from pytest_arielml.errors import ArielError, UsageError

_COMMANDS = (
    init,
    run,
    image,
    compare,
    diff,
    golden,
    report,
    boards,
    doctor,
    conformance,
    completion,
)
_EPILOG = """examples:
  arielml init model.onnx         # a first test, then: pytest
  arielml run model.onnx          # one run, without pytest
  arielml COMMAND --help          # what a command takes

options of the plugin: pytest --help, under "arielml"
completion in this shell: eval "$(arielml completion bash)\""""


def make_parser() -> argparse.ArgumentParser:
    """The command's parser, with every command in it."""
    parser = argparse.ArgumentParser(
        prog="arielml",
        usage="arielml [--help] [--version] COMMAND ...",
        description="Neural networks on microcontrollers, tested.",
        epilog=_EPILOG,
        formatter_class=Formatter,
    )
    parser.add_argument("--version", action="version", version=version("pytest-arielml"))
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", prog=parser.prog
    )
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives 0, 1 when it failed, or 2 for a wrong usage."""
    options = make_parser().parse_args(arguments)
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
