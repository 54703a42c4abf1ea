"""`arielml_budget` and `arielml_requires`."""

from __future__ import annotations

import pytest


def test_a_budget_that_holds_passes(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        import pytest
        from lenet5 import IMAGE, MODEL

        @pytest.mark.arielml_budget(
            instructions="2.6M", latency="80ms", flash="160KiB", ram="32KiB", stack="4KiB")
        def test_lenet5(arielml):
            arielml.deploy(MODEL).run(IMAGE)
        """
    )
    lenet5_test.runpytest().assert_outcomes(passed=1)


def test_a_budget_that_does_not_hold_fails_with_a_table(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        import pytest
        from lenet5 import IMAGE, MODEL

        @pytest.mark.arielml_budget(instructions="1k", flash="1KiB", latency="1us", stack="4KiB")
        def test_lenet5(arielml):
            arielml.deploy(MODEL).run(IMAGE)
        """
    )
    result = lenet5_test.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*budget*measured*margin*"])
    for what in ("*instructions*1,000*", "*flash*1.0 KiB*", "*latency*estimated*"):
        result.stdout.fnmatch_lines([what])
    result.stdout.fnmatch_lines(["*_dispatch_*"])
    result.stdout.no_fnmatch_line("*pytest_arielml/budgets.py*")
    result.stdout.no_fnmatch_line("*another exception*")


def test_an_unknown_budget_is_refused_by_name(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        import pytest

        @pytest.mark.arielml_budget(instuctions="1M")
        def test_lenet5(arielml):
            pass
        """
    )
    result = lenet5_test.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*instuctions*"])
    result.stdout.fnmatch_lines(["*did you mean*instructions*"])


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("cores=2", "*needs 2 cores, emu-nrf52840 uses 1*"),
        ("fpu=False", "*needs no FPU, nrf52840 has one*"),
        ("ram='1MiB'", "*needs 1.00 MiB of RAM, nrf52840 has 256.0 KiB*"),
        ("runner='serial'", "*needs the runner serial, this is emu*"),
    ],
)
def test_what_the_target_lacks_skips_with_the_reason(
    pytester: pytest.Pytester, requirement: str, reason: str
) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.arielml_requires({requirement})
        def test_it(arielml):
            raise AssertionError("runs")
        """
    )
    result = pytester.runpytest("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([reason])


def test_requirements_that_are_met_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.arielml_requires(cores=1, fpu=True, ram="128KiB", runner="emu")
        def test_it(arielml):
            pass
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)


def test_an_unknown_requirement_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.arielml_requires(core=2)
        def test_it(arielml):
            pass
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*arielml_requires does not know 'core'*", "*did you mean cores*"])
