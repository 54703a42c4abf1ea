from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_arielml
from pytest_arielml import errors
from pytest_arielml.errors import ArielError, GuestFault, UsageError, WireError

PACKAGE = Path(pytest_arielml.__file__).parent
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, ArielError)
}


def may_be_empty(value: ast.expr) -> bool:
    """Whether an expression is nothing, or chooses between something and nothing."""
    match value:
        case ast.Constant(value=text):
            return not text
        case ast.IfExp(body=body, orelse=orelse):
            return may_be_empty(body) or may_be_empty(orelse)
        case _:
            return False


def made_without_advice(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each error in `source` that would not say what to do next."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name: CLASSES[alias.name]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == errors.__name__
        for alias in node.names
    }
    for node in ast.walk(tree):
        # An error is raised, returned for another to raise, or kept; all of them are calls.
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        made = imported.get(node.func.id)
        if made is None or made.next_step:
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg == "advice"]
        if not given or may_be_empty(given[0]):
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_every_error_says_what_to_do_next(path: Path) -> None:
    silent = list(made_without_advice(path.read_text(encoding="utf-8")))
    assert not silent, "\n".join(f"{path}:{line}: no advice in {text}" for line, text in silent)


def test_an_error_without_a_next_step_is_found() -> None:
    start = "from pytest_arielml.errors import UsageError, WireError as Wire\n"
    calls = ('"no"', '"no", advice=None', '"no", advice=""', '"no", advice=x if y else None')
    for call in calls:
        assert len(list(made_without_advice(f"{start}raise UsageError({call})"))) == 1
    for call in ('UsageError("no", advice="do")', 'Wire("no")', 'ValueError("no")'):
        assert not list(made_without_advice(f"{start}raise {call}"))


def test_a_class_has_a_next_step_where_an_error_has_none() -> None:
    assert WireError("no").advice == WireError.next_step
    assert GuestFault("no", advice="do").advice == "do"
    assert UsageError("no").advice is None


def test_parts_stand_on_lines_of_their_own() -> None:
    error = ArielError(
        "the model does not fit",
        where="nrf52840",
        found="2 MiB\n1 MiB of it weights",
        advice="prune",
    )
    assert str(error).splitlines() == [
        "the model does not fit",
        "  where:    nrf52840",
        "  found:    2 MiB",
        "            1 MiB of it weights",
        "  next:     prune",
    ]


def test_parts_that_are_not_given_are_not_shown() -> None:
    assert str(ArielError("no")) == "no"
