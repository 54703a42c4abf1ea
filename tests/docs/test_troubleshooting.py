"""Every message that the page quotes is one of the sources, and every class of error is there."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pytest_arielml import errors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
QUOTED = re.findall(r"^### `(.+)`$", PAGE, re.MULTILINE)


@cache
def messages() -> frozenset[str]:
    """Every text in the package, with `...` for what is filled in."""
    found: set[str] = set()
    for path in (ROOT / "pytest_arielml").rglob("*.py"):
        found.update(_texts(ast.parse(path.read_text())))
    return frozenset(found)


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.strip()
        elif isinstance(node, ast.JoinedStr):
            parts = (
                each.value if isinstance(each, ast.Constant) else "..." for each in node.values
            )
            # Two in a row are one gap to a reader.
            yield re.sub(r"(\.\.\.)+", "...", "".join(map(str, parts)).strip())


@pytest.mark.parametrize("quoted", QUOTED)
def test_a_quoted_message_is_one(quoted: str) -> None:
    """Or how one begins: `input ... has the wrong` goes on with what is wrong."""
    assert any(text.startswith(quoted) for text in messages())


def test_messages_are_quoted_once() -> None:
    assert len(QUOTED) == len(set(QUOTED)) > 50


def test_every_class_of_error_has_a_section() -> None:
    names = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.ArielError)
    }
    headings = " ".join(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))
    missing = names - {"ArielError"} - set(re.findall(r"\w+", headings))
    assert not missing
