"""Gives each test the board of its target, and shows what was measured."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from conformance.board.bench import Bench
from pytest_arielml.api import Arielml
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import ArielError
from pytest_arielml.options import read_options

_FOLDER: Final = Path(__file__).parent
_PROPERTY: Final = "board"
Note = Callable[[str], None]


@pytest.fixture(scope="session")
def _board_benches() -> Iterator[dict[str, Bench]]:
    benches: dict[str, Bench] = {}
    yield benches
    for bench in benches.values():
        bench.close()


@pytest.fixture
def board_bench(
    request: pytest.FixtureRequest, arielml: Arielml, _board_benches: dict[str, Bench]
) -> Bench:
    """The target's board with the image that checks it; it stays up from test to test."""
    name = arielml.target.name
    if name not in _board_benches:
        options = read_options(request.config)
        cache = Cache.temporary() if options.no_cache else Cache(options.cache)
        _board_benches[name] = Bench(
            arielml.target.board, arielml.runner, cache, timeout=options.timeout
        )
    return _board_benches[name]


@pytest.fixture
def note(request: pytest.FixtureRequest, arielml: Arielml) -> Note:
    """Keeps what was measured, in words, for the summary."""

    def keep(words: str) -> None:
        name = request.node.originalname.removeprefix("test_").replace("_", " ")
        request.node.user_properties.append((_PROPERTY, [arielml.target.name, name, words]))

    return keep


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order in which a new board meets them: what comes later rests on what came before."""
    order = ("test_start", "test_uart", "test_core", "test_clock", "test_first_model")
    places = [index for index, item in enumerate(items) if _FOLDER in item.path.parents]
    ours = sorted((items[index] for index in places), key=lambda item: order.index(item.path.stem))
    for index, item in zip(places, ours, strict=True):
        items[index] = item


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What is wrong with a board is said in words; where our code found it tells nobody."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if report.failed and isinstance(error, ArielError) and _FOLDER in item.path.parents:
        report.longrepr = str(error)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was measured, a line a check."""
    lines: dict[str, list[tuple[str, str]]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "call":
                continue
            for name, value in report.user_properties:
                if name == _PROPERTY:
                    target, check, words = value
                    lines.setdefault(target, []).append((check, words))
    for target, found in sorted(lines.items()):
        terminalreporter.section(f"measured on {target}")
        width = max(len(check) for check, _ in found)
        for check, words in found:
            terminalreporter.write_line(f"{check:<{width}}  {words}")
