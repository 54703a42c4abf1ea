"""Gives each test several cores of its target: two, four, eight, as many as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from conformance.parallel.team import Team
from pytest_arielml.api import Arielml
from pytest_arielml.compiler import Cache
from pytest_arielml.options import read_options

_FOLDER: Final = Path(__file__).parent
_SIZES: Final = (2, 4, 8)

Write = Callable[[str], Path]


@pytest.fixture(params=_SIZES, ids=lambda size: f"{size}-cores")
def team(request: pytest.FixtureRequest, arielml: Arielml) -> Iterator[Team]:
    """Several cores of the test's target."""
    options = read_options(request.config)
    cache = Cache.temporary() if options.no_cache else Cache(options.cache)
    with Team(
        arielml.target, arielml.runner, request.param, cache, timeout=options.timeout
    ) as team:
        yield team


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes the text of a module to a file."""

    def write(text: str) -> Path:
        path = tmp_path / "model.mlir"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out teams that are larger than the board; a board of one core is skipped by name."""
    too_large = [item for item in items if _FOLDER in item.path.parents and _is_too_large(item)]
    if too_large:
        config.hook.pytest_deselected(items=too_large)
        items[:] = [item for item in items if item not in too_large]


def _is_too_large(item: pytest.Item) -> bool:
    params = item.callspec.params if isinstance(item, pytest.Function) else {}
    if "team" not in params or "arielml" not in params:
        return False
    options = read_options(item.config)
    cores = next(each.cores for each in options.targets if each.name == params["arielml"])
    return int(params["team"]) > max(cores, min(_SIZES))


def pytest_itemcollected(item: pytest.Item) -> None:
    """A board of one core has nothing to share with."""
    if _FOLDER in item.path.parents:
        item.add_marker(pytest.mark.arielml_requires(cores=2))
