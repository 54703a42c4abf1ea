from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_arielml.baseline import Baseline, Change, figures, regression_text
from pytest_arielml.errors import UsageError
from pytest_arielml.tolerances import KINDS, parse_tolerances

TEST = "tests/test_net.py::test_net[emu-nrf52840]"
DEFAULT = parse_tolerances({})
EXACT = parse_tolerances(dict.fromkeys((kind.name for kind in KINDS), "0%"))


@dataclass
class Record:
    key: str = "net"
    target: str = "emu-nrf52840"
    model_sha256: str = "a" * 64
    calls: int = 1
    instructions: int | None = 1_000_000
    flash: int = 100_000
    ram: int = 20_000
    stack: int = 2_000
    accuracy: dict[str, Any] | None = None


ACCURATE = replace(Record(), accuracy={"top1": 0.97, "agreement": 1.0, "n": 500})


def _recorded(*records: Record) -> Baseline:
    return Baseline().updated({TEST: records or (ACCURATE,)}, made_with={"compiler": "1"})


def _worse(changes: list[Change]) -> list[str]:
    return [change.figure for change in changes if change.regressed]


def test_the_file_is_sorted_with_one_figure_a_line(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    _recorded().write(path)
    lines = [line.strip().rstrip(",") for line in path.read_text().splitlines()]
    wanted = ['"agreement": 1.0', '"flash": 100000', '"inputs": 500', '"instructions": 1000000']
    assert [line for line in lines if line in wanted] == wanted
    assert Baseline.read(path) == _recorded()


def test_other_tests_keep_their_figures() -> None:
    baseline = _recorded().updated({"other": [Record()]}, made_with={})
    assert set(baseline.tests) == {TEST, "other"}
    assert baseline.tests[TEST] == _recorded().tests[TEST]


@pytest.mark.parametrize(
    ("figure", "allowed", "worse"),
    [
        ("instructions", 1_010_000, 1_010_001),
        ("flash", 101_024, 101_025),
        ("ram", 20_512, 20_513),
        ("stack", 2_256, 2_257),
    ],
)
def test_each_kind_has_its_tolerance(figure: str, allowed: int, worse: int) -> None:
    compare = _recorded().compare
    assert not _worse(compare(TEST, [replace(ACCURATE, **{figure: allowed})], DEFAULT))
    assert _worse(compare(TEST, [replace(ACCURATE, **{figure: worse})], DEFAULT)) == [figure]


@pytest.mark.parametrize(("top1", "agreement"), [(0.965, 1.0), (0.97, 0.995), (0.99, 1.0)])
def test_accuracy_within_half_a_point(top1: float, agreement: float) -> None:
    now = replace(Record(), accuracy={"top1": top1, "agreement": agreement, "n": 500})
    assert not _worse(_recorded().compare(TEST, [now], DEFAULT))


def test_accuracy_falls() -> None:
    now = replace(Record(), accuracy={"top1": 0.964, "agreement": 0.994, "n": 500})
    assert _worse(_recorded().compare(TEST, [now], DEFAULT)) == ["top1", "agreement"]


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_without_tolerance_anything_more_is_worse(before: int, now: int) -> None:
    changes = _recorded(replace(Record(), ram=before)).compare(
        TEST, [replace(Record(), ram=now)], EXACT
    )
    assert ("ram" in _worse(changes)) is (now > before)
    (change,) = (change for change in changes if change.figure == "ram")
    assert change.improved is (now < before)


def test_what_is_measured_no_more_is_worse() -> None:
    changes = _recorded().compare(TEST, [Record()], DEFAULT)
    assert _worse(changes) == ["top1", "agreement"]
    assert len(_worse(_recorded().compare(TEST, [], DEFAULT))) == 6
    text = regression_text(changes, [], where="baseline.json")
    assert text is not None
    assert "net: top1 is measured no more" in text


def test_what_is_not_recorded_is_not_compared() -> None:
    assert _recorded().compare("another", [Record()], DEFAULT) == []
    assert _recorded().compare(TEST, [ACCURATE, replace(Record(), key="net #2")], DEFAULT)
    other = replace(ACCURATE, accuracy={"top1": 0.1, "agreement": 0.1, "n": 10})
    assert not _worse(_recorded().compare(TEST, [other], DEFAULT))
    (note,) = _recorded().notes(TEST, [other], {})
    assert "on 10 inputs now and 500 then" in note


def test_of_this_machine_accuracy_alone_is_kept() -> None:
    assert figures(replace(Record(), target="host")) == {}
    assert set(figures(replace(ACCURATE, target="host"))) == {
        "top1",
        "agreement",
        "inputs",
        "model_sha256",
    }
    assert "instructions" not in figures(replace(Record(), instructions=None))


def test_the_failure_in_full() -> None:
    now = replace(ACCURATE, instructions=1_050_000, ram=22_048, flash=99_000, model_sha256="b" * 64)
    baseline = _recorded()
    notes = baseline.notes(TEST, [now], {"compiler": "2"})
    assert regression_text(
        baseline.compare(TEST, [now], DEFAULT), notes, where="baseline.json"
    ) == (
        "worse than the baseline: net: instructions +50,000 (+5.0%), 1,000,000 -> 1,050,000\n"
        "worse than the baseline: net: ram +2.0 KiB (+10.2%), 19.5 KiB -> 21.5 KiB\n"
        "                     recorded   measured             change    allowed\n"
        "  net instructions  1,000,000  1,050,000    +50,000 (+5.0%)  1,010,000  WORSE\n"
        "  net flash          97.7 KiB   96.7 KiB    -1000 B (-1.0%)   98.7 KiB\n"
        "  net ram            19.5 KiB   21.5 KiB  +2.0 KiB (+10.2%)   20.0 KiB  WORSE\n"
        "  net stack           2.0 KiB    2.0 KiB                       2.2 KiB\n"
        "  net top1            97.00 %    97.00 %                       96.50 %\n"
        "  net agreement      100.00 %   100.00 %                       99.50 %\n"
        "  the model net is another file than the recorded one\n"
        "  recorded with compiler 1, now 2\n"
        "  baseline: baseline.json; accept this with --arielml-update-baseline"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected: JSON"),
        ("[]", "expected: format 1"),
        ('{"format": 2}', "expected: format 1"),
        ('{"format": 1}', "expected: tests by id"),
        ('{"format": 1, "tests": {"t": 1}}', "expected: deployments of t"),
        ('{"format": 1, "tests": {"t": {"net": 1}}}', "expected: figures of net in t"),
        ('{"format": 1, "tests": {"t": {"net": {"ram": "1"}}}}', "expected: a number for ram"),
        ('{"format": 1, "tests": {"t": {"net": {"ram": -1}}}}', "expected: a number for ram"),
        ('{"format": 1, "tests": {"t": {"net": {"ram": NaN}}}}', "expected: a number for ram"),
    ],
)
def test_a_file_that_is_no_baseline(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        Baseline.read(path)
    assert says in str(refused.value)
    assert str(path) in str(refused.value)


def test_an_unknown_figure_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    content = {"format": 1, "tests": {TEST: {"net": {"ram": 1, "joules": 2}}}}
    path.write_text(json.dumps(content))
    changes = Baseline.read(path).compare(TEST, [replace(Record(), ram=1)], DEFAULT)
    assert [change.figure for change in changes] == ["ram"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("instructions", "lots", "2%, or 1.2M, 400k"),
        ("ram", "-1%", "not a share"),
        ("ram", "101%", "not a share"),
        ("flash", "1 apple", "2%, or 96KiB"),
        ("accuracy", "1KiB", "0.5%, or a fraction"),
        ("accuracy", "nan", "not a share"),
    ],
)
def test_tolerances_that_are_none(name: str, text: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_tolerances({name: text})
    assert says in str(refused.value)
    assert f"arielml_tolerance_{name}" in str(refused.value)


def test_tolerances_are_shares_or_amounts() -> None:
    tolerances = parse_tolerances({"ram": "2 KiB", "flash": "10%", "accuracy": "0.01"})
    assert (tolerances["ram"].absolute, tolerances["ram"].relative) == (2048, 0)
    assert (tolerances["flash"].absolute, tolerances["flash"].relative) == (0, 0.1)
    assert tolerances["accuracy"].absolute == 0.01
