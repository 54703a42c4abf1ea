from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_data import outcome, record, run

from pytest_arielml.baseline import Change
from pytest_arielml.errors import UsageError
from pytest_arielml.report import Outcome, document
from pytest_arielml.report.document import Run, movements, past_runs, remember

CHANGE = Change("test_a.py::test_a", "lenet5", "ram", 1.0, 2.0, 1.0, True)


def test_a_report_says_everything_again(tmp_path: Path) -> None:
    written = run(outcome(changes=[CHANGE]), outcome("test_b", message="no", seconds=1.5))
    written.write(tmp_path)
    assert Run.read(tmp_path) == written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "there is no report"),
        ("{", "expected: JSON of a report"),
        ("[]", "expected: JSON of a report"),
        ("{}", "KeyError"),
        ('{"format": 0}', "expected: format 1"),
        ('{"format": 1, "tests": [], "colour": 1}', "colour"),
        ('{"format": 1, "tests": [{"test": "a"}]}', "KeyError"),
    ],
)
def test_what_is_no_report(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    with pytest.raises(UsageError) as refused:
        Run.read(tmp_path)
    assert says in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_runs_add_up_to_a_history(tmp_path: Path) -> None:
    remember(tmp_path, run(started="2026-11-20T10:00:00+00:00"))
    later = Outcome("test_a.py::test_a", records=[record(ram=21_000)])
    runs = remember(tmp_path, run(later, started="2026-11-21T10:00:00+00:00"))
    assert runs == past_runs(tmp_path)
    moved = movements(runs)
    assert moved["test_a.py::test_a", "lenet5", "ram"] == [
        ("2026-11-20T10:00:00+00:00", 20_000),
        ("2026-11-21T10:00:00+00:00", 21_000),
    ]
    assert len({value for _, value in moved["test_a.py::test_a", "lenet5", "flash"]}) == 1
    assert not any(name == "model_sha256" for _, _, name in moved)


def test_of_what_failed_only_regressions_are_remembered(tmp_path: Path) -> None:
    broken = outcome("test_broken", outcome="failed")
    worse = outcome("test_worse", outcome="failed", changes=[CHANGE])
    (past,) = remember(tmp_path, run(broken, worse, outcome("test_skipped", outcome="skipped")))
    assert list(past.tests) == ["test_a.py::test_worse"]


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    remember(tmp_path, run())
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"started": "2026\n' + json.dumps({"other": 1}) + "\n")
    assert len(past_runs(tmp_path)) == 1
    assert len(remember(tmp_path, run())) == 2


def test_a_history_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_RUNS", 3)
    for day in range(10, 16):
        runs = remember(tmp_path, run(started=f"2026-11-{day}T10:00:00+00:00"))
    assert [past.started[8:10] for past in runs] == ["13", "14", "15"]
