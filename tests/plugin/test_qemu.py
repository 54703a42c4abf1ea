"""The target `qemu-...` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

TARGET = "--arielml-target=qemu-mps2-an386"


@pytest.fixture
def one_call(lenet5_test: pytest.Pytester) -> pytest.Pytester:
    lenet5_test.makepyfile(
        """
        from lenet5 import IMAGE, MODEL

        def test_lenet5(arielml):
            result = arielml.deploy(MODEL).run(IMAGE)
            result.assert_matches(arielml.reference(MODEL, IMAGE))
            assert 500_000 < result.instructions < 2_600_000
            assert bool(result.dispatches) == (arielml.target.runner == "emu")
        """
    )
    return lenet5_test


@pytest.mark.usefixtures("qemu")
def test_a_model_runs_and_matches_its_reference(one_call: pytest.Pytester) -> None:
    result = one_call.runpytest("-v", TARGET, "--arielml-target=emu-mps2-an386")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["lenet5*qemu-mps2-an386*ms*KiB*"])


def test_without_qemu_the_run_ends_at_once_with_what_to_install(
    one_call: pytest.Pytester, tmp_path: Path
) -> None:
    result = one_call.runpytest(TARGET, f"--arielml-qemu={tmp_path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*there is no qemu-system-arm at*", "*next:*apt-get install qemu-system-arm*"]
    )


def test_without_qemu_tests_can_be_skipped(one_call: pytest.Pytester, tmp_path: Path) -> None:
    one_call.makeini(f"[pytest]\narielml_qemu = {tmp_path}\n")
    result = one_call.runpytest("-rs", TARGET, "--arielml-skip-unavailable")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*qemu-mps2-an386: there is no qemu-system-arm at*"])
