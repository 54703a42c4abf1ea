"""The main job, as a user writes it."""

from __future__ import annotations

import pytest


def test_a_model_runs_and_matches_its_reference(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        from lenet5 import IMAGE, MODEL

        def test_lenet5(arielml):
            lenet5 = arielml.deploy(MODEL)
            result = lenet5.run(IMAGE)
            result.assert_matches(arielml.reference(MODEL, IMAGE))
            assert result.instructions < 2_600_000
            assert result.seconds_are_estimated
            assert lenet5.size.flash < 160 * 1024
            assert arielml.deploy(MODEL) is lenet5
            assert arielml.target.name == "emu-nrf52840"
            assert [d.work_items for d in result.dispatches]
            assert sum(d.instructions for d in result.dispatches) < result.instructions
        """
    )
    result = lenet5_test.runpytest("-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_lenet5?emu-nrf52840?*PASSED*",
            "*= arielml =*",
            "model*target*instructions*est. time*flash*RAM*stack*",
            "lenet5-int8*emu-nrf52840*ms*KiB*",
            "*in all*",
        ]
    )


def test_a_wrong_expectation_fails_with_a_table(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        import numpy as np
        from lenet5 import IMAGE, MODEL

        def test_lenet5(arielml):
            result = arielml.deploy(MODEL).run(IMAGE)
            wrong = result.output.copy()
            wrong[0, 3] += 1
            result.assert_matches(wrong)
        """
    )
    result = lenet5_test.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*result.assert_matches(wrong)*", "*lenet5-int8 on emu-nrf52840*"])
    result.stdout.no_fnmatch_line("*pytest_arielml/session*")


def test_accuracy_below_its_bound_fails(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        from lenet5 import IMAGES, LABELS, MODEL

        def test_holds(arielml):
            accuracy = arielml.accuracy(arielml.deploy(MODEL), IMAGES, LABELS, limit=4)
            assert accuracy.n == 4

        def test_breaks(arielml):
            wrong = (LABELS + 1) % 10
            arielml.accuracy(arielml.deploy(MODEL), IMAGES, wrong, min_top1=0.5, limit=4)
        """
    )
    result = lenet5_test.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*top-1 is *, at least 50.00% is asked for*"])


def test_quiet_runs_show_no_table(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        "from lenet5 import MODEL\ndef test_it(arielml): arielml.deploy(MODEL)\n"
    )
    result = lenet5_test.runpytest("-q")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*= arielml =*")


def test_workers_of_xdist_report_to_one_table(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        import pytest
        from lenet5 import IMAGE, MODEL

        @pytest.mark.parametrize("turn", [1, 2])
        def test_lenet5(arielml, turn):
            arielml.deploy(MODEL).run(IMAGE)
        """
    )
    result = lenet5_test.runpytest_subprocess("-n", "2")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*= arielml =*", "lenet5-int8*emu-nrf52840*KiB*"])


def test_nothing_is_left_in_the_current_directory(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        from lenet5 import IMAGE, MODEL

        def test_lenet5(arielml):
            arielml.deploy(MODEL).run(IMAGE)
        """
    )
    before = {path.name for path in lenet5_test.path.iterdir()}
    lenet5_test.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=1)
    after = {path.name for path in lenet5_test.path.iterdir()} - {"__pycache__"}
    assert after == before - {"__pycache__"}
