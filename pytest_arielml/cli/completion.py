"""`arielml completion SHELL`: a script with which a shell completes this command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

import shtab

from pytest_arielml.cli.parsers import add_command

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SHELLS: Final = ("bash", "zsh", "tcsh", "fish")


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "completion",
        "print a script that completes this command in a shell",
        description="Commands, options, targets and files are completed. Options of pytest are "
        "completed by argcomplete: pip install argcomplete, then "
        'eval "$(register-python-argcomplete pytest)".',
        examples=(
            'eval "$(arielml completion bash)"        # in ~/.bashrc',
            'eval "$(arielml completion zsh)"         # in ~/.zshrc, after compinit',
            "arielml completion fish | source         # in ~/.config/fish/config.fish",
            "arielml completion tcsh > ~/.arielml.tcsh",
            "source ~/.arielml.tcsh                   # in ~/.tcshrc",
        ),
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell: %(choices)s", metavar="SHELL")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the script."""
    from pytest_arielml.cli import make_parser

    parser = make_parser()
    _shorten(parser)
    print(shtab.complete(parser, options.shell))
    return 0


def _shorten(parser: argparse.ArgumentParser) -> None:
    """Has each command described by its summary: shells show it in a line."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for summary in action._get_subactions():
                command = action.choices[summary.dest]
                command.description = summary.help
                _shorten(command)
