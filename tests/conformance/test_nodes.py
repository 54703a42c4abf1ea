"""The suite itself, on a few cases of its own target."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.onnx import expectations
from conformance.onnx.expectations import Expectations, Expected, write
from conformance.onnx.outcome import Stage
from pytest_arielml.boards import load_board

SUITE = Path(__file__).parents[2] / "conformance" / "onnx" / "test_onnx_nodes.py"
BOARD = load_board("nrf52840")
#: One that passes, one of an unsupported type, one that IREE refuses, one to freeze.
CASES = (
    "test_abs",
    "test_cast_FLOAT_to_INT2",
    "test_image_decoder_decode_bmp_rgb",
    "test_slice",
)
TABLE = Expectations(
    {
        CASES[1]: Expected(Stage.TYPE, "int2"),
        CASES[2]: Expected(Stage.COMPILE, "IREE has no ImageDecoder"),
    },
    {CASES[3]: ("starts", "ends", "axes", "steps")},
)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setattr(expectations, "FOLDER", pytester.path)
    return Suite(pytester)


class Suite:
    """Runs the suite's few cases with a table of expectations."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester

    def run(self, table: Expectations, *arguments: str) -> pytest.RunResult:
        write(expectations.table_path(BOARD), BOARD, table)
        tests = [f"{SUITE}::test_node[{name}-emu-nrf52840]" for name in CASES]
        return self._pytester.runpytest_inprocess(
            *tests, *arguments, "-p", "no:cacheprovider", f"--rootdir={SUITE.parents[2]}"
        )


def test_all_as_listed(suite: Suite) -> None:
    result = suite.run(TABLE)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*ONNX node cases on emu-nrf52840*",
            "*1  unsupported type",
            "*1  compile",
            "*2  passed, 50.0% of 4 (1 with frozen operands)",
            "Cast *0 of 1 *1 unsupported type",
            "ImageDecoder *0 of 1 *1 compile",
            "and 2 operators that pass in all of their cases",
            "*2 passed, 2 listed*",
        ]
    )


def test_a_listed_case_that_passes_fails_the_run(suite: Suite) -> None:
    listed = {**TABLE.listed, "test_abs": Expected(Stage.NUMERICS, "not any more")}
    result = suite.run(Expectations(listed, TABLE.frozen))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["test_abs passes, but is listed as not passing (numerics: not any more); take it off: *"]
    )


def test_a_case_that_is_not_listed_and_does_not_pass_fails_the_run(suite: Suite) -> None:
    listed = {name: each for name, each in TABLE.listed.items() if each.stage is Stage.TYPE}
    result = suite.run(Expectations(listed, {}))
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "test_image_decoder_decode_bmp_rgb compile: *ImageDecoder*",
            "test_slice compile: *Slice*",
        ]
    )


def test_another_stage_than_listed_fails_the_run(suite: Suite) -> None:
    listed = {**TABLE.listed, CASES[2]: Expected(Stage.FIT, "too large")}
    result = suite.run(Expectations(listed, TABLE.frozen))
    result.stdout.fnmatch_lines(["*but is listed as: does not fit the board: too large"])
    assert result.ret == 1


def test_a_table_for_other_cases(suite: Suite) -> None:
    listed = {**TABLE.listed, "test_gone": Expected(Stage.COMPILE, "refused")}
    result = suite.run(Expectations(listed, TABLE.frozen, onnx="1.22.0"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*is for onnx 1.22.0, and onnx * has no case test_gone*"])


def test_a_table_that_cannot_be_read(suite: Suite, pytester: pytest.Pytester) -> None:
    suite.run(TABLE)
    expectations.table_path(BOARD).write_text("onnx = ")
    result = pytester.runpytest_inprocess(
        f"{SUITE}::test_node[test_abs-emu-nrf52840]", f"--rootdir={SUITE.parents[2]}"
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*this is not a table of expectations*"])
