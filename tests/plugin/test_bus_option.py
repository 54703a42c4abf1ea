"""The option of the bus model, and its twin in the ini file."""

from __future__ import annotations

import pytest


@pytest.fixture
def cycles(lenet5_test: pytest.Pytester) -> pytest.Pytester:
    """A test that says how many cycles an instruction of a call took."""
    lenet5_test.makepyfile(
        """
        from lenet5 import IMAGE, MODEL

        def test_lenet5(arielml):
            result = arielml.deploy(MODEL).run(IMAGE)
            clock = arielml.target.board.cores[0].clock_hz
            print(f"\\nCPI {result.seconds * clock / result.instructions:.2f}")
        """
    )
    return lenet5_test


def cpi(result: pytest.RunResult) -> float:
    """What the test said."""
    result.assert_outcomes(passed=1)
    (line,) = (line for line in result.outlines if line.startswith("CPI "))
    return float(line.removeprefix("CPI "))


def test_estimates_take_in_what_memories_take(cycles: pytest.Pytester) -> None:
    target = "--arielml-target=emu-stm32f4"
    plain = cpi(cycles.runpytest("-s", target))
    asked = cpi(cycles.runpytest("-s", target, "--arielml-bus-model"))
    cycles.makeini("[pytest]\narielml_bus_model = true\n")
    configured = cpi(cycles.runpytest("-s", target))
    assert plain < asked
    assert configured == asked


def test_a_board_without_figures_ends_the_run_at_once(cycles: pytest.Pytester) -> None:
    result = cycles.runpytest("--arielml-target=emu-nrf52840", "--arielml-bus-model")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*there is no bus model of nrf52840*", "*expected:*rp2040, stm32f4*", "*next:*"]
    )
