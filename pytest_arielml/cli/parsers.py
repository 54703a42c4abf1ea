"""How commands of `arielml` describe themselves."""

from __future__ import annotations

import argparse
import hashlib
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import shtab

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

#: What a shell completes: any file, a folder, a model.
FILE: Final = shtab.FILE
FOLDER: Final = shtab.DIRECTORY
MODEL: Final = shtab.glob("*.onnx", "*.tflite", "*.mlir")
ARRAY: Final = shtab.glob("*.npy")
# Columns that the longest name of a command takes, with its indent.
_COMMAND: Final = 15
_EXAMPLES: Final = "examples:\n"


class Formatter(argparse.HelpFormatter):
    """argparse's help with room for names of commands, and examples left as they are."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)
        # argparse forgets the indent of commands when it makes room for them.
        self._action_max_length = _COMMAND

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(_EXAMPLES):
            return text
        return super()._fill_text(text, width, indent)


def add_command(
    commands: Commands,
    name: str,
    summary: str,
    *,
    usage: str = "",
    description: str = "",
    examples: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """Declares a command.

    Args:
        commands: of which it is one.
        name: as it is typed.
        summary: what it does, in a line of the list of commands.
        usage: its arguments, where argparse's own line of them is too long.
        description: what else there is to know.
        examples: whole command lines.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {description}".strip(),
        epilog=_EXAMPLES + textwrap.indent("\n".join(examples), "  ") if examples else None,
        formatter_class=Formatter,
    )
    if usage:
        parser.usage = f"{parser.prog} {usage}"
    return parser


def completed(action: argparse.Action, values: Any) -> None:
    """Says what a shell completes an argument with: `FILE`, `MODEL`, ... or a list of words."""
    action.complete = _words(values) if isinstance(values, (list, tuple)) else values  # type: ignore[attr-defined]


def _words(words: Sequence[str]) -> dict[str, Any]:
    """A completion out of `words`, which are not checked by argparse as `choices` are."""
    listed = " ".join(words)
    function = f"_arielml_words_{hashlib.sha256(listed.encode()).hexdigest()[:8]}"
    return {
        "bash": function,
        "zsh": f"({listed})",
        "tcsh": f"({listed})",
        "fish": " ".join(words),
        "preamble": {"bash": f"{function}() {{ compgen -W '{listed}' -- \"$1\"; }}\n"},
    }
