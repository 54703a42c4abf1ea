"""What a run of pytest leaves behind when a report is asked for."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import pytest_arielml.report

# Pytester forgets what a run inside of it imports; extensions are not to be loaded twice.
import pytest_arielml.report.pictures
from pytest_arielml.cli import main

_TESTS = """
    import pytest
    from lenet5 import IMAGE, MODEL

    def test_runs(arielml):
        arielml.deploy(MODEL).run(IMAGE)

    def test_breaks(arielml):
        result = arielml.deploy(MODEL).run(IMAGE)
        assert result.instructions < 10, "far too many"

    @pytest.mark.arielml_requires(cores=2)
    def test_needs_more(arielml):
        pass

    def test_plain():
        pass
"""


@pytest.fixture
def tests(lenet5_test: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_SHA", "CI_COMMIT_SHA"):
        monkeypatch.delenv(name, raising=False)
    lenet5_test.makepyfile(_TESTS)
    return lenet5_test


def _report(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def test_everything_is_in_the_folder(tests: pytest.Pytester, lenet5_model: Path) -> None:
    result = tests.runpytest("--arielml-report=out")
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["report: *out?report.html"])
    folder = tests.path / "out"
    assert sorted(path.name for path in folder.iterdir()) == [
        "history.jsonl",
        "report.html",
        "report.json",
    ]
    report = _report(folder)
    outcomes = {test["test"].partition("::")[2]: test for test in report["tests"]}
    assert {name: test["outcome"] for name, test in outcomes.items()} == {
        "test_runs[emu-nrf52840]": "passed",
        "test_breaks[emu-nrf52840]": "failed",
        "test_needs_more[emu-nrf52840]": "skipped",
    }
    assert "far too many" in outcomes["test_breaks[emu-nrf52840]"]["message"]
    (record,) = outcomes["test_runs[emu-nrf52840]"]["records"]
    assert record["model_sha256"] == hashlib.sha256(lenet5_model.read_bytes()).hexdigest()
    assert len({record[f"{part}_sha256"] for part in ("model", "module", "image")}) == 3
    assert record["flags"]
    assert record["cores"] == 1
    spent = sum(cost["instructions"] for cost in record["costs"])
    assert spent + record["overhead"] == record["instructions"]
    assert record["tracks"][-1]["end"] <= record["seconds"]
    assert {"iree-base-compiler", "onnxruntime", "pytest-arielml"} <= set(report["versions"])
    assert "far too many" in (folder / "report.html").read_text()


@pytest.mark.parametrize("timeline", [False, True])
def test_two_cores_have_a_track_each(tests: pytest.Pytester, timeline: bool) -> None:
    tests.makepyfile(
        f"""
        from lenet5 import IMAGE, MODEL

        def test_runs(arielml):
            arielml.deploy(MODEL, timeline={timeline}).run(IMAGE)
        """
    )
    result = tests.runpytest("--arielml-report=out", "--arielml-target=emu-rp2040")
    result.assert_outcomes(passed=1)
    (test,) = _report(tests.path / "out")["tests"]
    (record,) = test["records"]
    assert record["cores"] == len(record["stacks"]) == 2
    assert record["tracks_from"] == ("timeline" if timeline else "order")
    assert {track["core"] for track in record["tracks"]} == {0, 1}
    assert max(track["end"] for track in record["tracks"]) <= record["seconds"] * 1.001
    page = (tests.path / "out" / "report.html").read_text()
    assert "core 1" in page
    assert ("As the device recorded it" in page) is timeline


def test_workers_report_to_one(tests: pytest.Pytester) -> None:
    result = tests.runpytest_subprocess("--arielml-report=out", "-n", "2")
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    assert len(_report(tests.path / "out")["tests"]) == 3
    result.stdout.fnmatch_lines(["report: *out?report.html"])


def test_figures_move_over_runs(tests: pytest.Pytester) -> None:
    tests.runpytest("--arielml-report=out", "-k", "test_runs")
    lines = (tests.path / "out" / "history.jsonl").read_text().splitlines()
    past = json.loads(lines[0])
    (figures,) = past["tests"].values()
    figures["lenet5-int8"]["instructions"] += 1000
    past["started"] = "2026-01-01T00:00:00+00:00"
    (tests.path / "out" / "history.jsonl").write_text(json.dumps(past) + "\n")
    tests.runpytest("--arielml-report=out", "-k", "test_runs")
    page = (tests.path / "out" / "report.html").read_text()
    assert "Over 2 recorded runs" in page
    assert "instructions of lenet5-int8 in" in page
    assert "flash of lenet5-int8 in" not in page


def test_junit_has_the_figures(tests: pytest.Pytester) -> None:
    tests.runpytest("--junitxml=junit.xml", "-k", "test_runs", "--arielml-report=out")
    (test,) = _report(tests.path / "out")["tests"]
    (record,) = test["records"]
    root = ElementTree.parse(tests.path / "junit.xml").getroot()
    named = {each.get("name"): each.get("value") for each in root.iter("property")}
    for name, key in (("instructions", "instructions"), ("ram_bytes", "ram")):
        assert int(str(named[f"arielml.lenet5-int8.{name}"])) == record[key] > 0
    assert named["arielml.lenet5-int8.target"] == "emu-nrf52840"


def test_properties_do_not_pile_up_over_reruns(tests: pytest.Pytester) -> None:
    tests.runpytest("--junitxml=junit.xml", "-k", "test_breaks", "--reruns=1")
    root = ElementTree.parse(tests.path / "junit.xml").getroot()
    names = [each.get("name") for each in root.iter("property")]
    # Pytest writes those of each attempt, as it does for record_property.
    assert names.count("arielml.lenet5-int8.instructions") == 2


def test_a_step_summary_where_github_wants_one(
    tests: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tests.path / "summary.md"))
    monkeypatch.setenv("GITHUB_SHA", "abc123")
    tests.runpytest("--arielml-report=out")
    text = (tests.path / "summary.md").read_text()
    assert "| `lenet5-int8` | emu-nrf52840 |" in text
    assert "far too many" in text
    assert _report(tests.path / "out")["commit"] == "abc123"


def test_cases_of_the_run_before_go(tests: pytest.Pytester) -> None:
    folder = tests.path / "out"
    (folder / "worst" / "mine").mkdir(parents=True)
    tests.runpytest("--arielml-report=out", "-k", "test_runs")
    assert (folder / "worst" / "mine").is_dir()  # no report was there to have left it
    tests.runpytest("--arielml-report=out", "-k", "test_runs")
    assert not (folder / "worst").exists()


def test_without_matplotlib_the_json_is_there(
    tests: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "pytest_arielml.report.pictures")
    monkeypatch.delattr(pytest_arielml.report, "pictures")
    result = tests.runpytest("--arielml-report=out", "-k", "test_runs")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["report: *out?report.json", "*pip install 'pytest-arielml?report?*"]
    )
    assert not (tests.path / "out" / "report.html").exists()


def test_a_folder_that_cannot_be_written_fails_the_run(tests: pytest.Pytester) -> None:
    (tests.path / "out").write_text("a file")
    result = tests.runpytest("--arielml-report=out", "-k", "test_runs")
    result.assert_outcomes(passed=1, deselected=3)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*out* cannot be written: *"])


def test_quiet_runs_say_where_it_is(tests: pytest.Pytester) -> None:
    result = tests.runpytest("--arielml-report=out", "-k", "test_runs", "-q")
    result.stdout.fnmatch_lines(["report: *report.html"])
    result.stdout.no_fnmatch_line("*= arielml =*")


def test_the_page_is_made_afresh_in_the_shell(
    tests: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    tests.runpytest("--arielml-report=out", "-k", "test_runs")
    page = tests.path / "out" / "report.html"
    before = page.read_text()
    page.unlink()
    capsys.readouterr()
    assert main(["report", str(page.parent)]) == 0
    assert capsys.readouterr().out == f"{page}\n"
    assert page.read_text() == before
    assert main(["report", str(tests.path / "nowhere")]) == 2
    assert "there is no report" in capsys.readouterr().err
