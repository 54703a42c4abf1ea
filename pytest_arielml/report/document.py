"""The report as JSON: one run, whole, and the figures of the runs before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from pytest_arielml.baseline import Figures, figures
from pytest_arielml.errors import UsageError
from pytest_arielml.files import replace_file
from pytest_arielml.report.outcome import Outcome

#: Version of the layout of both files.
FORMAT: Final = 1
REPORT: Final = "report.json"
HISTORY: Final = "history.jsonl"
# Runs that a history keeps: a year of two a day.
_RUNS: Final = 730


@dataclass
class Run:
    """One run of pytest.

    Attributes:
        started: when, ISO 8601 with its offset from UTC.
        seconds: wall-clock time that it took.
        commit: of the project under test; None where there is none.
        versions: of what figures follow from, by name.
        host: the machine that ran it.
        options: what was asked of this plugin.
        tests: those that use `arielml`.
    """

    started: str
    seconds: float
    commit: str | None
    versions: Mapping[str, str]
    host: Mapping[str, str]
    options: Mapping[str, Any]
    tests: list[Outcome] = field(default_factory=list)
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Writes report.json. Raises: OSError."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        replace_file(folder / REPORT, (text + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Run:
        """Reads what `write` wrote. Raises: UsageError."""
        path = folder / REPORT
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise _unreadable(path, f"format {FORMAT}", f"format {content['format']!r}")
            tests = [Outcome.from_json(test) for test in content.pop("tests")]
            return cls(**content, tests=tests)
        except FileNotFoundError:
            raise UsageError(
                "there is no report",
                where=str(path),
                advice="make one: pytest --arielml-report DIR",
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            found = f"{type(error).__name__}: {error}"[:200]
            raise _unreadable(path, "JSON of a report", found) from None


@dataclass(frozen=True)
class Past:
    """The figures of a run.

    Attributes:
        started, commit: as in `Run`.
        tests: figures by test and deployment, as a baseline has them.
    """

    started: str
    commit: str | None
    tests: Mapping[str, Mapping[str, Figures]]


def remember(folder: Path, run: Run) -> list[Past]:
    """Adds a run to the history in `folder`; the history, oldest first. Raises: OSError."""
    tests: dict[str, dict[str, Figures]] = {}
    for outcome in run.tests:
        kept = {record.key: figures(record) for record in outcome.records}
        if outcome.outcome == "passed" or outcome.changes:
            tests[outcome.test] = {key: found for key, found in kept.items() if found}
    runs = [*past_runs(folder), Past(run.started, run.commit, tests)][-_RUNS:]
    lines = [json.dumps(asdict(past), ensure_ascii=False) for past in runs]
    replace_file(folder / HISTORY, ("\n".join(lines) + "\n").encode())
    return runs


def past_runs(folder: Path) -> list[Past]:
    """The recorded runs, oldest first; a line that cannot be read is passed over."""
    try:
        lines = (folder / HISTORY).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    runs = []
    for line in lines:
        try:
            runs.append(Past(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return runs


def movements(runs: Sequence[Past]) -> dict[tuple[str, str, str], list[tuple[str, float]]]:
    """Each figure over the runs that had it: by test, deployment and name, (when, value)."""
    found: dict[tuple[str, str, str], list[tuple[str, float]]] = {}
    for past in runs:
        for test, deployments in past.tests.items():
            for deployment, values in deployments.items():
                for name, value in values.items():
                    if isinstance(value, (int, float)):
                        found.setdefault((test, deployment, name), []).append((past.started, value))
    return found


def _unreadable(path: Path, expected: str, found: str) -> UsageError:
    return UsageError(
        "the report cannot be read",
        where=str(path),
        expected=expected,
        found=found,
        advice="run pytest with --arielml-report anew",
    )
