"""What pytest's users are used to: -q, -v, -x, --co, -k, --lf, -n and --reruns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

# Pytester forgets what a run inside of it imports; extensions are not to be loaded twice.
import pytest_arielml.report.pictures  # noqa: F401

_TESTS = """
    import pytest
    from lenet5 import IMAGE, MODEL

    def test_first(arielml): arielml.deploy(MODEL).run(IMAGE)

    def test_flaky(arielml, request):
        mark = request.config.rootpath / "ran"
        first = not mark.exists()
        mark.touch()
        model = arielml.deploy(MODEL)
        model.run(IMAGE)
        if first:
            arielml.deploy(MODEL, trace=True).run(IMAGE)  # only the attempt that fails
            pytest.fail("not yet")

    def test_last(arielml): arielml.deploy(MODEL).run(IMAGE)
"""
_FILES = ("--arielml-report=out", "--arielml-baseline=base.json", "--arielml-update-baseline")


@pytest.fixture
def tests(lenet5_test: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("CI", "GITHUB_STEP_SUMMARY", "GITHUB_SHA", "CI_COMMIT_SHA"):
        monkeypatch.delenv(name, raising=False)
    lenet5_test.makepyfile(test_net=_TESTS)
    return lenet5_test


def _names(found: list[str]) -> list[str]:
    return sorted(name.partition("::")[2].partition("[")[0] for name in found)


def _report(folder: Path) -> dict[str, dict[str, Any]]:
    """The report's tests by name."""
    tests = json.loads((folder / "out" / "report.json").read_text())["tests"]
    assert len({test["test"] for test in tests}) == len(tests)
    return {_names([test["test"]])[0]: test for test in tests}


def _baseline(folder: Path) -> dict[str, Any]:
    tests = json.loads((folder / "base.json").read_text())["tests"]
    return {_names([name])[0]: kept for name, kept in tests.items()}


def test_exit_first_shows_and_writes_what_ran(tests: pytest.Pytester) -> None:
    result = tests.runpytest("-x", *_FILES)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*= arielml =*", "failed: 1 of 2 tests", "baseline: recorded 1 test *not recorded: 1 *"]
    )
    report = _report(tests.path)
    assert {name: test["outcome"] for name, test in report.items()} == {
        "test_first": "passed",
        "test_flaky": "failed",
    }
    assert list(_baseline(tests.path)) == ["test_first"]


def test_collect_only_runs_and_writes_nothing(tests: pytest.Pytester) -> None:
    result = tests.runpytest("--co", "-q", *_FILES)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["test_net.py::test_first?emu-nrf52840?", "3 tests collected in *"])
    result.stdout.no_fnmatch_line("*arielml =*")
    assert not (tests.path / "out").exists()
    assert not (tests.path / "base.json").exists()


def test_verbosity_decides_how_much_is_said(tests: pytest.Pytester) -> None:
    quiet = tests.runpytest("-q", "-k", "test_first")
    quiet.stdout.no_fnmatch_line("*arielml =*")
    quiet.stdout.no_fnmatch_line("model *target*")
    plain = tests.runpytest("-k", "test_first")
    plain.stdout.fnmatch_lines(["*= arielml =*", "model *target *instructions*", "lenet5-int8 *"])
    plain.stdout.no_fnmatch_line("weights *")
    detailed = tests.runpytest("-v", "-k", "test_first")
    detailed.stdout.fnmatch_lines(["*= arielml =*", "model *", "weights *", "in all *"])
    # What failed and what was written is said all the same.
    failed = tests.runpytest("-q", "-k", "test_flaky", *_FILES)
    failed.assert_outcomes(failed=1, deselected=2)
    failed.stdout.fnmatch_lines(["baseline: nothing to record *", "report: *report.html"])
    failed.stdout.fnmatch_lines(["FAILED *test_flaky*not yet"])


def test_reruns_count_once_and_the_last_attempt_wins(tests: pytest.Pytester) -> None:
    result = tests.runpytest_subprocess("--reruns=1", *_FILES)
    result.stdout.fnmatch_lines(["*3 passed, 1 rerun in *"])
    result.stdout.no_fnmatch_line("*traced*")
    report = _report(tests.path)
    assert _names([test["test"] for test in report.values()]) == [
        "test_first",
        "test_flaky",
        "test_last",
    ]
    assert {test["outcome"] for test in report.values()} == {"passed"}
    assert [record["traced"] for record in report["test_flaky"]["records"]] == [False]
    assert report["test_flaky"]["message"] == ""
    assert list(_baseline(tests.path)["test_flaky"]) == ["lenet5-int8"]


def test_workers_and_reruns_merge_as_one_process_does(tests: pytest.Pytester) -> None:
    alone = tests.runpytest_subprocess("--reruns=1", *_FILES)
    alone.stdout.fnmatch_lines(["*3 passed, 1 rerun in *"])
    report, baseline = _report(tests.path), _baseline(tests.path)
    (tests.path / "base.json").unlink()
    (tests.path / "ran").unlink()
    shared = tests.runpytest_subprocess("-n", "2", "--reruns=1", *_FILES)
    shared.stdout.fnmatch_lines(["lenet5-int8 *emu-nrf52840*", "*3 passed* in *"])
    assert sum(line.startswith("lenet5-int8 ") for line in shared.outlines) == 1
    assert _baseline(tests.path) == baseline
    again = _report(tests.path)
    assert set(again) == set(report)
    for name, test in again.items():
        for record, before in zip(test["records"], report[name]["records"], strict=True):
            figures = ("instructions", "flash", "ram", "stack", "calls", "image_sha256")
            assert [record[each] for each in figures] == [before[each] for each in figures]


def test_last_failed_judges_only_what_runs(tests: pytest.Pytester) -> None:
    baseline = ("--arielml-baseline=base.json",)
    tests.runpytest_subprocess("--reruns=1", *baseline, "--arielml-update-baseline")
    # What was recorded of the others is made impossible to keep.
    path = tests.path / "base.json"
    content = json.loads(path.read_text())
    for name, kept in content["tests"].items():
        if "test_last" in name:
            kept["lenet5-int8"]["flash"] = 1
    path.write_text(json.dumps(content))
    whole = tests.runpytest(*baseline)
    whole.assert_outcomes(passed=2, failed=1)
    whole.stdout.fnmatch_lines(["*lenet5-int8 flash *WORSE"])
    others = tests.runpytest(*baseline, "-k", "not test_last")
    others.assert_outcomes(passed=2, deselected=1)
    others.stdout.fnmatch_lines(["baseline: 8 figures compared, 0 worse than allowed*"])
    tests.runpytest(*baseline)
    failed = tests.runpytest(*baseline, "--lf")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["baseline: 4 figures compared, 1 worse than allowed*"])
