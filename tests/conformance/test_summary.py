from __future__ import annotations

from conformance.onnx.outcome import Stage
from conformance.onnx.summary import Line, by_operator, by_stage

LINES = [
    Line("emu-x", "test_add", "Add", Stage.PASSED, frozen=False),
    Line("emu-x", "test_slice", "Slice", Stage.PASSED, frozen=True),
    Line("emu-x", "test_slice_neg", "Slice", Stage.COMPILE, frozen=False),
    Line("emu-x", "test_text", "StringConcat", Stage.TYPE, frozen=False),
]


def test_by_stage() -> None:
    assert list(by_stage(LINES)) == [
        "     1  unsupported type",
        "     1  compile",
        "     2  passed, 50.0% of 4 (1 with frozen operands)",
    ]


def test_by_operator() -> None:
    assert [" ".join(line.split()) for line in by_operator(LINES, every=False)] == [
        "Slice 1 of 2 1 compile",
        "StringConcat 0 of 1 1 unsupported type",
        "and 1 operators that pass in all of their cases",
    ]
    assert [line.split()[0] for line in by_operator(LINES, every=True)] == [
        "Add",
        "Slice",
        "StringConcat",
    ]


def test_lines_travel_as_plain_data() -> None:
    assert [Line.from_json(line.to_json()) for line in LINES] == LINES


def test_nothing_ran() -> None:
    assert list(by_stage([])) == ["     0  passed, none of 0"]
