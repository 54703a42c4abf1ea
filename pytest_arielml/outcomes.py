"""Collects what tests measured, where the run reports; shows and writes it.

With pytest-xdist that is the controller, to which reports come from the workers.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pytest_arielml.baseline import Baseline
from pytest_arielml.errors import ArielError, Unavailable
from pytest_arielml.options import Options
from pytest_arielml.report import Outcome, figure_versions, print_summary
from pytest_arielml.report.document import REPORT, Run, remember
from pytest_arielml.report.github import write_step_summary
from pytest_arielml.report.page import write_page
from pytest_arielml.report.provenance import commit, host, versions
from pytest_arielml.units import format_number


class Outcomes:
    """The last outcome of every test that measured something."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tests: dict[str, Outcome] = {}
        self._said: list[str] = []
        self._started = datetime.now(UTC)
        self._begin = time.monotonic()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Removes the cases of the report that this run's takes the place of."""
        folder = self._options.report
        if folder is not None and (folder / REPORT).is_file():
            shutil.rmtree(folder / "worst", ignore_errors=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes in what a test measured; of one that is run again, the last attempt counts."""
        data = getattr(report, "arielml", None)
        if data is not None:
            self._tests[data["test"]] = Outcome.from_json(data)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the baseline and the report; the run fails when one cannot be written."""
        if self._options.update_baseline:
            self._write(session, self._record)
        if self._options.report is not None and self._tests:
            self._write(session, self._report)

    def _write(self, session: pytest.Session, write: Callable[[pytest.Session], None]) -> None:
        try:
            write(session)
        except ArielError as error:
            self._said.append(str(error))
        except OSError as error:
            self._said.append(f"{error.filename or 'a file'} cannot be written: {error.strerror}")
        else:
            return
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _record(self, _: pytest.Session) -> None:
        if self._options.baseline is not None:
            self._said.append(record_baseline(self._options.baseline, list(self._tests.values())))

    def _report(self, session: pytest.Session) -> None:
        folder = self._options.report
        if folder is None:
            return
        run = self._run(session.config.rootpath)
        for accuracy in (record.accuracy for test in run.tests for record in test.records):
            cases = accuracy and accuracy["cases"]
            if accuracy and cases and Path(cases).is_relative_to(folder):
                # So that the folder can be moved, as CI does.
                accuracy["cases"] = Path(cases).relative_to(folder).as_posix()
        run.write(folder)
        remember(folder, run)
        if os.environ.get("GITHUB_STEP_SUMMARY"):
            write_step_summary(Path(os.environ["GITHUB_STEP_SUMMARY"]), run.tests)
        try:
            self._said.append(f"report: {write_page(folder)}")
        except Unavailable as error:
            # The JSON has everything, and can be made into a page wherever they are.
            self._said.append(f"report: {folder / REPORT}\n{error}")

    def _run(self, project: Path) -> Run:
        options = self._options
        return Run(
            started=self._started.isoformat(timespec="seconds"),
            seconds=time.monotonic() - self._begin,
            commit=commit(project),
            versions=versions(),
            host=host(),
            options={
                "targets": [target.name for target in options.targets],
                "scheduler": options.scheduler,
                "baseline": options.baseline.name if options.baseline else "none",
            },
            tests=list(self._tests.values()),
        )

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """One line a deployment, then what failed; with `-v` also where flash and RAM go."""
        verbosity = config.get_verbosity()
        quiet = verbosity < 0
        shown = any(test.records or test.outcome == "failed" for test in self._tests.values())
        if shown and not quiet:
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
    new = old.updated(passed, made_with=figure_versions())
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
        f"{changed} changed" + (f"; kept: {kept} that did not pass or run" if kept else "") + left
    )
