from __future__ import annotations

import io

from report_data import outcome, record
from rich.console import Console

from pytest_arielml.baseline import Change
from pytest_arielml.report import Outcome, print_summary


def _shown(outcomes: list[Outcome], **options: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=80, highlight=False)
    print_summary(console, outcomes, **({"detailed": False} | options))
    return stream.getvalue()


def _changed(figure: str, recorded: float, measured: float, *, regressed: bool) -> Outcome:
    test = f"test_a.py::test_{figure}[emu-nrf52840]"
    change = Change(test, "lenet5", figure, recorded, measured, recorded * 1.01, regressed)
    return Outcome(
        test,
        "failed" if regressed else "passed",
        message="worse than the baseline: ...\nand so on",
        records=[record()],
        changes=[change],
    )


def test_one_line_a_deployment_of_several_tests() -> None:
    text = _shown([outcome("test_a"), outcome("test_b")])
    (line,) = (line for line in text.splitlines() if "260,000" in line)
    assert line.split()[2:] == ["260,000", "5.20", "ms", "97.7", "KiB", "19.5", "KiB", "2.0", "KiB"]
    assert "failed" not in text
    assert "baseline" not in text


def test_many_are_cut_unless_all_are_asked_for() -> None:
    many = [
        Outcome(f"t{n}", records=[record(model=f"net{n}", image_sha256=f"{n}")]) for n in range(50)
    ]
    text = _shown(many)
    assert "and 10 more; -v shows all" in text
    assert "net39" in text
    assert "net40" not in text
    assert "net49" in _shown(many, detailed=True)


def test_then_what_failed_by_its_first_line() -> None:
    text = _shown([outcome("test_b", outcome="failed", message="too slow\na table"), outcome()])
    assert "failed: 1 of 2 tests\n  test_a.py::test_b\n      too slow\n" in text
    assert "a table" not in text


def test_what_moved_against_the_baseline() -> None:
    worse = _changed("ram", 18_000, 20_048, regressed=True)
    better = _changed("flash", 100, 90, regressed=False)
    within = _changed("stack", 1000, 1001, regressed=False)
    text = " ".join(_shown([worse, better, within, outcome()], gated=True).split())
    assert (
        "baseline: 3 figures compared, 1 worse than allowed, 1 better, 1 worse within tolerance; "
        "not in it: 1 test" in text
    )
    assert "lenet5 ram 17.6 KiB 19.6 KiB +2.0 KiB (+11.4%)" in text
    # The table has said it.
    assert "and so on" not in text
    assert "lenet5 flash" not in text
    assert "lenet5 flash" in _shown([better], gated=True, detailed=True)
    assert "--arielml-update-baseline" in _shown([better], gated=True)


def test_traced_calls_are_marked() -> None:
    assert "(traced)" in _shown([Outcome("t", records=[record(traced=True)])])
    timed = record(tracks_from="timeline", model="a")
    assert "(timeline)" in _shown([Outcome("t", records=[timed])])
