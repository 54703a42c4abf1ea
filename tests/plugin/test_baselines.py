"""Baselines in runs of pytest: figures that are made to get worse, on an emulated board."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., pytest.RunResult]

_COST = """
    import pytest
    from net import X, model

    def test_cost(arielml):
        arielml.deploy(model()).run(X[0])
"""
_ACCURACY = """
    from net import LABELS, X, model

    def test_accuracy(arielml):
        arielml.accuracy(arielml.deploy(model()), X, LABELS)
"""


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a model whose cost and mistakes the environment decides."""
    for name in ("CI", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(
        net='''
        import os
        import numpy as np
        from onnx import numpy_helper, parser

        def model():
            """Input i, one-hot, is of class i % 10; WIDTH floats lie between."""
            width = int(os.environ.get("WIDTH", "128"))
            table = np.zeros((100, 10), np.float32)
            table[np.arange(100), np.arange(100) % 10] = 1
            for wrong in range(int(os.environ.get("WRONG", "0"))):
                table[wrong] = np.roll(table[wrong], 1)
            up = np.eye(10, width, dtype=np.float32)
            net = parser.parse_model("""
                <ir_version: 8, opset_import: ["" : 17]>
                net (float[1,100] x) => (float[1,10] y) {
                  narrow = MatMul(x, table)
                  wide = MatMul(narrow, up)
                  bent = Tanh(wide)
                  y = MatMul(bent, down)
                }""")
            for name, array in (("table", table), ("up", up), ("down", up.T.copy())):
                net.graph.initializer.append(numpy_helper.from_array(array, name))
            return net

        X = np.eye(100, dtype=np.float32)[:, None]
        LABELS = np.arange(100) % 10
        '''
    )
    return pytester


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest with the baseline there, and a model as its keywords say."""

    def runner(*arguments: str, subprocess: bool = False, **environment: int) -> pytest.RunResult:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, str(value))
            start = pytester.runpytest_subprocess if subprocess else pytester.runpytest
            return start("--arielml-baseline=base.json", *arguments)

    return runner


def _recorded(pytester: pytest.Pytester) -> dict[str, Any]:
    """What the baseline has, by function of the test."""
    tests = json.loads((pytester.path / "base.json").read_text())["tests"]
    return {name.partition("::")[2].partition("[")[0]: kept["net"] for name, kept in tests.items()}


def _is_summary(line: str) -> bool:
    return "short test summary info" in line


def test_a_rise_of_5_percent_in_instructions_fails(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")  # where pytest does not cut the lines of its summary
    pytester.makeini("[pytest]\narielml_tolerance_flash = 100KiB\n")
    pytester.makepyfile(_COST)
    run("--arielml-update-baseline", WIDTH=640).assert_outcomes(passed=1)
    run(WIDTH=640).assert_outcomes(passed=1)
    worse = run(WIDTH=680)
    worse.assert_outcomes(failed=1)
    assert worse.ret == pytest.ExitCode.TESTS_FAILED
    worse.stdout.fnmatch_lines(
        [
            "*recorded*measured*change*allowed*",
            "*net instructions*+5.?%*WORSE",
            "*the model net is another file than the recorded one",
            "baseline: 4 figures compared, 1 worse than allowed, *",
            "FAILED *test_cost?emu-nrf52840? - worse than the baseline: net: instructions +5,*",
            "*= 1 failed in *",
        ],
        consecutive=False,
    )
    worse.stdout.no_fnmatch_line("*net ram*WORSE*")
    # One line a regression, and nothing of the table.
    summary = worse.outlines[worse.outlines.index(next(filter(_is_summary, worse.outlines))) :]
    assert len(summary) == 3


def test_a_rise_of_2_kib_in_ram_fails(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makeini(
        "[pytest]\narielml_tolerance_flash = 100KiB\narielml_tolerance_instructions = 1M\n"
    )
    pytester.makepyfile(_COST)
    run("--arielml-update-baseline", WIDTH=128).assert_outcomes(passed=1)
    worse = run(WIDTH=640)
    worse.assert_outcomes(failed=1)
    assert worse.ret == pytest.ExitCode.TESTS_FAILED
    worse.stdout.fnmatch_lines(
        [
            "*net ram * +2.0 KiB (+*WORSE",
            "baseline: 4 figures compared, 1 worse than allowed, *",
            "FAILED *test_cost?emu-nrf52840? - worse than the baseline: net: ram +2.0 KiB (+*",
        ]
    )
    worse.stdout.no_fnmatch_line("*net instructions*WORSE*")


def test_a_drop_of_1_point_in_accuracy_fails(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile(_ACCURACY)
    run("--arielml-update-baseline", WRONG=0).assert_outcomes(passed=1)
    worse = run(WRONG=1)
    worse.assert_outcomes(failed=1)
    assert worse.ret == pytest.ExitCode.TESTS_FAILED
    worse.stdout.fnmatch_lines(
        [
            "*net top1 *100.00 % *99.00 % *-1.00 points*WORSE",
            "baseline: 6 figures compared, 1 worse than allowed, *",
            "FAILED * - worse than the baseline: net: top1 -1.00 points, 100.00 % -> 99.00 %",
        ]
    )
    assert _recorded(pytester)["test_accuracy"]["top1"] == 1.0


def test_what_gets_better_passes_and_says_how_to_hold_it(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(_COST)
    run("--arielml-update-baseline", WIDTH=640).assert_outcomes(passed=1)
    better = run("-v", WIDTH=128)
    better.assert_outcomes(passed=1)
    better.stdout.fnmatch_lines(
        ["*hold what is better with --arielml-update-baseline", "*-2.0 KiB*"]
    )
    updated = run("--arielml-update-baseline", WIDTH=128)
    updated.stdout.fnmatch_lines(["baseline: recorded 1 test in *base.json: 0 new, 1 changed"])
    run(WIDTH=640).assert_outcomes(failed=1)


def test_update_takes_what_got_worse(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(_COST)
    run("--arielml-update-baseline", WIDTH=128).assert_outcomes(passed=1)
    run("--arielml-update-baseline", WIDTH=640).assert_outcomes(passed=1)
    run(WIDTH=640).assert_outcomes(passed=1)


def test_a_test_that_does_not_run_is_kept(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_net_cost=_COST, test_net_points=_ACCURACY)
    run("--arielml-update-baseline").assert_outcomes(passed=2)
    before = _recorded(pytester)
    assert set(before) == {"test_cost", "test_accuracy"}
    selected = run("-k", "test_cost")
    selected.assert_outcomes(passed=1, deselected=1)
    selected.stdout.fnmatch_lines(["baseline: 4 figures compared, 0 worse than allowed*"])
    update = run("-k", "test_cost", "--arielml-update-baseline", WIDTH=640)
    update.stdout.fnmatch_lines(
        ["baseline: recorded 1 test in *; kept: 1 that did not pass or run"]
    )
    after = _recorded(pytester)
    assert after["test_accuracy"] == before["test_accuracy"]
    assert after["test_cost"] != before["test_cost"]


def test_a_test_that_fails_is_not_recorded(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_net_cost=_COST, test_net_broken=_COST + "        assert False\n")
    result = run("--arielml-update-baseline")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["baseline: recorded 1 test *; not recorded: 1 that failed"])
    tests = json.loads((pytester.path / "base.json").read_text())["tests"]
    assert list(tests) == ["test_net_cost.py::test_cost[emu-nrf52840]"]


def test_last_failed_runs_what_got_worse(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_net_cost=_COST, test_net_points=_ACCURACY)
    run("--arielml-update-baseline").assert_outcomes(passed=2)
    run(WRONG=1).assert_outcomes(passed=1, failed=1)
    again = run("--lf", WRONG=1)
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*net top1*WORSE"])
    run("--lf").assert_outcomes(passed=1)


def test_what_is_measured_no_more_fails(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(_COST)
    run("--arielml-update-baseline").assert_outcomes(passed=1)
    pytester.makepyfile(_COST.replace(".run(X[0])", ""))
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*net: instructions is measured no more*"])


def test_figures_do_not_depend_on_what_ran_before(pytester: pytest.Pytester, run: Run) -> None:
    """A deployment is shared by the tests; what one needs is not what another needs."""
    pytester.makepyfile(
        """
        from net import X, model

        def test_boots(arielml):
            arielml.deploy(model())

        def test_calls(arielml):
            arielml.deploy(model()).run(X[0])

        def test_only_deploys(arielml):
            arielml.deploy(model())
        """
    )
    run("--arielml-update-baseline").assert_outcomes(passed=3)
    recorded = _recorded(pytester)
    assert recorded["test_boots"] == recorded["test_only_deploys"]
    assert recorded["test_boots"]["ram"] < recorded["test_calls"]["ram"]


@pytest.mark.parametrize("dist", ["load", "loadgroup"])
def test_workers_of_xdist_send_what_they_measure(
    pytester: pytest.Pytester, run: Run, dist: str
) -> None:
    pytester.makepyfile(
        """
        import pytest
        from net import X, model

        @pytest.mark.xdist_group("boards")
        @pytest.mark.parametrize("turn", range(4))
        def test_cost(arielml, turn):
            arielml.deploy(model()).run(X[turn])
        """
    )
    workers = ("-n", "2", "--dist", dist)
    run(*workers, "--arielml-update-baseline", subprocess=True).assert_outcomes(passed=4)
    tests = json.loads((pytester.path / "base.json").read_text())["tests"]
    assert len(tests) == 4
    assert all(name.endswith("]") for name in tests)
    run(*workers, subprocess=True).assert_outcomes(passed=4)
    run().assert_outcomes(passed=4)
    worse = run(*workers, subprocess=True, WIDTH=640)
    worse.assert_outcomes(failed=4)
    worse.stdout.fnmatch_lines(["baseline: 16 figures compared, 12 worse than allowed*"])


def test_of_reruns_the_last_counts(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        """
        from net import X, model

        def test_flaky(arielml, tmp_path_factory):
            mark = tmp_path_factory.getbasetemp() / "ran"
            arielml.deploy(model()).run(X[0])
            if not mark.exists():
                mark.touch()
                arielml.deploy(model(), trace=True)
                assert False
        """
    )
    result = run("--reruns=2", "--arielml-update-baseline", subprocess=True)
    result.stdout.fnmatch_lines(["*1 passed, 1 rerun in *"])
    tests = json.loads((pytester.path / "base.json").read_text())["tests"]
    assert list(tests) == ["test_of_reruns_the_last_counts.py::test_flaky[emu-nrf52840]"]
    (deployments,) = tests.values()
    assert list(deployments) == ["net"]
    worse = run("--reruns=2", subprocess=True, WIDTH=640)
    worse.stdout.fnmatch_lines(["*1 failed, 2 rerun in *"])
    assert worse.ret == pytest.ExitCode.TESTS_FAILED


def test_without_a_file_the_run_ends_at_once(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(_COST)
    result = run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no such baseline*", "*--arielml-update-baseline*"])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_update_without_a_name_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_COST)
    result = pytester.runpytest("--arielml-update-baseline")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*does not know which file to record in*"])


def test_a_wrong_tolerance_is_refused(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini("[pytest]\narielml_tolerance_ram = some\n")
    pytester.makepyfile(_COST)
    result = run("--arielml-update-baseline")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*arielml_tolerance_ram is not a quantity*"])


def test_a_baseline_that_cannot_be_written_fails_the_run(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(_COST)
    (pytester.path / "file").write_text("no folder")
    result = pytester.runpytest("--arielml-baseline=file/base.json", "--arielml-update-baseline")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*the baseline cannot be written*"])


def test_the_ini_file_names_it_from_its_own_folder(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\narielml_baseline = kept/base.json\n")
    test = pytester.makepyfile(_COST)
    below = pytester.mkdir("below")
    monkeypatch.chdir(below)
    pytester.runpytest(str(test), "--arielml-update-baseline").assert_outcomes(passed=1)
    assert (pytester.path / "kept" / "base.json").is_file()
    pytester.runpytest(str(test)).assert_outcomes(passed=1)
    assert not list(Path(below).iterdir())


def test_nothing_runs_nothing_is_recorded(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(_COST)
    result = run("--collect-only", "--arielml-update-baseline")
    assert result.ret == 0
    assert not (pytester.path / "base.json").exists()
