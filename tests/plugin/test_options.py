"""Options, their ini twins, and what wrong ones say."""

from __future__ import annotations

import pytest

_TARGET = """
def test_target(arielml):
    print("runs on", arielml.target.name, "with", arielml.target.cores)
"""


def test_the_default_target_is_the_emulated_nrf52840(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_TARGET)
    result = pytester.runpytest("-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*runs on emu-nrf52840 with 1*"])


def test_the_ini_file_names_targets(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\narielml_target =\n    emu-nrf52840\n")
    pytester.makepyfile(_TARGET)
    result = pytester.runpytest("--collect-only", "-q")
    result.stdout.fnmatch_lines(["*test_target?emu-nrf52840?"])


@pytest.mark.parametrize("name", ["emu-nrf5284", "emu", "emu-", "nrf52840", "emu-nrf52840-x", ""])
def test_an_unknown_target_names_the_near_ones(pytester: pytest.Pytester, name: str) -> None:
    pytester.makepyfile(_TARGET)
    result = pytester.runpytest(f"--arielml-target={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*unknown target '{name}'*", "*emu-nrf52840*"])
    result.stderr.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--arielml-cores=2", "*cannot run on 2 cores*"),
        ("--arielml-scheduler=fair", "*unknown scheduler 'fair'*"),
        ("--arielml-timeout=soon", "*--arielml-timeout is not a quantity*"),
        ("--arielml-timeout=0", "*--arielml-timeout must be above 0*"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_runs(
    pytester: pytest.Pytester, option: str, says: str
) -> None:
    pytester.makepyfile(_TARGET)
    result = pytester.runpytest(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([says])


def test_a_wrong_value_in_the_ini_file_is_refused_too(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\narielml_cores = many\n")
    pytester.makepyfile(_TARGET)
    result = pytester.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*arielml_cores is not a number*"])


def test_help_lists_the_options(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--help")
    result.stdout.fnmatch_lines(
        ["arielml: neural networks on microcontrollers:*", "*--arielml-target=RUNNER-BOARD*"]
    )


def test_tests_that_do_not_use_the_fixture_are_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_plain(): pass\n")
    result = pytester.runpytest("-v")
    result.stdout.fnmatch_lines(["*::test_plain PASSED*"])
    result.stdout.no_fnmatch_line("*= arielml =*")


def test_a_runner_and_a_board_that_do_not_go_together(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(arielml): pass")
    result = pytester.runpytest("--arielml-target", "qemu-nrf52840")
    result.stderr.fnmatch_lines(
        [
            "*the runner qemu does not run nrf52840",
            "*expected: emu-nrf52840, renode-nrf52840, serial-nrf52840",
            "*next: *qemu runs: qemu-microbit, *qemu-riscv-virt",
        ]
    )
