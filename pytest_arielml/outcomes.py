"""Collects what tests measured, where the run reports; shows it, and records baselines.

With pytest-xdist that is the controller, to which reports come from the workers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pytest_arielml.baseline import Baseline
from pytest_arielml.errors import UsageError
from pytest_arielml.options import Options
from pytest_arielml.report import Outcome, print_summary, versions
from pytest_arielml.units import format_number


class Outcomes:
    """The last outcome of every test that measured something."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tests: dict[str, Outcome] = {}
        self._said: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes in what a test measured; of one that is run again, the last attempt counts."""
        data = getattr(report, "arielml", None)
        if data is not None:
            self._tests[data["test"]] = Outcome.from_json(data)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the baseline that is asked for; the run fails when it cannot be written."""
        path = self._options.baseline
        if path is None or not self._options.update_baseline:
            return
        try:
            self._said.append(record_baseline(path, list(self._tests.values())))
        except UsageError as error:
            self._said.append(str(error))
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """One line a deployment, then what failed; with `-v` also where flash and RAM go."""
        verbosity = config.get_verbosity()
        quiet = verbosity < 0
        if self._tests and not quiet:
            terminalreporter.section("arielml", sep="=")
            writer = terminalreporter._tw
            console = Console(
                file=writer._file,
                width=writer.fullwidth,
                force_terminal=writer.hasmarkup,
                highlight=False,
                soft_wrap=False,
            )
            print_summary(
                console,
                list(self._tests.values()),
                detailed=verbosity > 0,
                gated=self._options.baseline is not None,
                updated=self._options.update_baseline,
            )
        for line in self._said:
            terminalreporter.write_line(line)


def record_baseline(path: Path, outcomes: list[Outcome]) -> str:
    """Records the tests that passed beside those that did not run; says what was done.

    Raises: UsageError when the file there is no baseline, or cannot be written.
    """
    old = Baseline.read(path) if path.exists() else Baseline()
    passed = {
        outcome.test: outcome.records
        for outcome in outcomes
        if outcome.outcome == "passed" and outcome.records
    }
    failed = sum(outcome.outcome == "failed" for outcome in outcomes)
    left = f"; not recorded: {failed} that failed" if failed else ""
    if not passed:
        return f"baseline: nothing to record in {path}{left}"
    new = old.updated(passed, made_with=versions())
    new.write(path)
    changed = sum(
        test in old.tests and old.tests[test] != kept
        for test, kept in new.tests.items()
        if test in passed
    )
    added = len(set(new.tests) - set(old.tests))
    kept = len(set(new.tests) - set(passed))
    return (
        f"baseline: recorded {format_number(len(passed), 'test')} in {path}: {added} new, "
        f"{changed} changed; kept: {kept} that did not pass or run{left}"
    )
