from __future__ import annotations

from pathlib import Path

from report_data import outcome, record

from pytest_arielml.baseline import Change
from pytest_arielml.report import Outcome
from pytest_arielml.report.github import step_summary, write_step_summary
from pytest_arielml.report.properties import properties


def test_a_row_a_deployment() -> None:
    text = step_summary([outcome(), outcome("test_b")])
    assert text.count("| `lenet5` |") == 1
    assert (
        "| `lenet5` | emu-nrf52840 | 260,000 | 5.20 ms est. | 97.7 KiB | 19.5 KiB | 2.0 KiB "
        "| 97.40% of 500 |" in text
    )
    assert "2 passed or skipped" in text
    assert "Failed" not in text


def test_what_failed_and_what_got_worse() -> None:
    change = Change("t", "lenet5", "instructions", 100, 105, 101, True)
    worse = Outcome("t", "failed", message="worse than ...", changes=[change])
    text = step_summary([worse, Outcome("a|b[`]", "failed", message="x | <b>\ny")])
    assert "2 of 2 tests failed" in text
    assert "| `t` | lenet5 instructions | 100 | 105 | +5 (+5.0%) |" in text
    assert "| `a\\|b[']` | x \\| &lt;b> |" in text
    assert "### Deployments" not in text


def test_it_stays_below_what_github_takes() -> None:
    many = [
        Outcome(f"test_{n}", records=[record(model=f"net-{n}" * 20, image_sha256=str(n))])
        for n in range(2000)
    ]
    text = step_summary(many)
    assert "and 1900 more in the report" in text
    assert len(text.encode()) < 1 << 20


def test_it_is_added_to_the_steps_summary(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    write_step_summary(path, [outcome()])
    assert path.read_text().startswith("before\n## arielml\n")


def test_properties_have_their_unit_in_the_name() -> None:
    named = dict(properties([record()]))
    assert named["arielml.lenet5.instructions"] == 260_000
    assert named["arielml.lenet5.estimated_seconds"] == "0.005200000"
    assert named["arielml.lenet5.ram_bytes"] == 20_000
    assert named["arielml.lenet5.accuracy_inputs"] == 500
    on_board = dict(properties([record(instructions=None, seconds_are_estimated=False)]))
    assert on_board["arielml.lenet5.seconds"] == "0.005200000"
    assert "arielml.lenet5.instructions" not in on_board
    assert "arielml.lenet5.flash_bytes" not in dict(properties([record(target="host")]))
