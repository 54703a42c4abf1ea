from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import onnx
import pytest

from conformance.onnx.bench import Bench
from conformance.onnx.cases import Case, load_cases
from conformance.onnx.expectations import Expectations, Expected
from conformance.onnx.outcome import Outcome, Stage
from conformance.onnx.update import Change, changes, main, measure, table_of

BEFORE = Expectations(
    {
        "test_kept": Expected(Stage.NUMERICS, "why, by hand"),
        "test_moved": Expected(Stage.COMPILE, "refused"),
        "test_mended": Expected(Stage.COMPILE, "refused"),
    }
)
OUTCOMES = {
    "test_kept": Outcome(Stage.NUMERICS, "1 of 2 values differ"),
    "test_moved": Outcome(Stage.NUMERICS, "2 of 2 values differ"),
    "test_mended": Outcome(Stage.PASSED),
    "test_new": Outcome(Stage.IMPORT, "no"),
    "test_slice": Outcome(Stage.PASSED, "", ("starts",)),
    "test_faulted": Outcome(Stage.RUN, "hung"),
}


def test_the_new_table() -> None:
    after = table_of(OUTCOMES, BEFORE)
    assert after.listed == {
        "test_kept": Expected(Stage.NUMERICS, "why, by hand"),
        "test_moved": Expected(Stage.NUMERICS, "2 of 2 values differ"),
        "test_new": Expected(Stage.IMPORT, "no"),
    }
    assert after.frozen == {"test_slice": ("starts",)}
    assert after.onnx == onnx.__version__


def test_cases_that_were_not_run_keep_their_entries() -> None:
    before = Expectations(BEFORE.listed, {"test_pad": ("pads",), "test_gone": ("axes",)})
    outcomes = {"test_kept": Outcome(Stage.PASSED), "test_moved": OUTCOMES["test_moved"]}
    after = table_of(outcomes, before, kept={"test_mended", "test_pad"})
    assert after.listed == {
        "test_moved": Expected(Stage.NUMERICS, "2 of 2 values differ"),
        "test_mended": Expected(Stage.COMPILE, "refused"),
    }
    assert after.frozen == {"test_pad": ("pads",)}


def test_only_the_cases_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["-k", "test_celu_bfloat16", "-k", "test_cast_FLOAT_to_INT2"]
    assert main(["--check", *asked]) == 0
    said = capsys.readouterr().out
    assert "0 entries changed" in said
    # One of a type that does not travel, and both forms of Celu.
    assert "1  unsupported type" in said
    assert "2  passed, 66.7% of 3" in said


def test_no_case_has_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--check", "-k", "no_such", "-k", "neither"])
    assert "no case has no_such or neither in its name" in capsys.readouterr().err


def test_what_changed() -> None:
    assert list(changes(BEFORE, table_of(OUTCOMES, BEFORE))) == [
        Change("test_mended", "compile", "passes"),
        Change("test_moved", "compile", "numerics"),
        Change("test_new", "passes", "import"),
        Change("test_slice", "passes", "passes with starts frozen"),
    ]
    assert not list(changes(BEFORE, BEFORE))


class _Bench:
    """Ends a case at one stage as it is, and at another with frozen operands."""

    def __init__(self, plain: Stage, frozen: Stage) -> None:
        self.ends = (plain, frozen)

    def run(self, case: Case, frozen: Sequence[str] = ()) -> Outcome:
        return Outcome(self.ends[bool(frozen)], "", tuple(frozen))


def test_as_few_as_it_takes() -> None:
    case = next(case for case in load_cases() if case.name == "test_resize_tf_crop_and_resize")
    tried = []

    class Picky:
        def run(self, case: Case, frozen: Sequence[str] = ()) -> Outcome:
            tried.append(tuple(frozen))
            return Outcome(Stage.PASSED if len(frozen) > 1 else Stage.COMPILE, "", tuple(frozen))

    assert measure(cast("Bench", Picky()), case).frozen == ("roi", "sizes")
    assert tried == [(), ("sizes",), ("roi", "sizes")]


@pytest.mark.parametrize(
    ("name", "plain", "frozen", "stage", "helped"),
    [
        ("test_slice", Stage.PASSED, Stage.PASSED, Stage.PASSED, False),
        ("test_slice", Stage.COMPILE, Stage.PASSED, Stage.PASSED, True),
        ("test_slice", Stage.COMPILE, Stage.NUMERICS, Stage.NUMERICS, True),
        ("test_slice", Stage.COMPILE, Stage.COMPILE, Stage.COMPILE, False),
        ("test_slice", Stage.NUMERICS, Stage.PASSED, Stage.PASSED, True),
        ("test_slice", Stage.NUMERICS, Stage.COMPILE, Stage.NUMERICS, False),
        ("test_slice", Stage.FIT, Stage.PASSED, Stage.FIT, False),
        ("test_cumsum_2d_axis_0", Stage.COMPILE, Stage.PASSED, Stage.PASSED, True),
        ("test_add", Stage.COMPILE, Stage.PASSED, Stage.COMPILE, False),
    ],
)
def test_operands_are_frozen_where_it_does_not_pass_otherwise(
    name: str, plain: Stage, frozen: Stage, stage: Stage, helped: bool
) -> None:
    case = next(case for case in load_cases() if case.name == name)
    outcome = measure(cast("Bench", _Bench(plain, frozen)), case)
    assert outcome.stage is stage
    assert bool(outcome.frozen) is helped
