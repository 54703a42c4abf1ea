"""Makes a test of each case, and sums up what came of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import onnx
import pytest

from conformance.onnx.bench import Bench
from conformance.onnx.cases import Case, load_cases
from conformance.onnx.expectations import Expectations, read, table_path
from conformance.onnx.outcome import Outcome
from conformance.onnx.summary import Line, by_operator, by_stage
from pytest_arielml.api import Arielml
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import ArielError
from pytest_arielml.options import read_options

_PROPERTY: Final = "onnx-node"
_benches = pytest.StashKey[dict[str, tuple[Bench, Expectations]]]()


@lru_cache(maxsize=1)
def _cases(folder: Path | None) -> tuple[Case, ...]:
    return load_cases(Cache(folder))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a case."""
    if "onnx_case" in metafunc.fixturenames:
        cases = _cases(read_options(metafunc.config).cache)
        metafunc.parametrize("onnx_case", cases, ids=[case.name for case in cases])


def pytest_configure(config: pytest.Config) -> None:
    """Room for the benches of this run."""
    config.stash[_benches] = {}


@pytest.fixture
def onnx_bench(
    request: pytest.FixtureRequest,
) -> Callable[[Arielml], tuple[Bench, Expectations]]:
    """The bench of a target and what is expected of it; made once a run."""
    benches = request.config.stash[_benches]

    def bench(arielml: Arielml) -> tuple[Bench, Expectations]:
        name = arielml.target.name
        if name not in benches:
            benches[name] = _make(request.config, arielml)
        return benches[name]

    return bench


def _make(config: pytest.Config, arielml: Arielml) -> tuple[Bench, Expectations]:
    options = read_options(config)
    target = arielml.target
    path = table_path(target.board)
    try:
        expectations = read(path, target.board)
    except ArielError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    unknown = expectations.unknown(case.name for case in _cases(options.cache))
    if unknown:
        pytest.exit(
            f"{path} is for onnx {expectations.onnx}, and onnx {onnx.__version__} has no case "
            + ", ".join(unknown[:5]),
            returncode=pytest.ExitCode.USAGE_ERROR,
        )
    cache = Cache.temporary() if options.no_cache else Cache(options.cache)
    bench = Bench(target, cache, runner=arielml.runner, timeout=options.timeout)
    return bench, expectations


@pytest.fixture
def onnx_record(
    request: pytest.FixtureRequest, arielml: Arielml, onnx_case: Case
) -> Callable[[Outcome], None]:
    """Notes the outcome with the test's report, for the summary."""

    def record(outcome: Outcome) -> None:
        line = Line(
            arielml.target.name,
            onnx_case.name,
            onnx_case.operator,
            outcome.stage,
            bool(outcome.frozen),
        )
        # Plain data crosses from xdist's workers.
        request.node.user_properties.append((_PROPERTY, line.to_json()))

    return record


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """A case that fails as listed: told apart, and not printed one by one."""
    if report.when == "call" and hasattr(report, "wasxfail") and _line(report) is not None:
        return "listed", "l", "LISTED"
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Pass rates by stage, and by operator for those that do not pass whole."""
    lines: dict[str, list[Line]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            line = _line(report)
            if line is not None and report.when == "call":
                lines.setdefault(line.target, []).append(line)
    for target, found in sorted(lines.items()):
        terminalreporter.section(f"ONNX node cases on {target}")
        for text in (*by_stage(found), "", *by_operator(found, every=config.get_verbosity() > 0)):
            terminalreporter.write_line(text)


def _line(report: object) -> Line | None:
    for name, value in getattr(report, "user_properties", ()):
        if name == _PROPERTY:
            return Line.from_json(value)
    return None
