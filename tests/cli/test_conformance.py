"""`arielml conformance`, as the shell sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pytest_arielml import boards
from pytest_arielml.cli import main
from pytest_arielml.cli.conformance import SUITES, Outcomes, find_suites

ROOT = Path(__file__).parents[2]
COMMAND = "import sys; from pytest_arielml.cli import main; sys.exit(main())"


def arielml(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, "conformance", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(cwd), "COLUMNS": "120"},
    )


def test_a_suite_passes_from_any_folder(tmp_path: Path) -> None:
    done = arielml("--only", "board", "-k", "atomics or float_unit", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformance of emu-nrf52840: board" in done.stdout
    assert "LDREX and STREX: 10 additions in 10 tries" in done.stdout
    assert done.stdout.rstrip().endswith("emu-nrf52840: 2 passed")


def test_a_board_that_fails_is_summed_up_in_words(tmp_path: Path) -> None:
    text = (Path(boards.__file__).parent / "nrf52840.toml").read_text("utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace("fpu = true", "fpu = false"))
    done = arielml(
        "--target", f"emu-{mine}", "--only", "board", "-k", "float_unit or atomics", cwd=tmp_path
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 passed, 1 failed" in done.stdout
    assert "failed   board: float unit is set up: a floating-point instruction" in done.stdout
    assert "on a core without an FPU" in done.stdout


def test_a_board_of_one_core_has_nothing_to_share(tmp_path: Path) -> None:
    done = arielml("--only", "parallel", "-k", "58_dispatches", cwd=tmp_path)
    assert done.returncode == 1
    assert "skipped  2 x needs 2 cores, emu-nrf52840 uses 1" in done.stdout


def test_nothing_that_ran_is_no_success(tmp_path: Path) -> None:
    done = arielml("--only", "board", "-k", "no_such_check", cwd=tmp_path)
    assert done.returncode == 1
    assert "nothing ran" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--target", "emu-nrf5284"], "did you mean emu-nrf52840"),
        (["-n", "0"], "-n takes a number of workers"),
    ],
)
def test_wrong_usage(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_an_unknown_suite(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["conformance", "--only", "bord"])
    assert caught.value.code == 2
    assert "'board', 'runtime', 'parallel', 'onnx'" in capsys.readouterr().err


def test_without_the_suites_it_says_where_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find_suites() == ROOT / "conformance"
    installed = tmp_path / "site" / "pytest_arielml" / "__init__.py"
    monkeypatch.setattr("pytest_arielml.__file__", str(installed))
    monkeypatch.chdir(ROOT)
    assert find_suites() == ROOT / "conformance"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pytest_arielml.cli.conformance.check_available", lambda *_: "")
    assert main(["conformance"]) == 1
    assert "in a checkout, or reinstall the wheel" in capsys.readouterr().err
    for suite in SUITES:
        package = installed.parent / "_suites" / "conformance" / suite
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    monkeypatch.chdir(ROOT)
    assert find_suites() == installed.parent / "_suites" / "conformance"


def test_reasons_are_counted() -> None:
    outcomes = Outcomes()
    for outcome, longrepr in (
        ("passed", None),
        ("skipped", ("file", 3, "Skipped: does not fit\nby far")),
        ("skipped", ("file", 3, "Skipped: does not fit")),
        ("failed", "RAM does not keep what is written\n  expected: 1"),
    ):
        outcomes.pytest_runtest_logreport(
            pytest.TestReport(
                "conformance/board/test_core.py::test_ram_walk[emu-x]",
                ("file", 1, "name"),
                {},
                outcome,  # type: ignore[arg-type]
                longrepr,  # type: ignore[arg-type]
                "call",
            )
        )
    console = Console(width=100)
    with console.capture() as said:
        outcomes.show(console, "emu-x")
    assert said.get().splitlines() == [
        "emu-x: 1 passed, 1 failed, 2 skipped",
        "  failed   board: ram walk: RAM does not keep what is written",
        "  skipped  2 x does not fit",
    ]
