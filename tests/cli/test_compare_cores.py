"""`arielml compare`: several cores and schedulers beside one core."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.cli import main
from pytest_arielml.session import Workbench
from pytest_arielml.session.comparison import compare_cores


@pytest.fixture
def digit(tmp_path: Path) -> Path:
    path = tmp_path / "digit.npy"
    np.save(path, np.linspace(0, 1, 784, dtype=np.float32).reshape(1, 1, 28, 28))
    return path


def test_a_line_for_each_way(
    capsys: pytest.CaptureFixture[str], lenet5_model: Path, digit: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "figures.json"
    arguments = ["compare", str(lenet5_model), "--input", str(digit), "--json", str(kept)]
    assert main([*arguments, "--cores", "1,2"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "", "progress is for terminals"
    lines = captured.out.splitlines()
    assert lines[0] == "lenet5-int8.onnx on emu-rp2040"
    assert all(len(line) <= 80 for line in lines)
    rows = [line.split() for line in lines[2:5]]
    assert [row[:2] for row in rows] == [["1", "sequential"], ["2", "greedy"], ["2", "round-robin"]]
    assert rows[0][-3:] == ["1.00", "-", "-"]
    assert "all outputs have the same bytes" in captured.out
    figures = json.loads(kept.read_text("utf-8"))
    assert figures["target"] == "emu-rp2040"
    one, greedy, _ = figures["variants"]
    assert [f"{each['instructions']:,}" for each in figures["variants"]] == [row[2] for row in rows]
    assert f"{greedy['speedup']:.2f}" == rows[1][5]
    assert greedy["speedup"] == pytest.approx(one["seconds"] / greedy["seconds"])
    assert len(greedy["busy"]) == 2
    assert sum(greedy["busy"]) == pytest.approx(one["busy"][0], rel=0.01)
    mean = sum(greedy["busy"]) / 2
    assert greedy["imbalance"] == pytest.approx(max(greedy["busy"]) / mean - 1)
    assert 0 < greedy["overhead"] < 200
    assert greedy["work_items"] == one["work_items"]


def test_the_figures_are_those_of_calls(lenet5_model: Path, digit: Path) -> None:
    image = np.load(digit)
    with Workbench("emu-riscv-virt") as bench:
        variants = compare_cores(
            bench, lenet5_model, lambda _: [image], cores=[2], schedulers=["greedy"]
        )
    with Workbench("emu-riscv-virt") as bench:
        deployment = bench.deploy(lenet5_model, cores=2)
        deployment.run(image)
        result = deployment.run(image)
    assert [variant.cores for variant in variants] == [1, 2]
    assert variants[1].instructions == result.instructions
    assert variants[1].seconds == result.seconds


def test_where_nothing_counts_there_are_dashes(
    capsys: pytest.CaptureFixture[str], lenet5_model: Path, qemu: None
) -> None:
    arguments = ["compare", str(lenet5_model), "--target", "qemu-riscv-virt"]
    assert main([*arguments, "--cores", "2", "--scheduler", "greedy"]) == 0
    out = capsys.readouterr().out
    shared = out.splitlines()[3].split()
    assert (shared[2], *shared[-2:]) == ("-", "-", "-")
    assert "cores take turns on this runner" in out


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--target", "emu-nrf52840"], 2, "nrf52840 has one core"),
        (["--cores", "3"], 2, "cannot run on 3 cores"),
        (["--cores", "1,two"], 2, "such as 1,2"),
        (["--cores", "0"], 2, "such as 1,2"),
        (["--scheduler", "gredy"], 2, "greedy, round-robin, sequential"),
        (["--json", "/dev/null/figures.json"], 1, "cannot write the figures"),
    ],
)
def test_what_is_wrong_is_said(
    capsys: pytest.CaptureFixture[str],
    lenet5_model: Path,
    digit: Path,
    arguments: list[str],
    status: int,
    says: str,
) -> None:
    assert main(["compare", str(lenet5_model), "--input", str(digit), *arguments]) == status
    captured = capsys.readouterr()
    assert says in captured.err
    assert "Traceback" not in captured.err


def test_outputs_that_differ_are_an_error(
    capsys: pytest.CaptureFixture[str], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inputs that differ from deployment to deployment stand for a race."""
    calls = iter(range(100))

    def unlike(deployment: object, function: object) -> tuple[np.ndarray, ...]:
        return (np.full((1, 1, 28, 28), next(calls) / 10, np.float32),)

    monkeypatch.setattr("pytest_arielml.cli.compare.default_inputs", unlike)
    lenet5 = models.parent.parent / "examples" / "lenet5" / "lenet5-int8.onnx"
    assert main(["compare", str(lenet5), "--scheduler", "greedy"]) == 1
    said = capsys.readouterr().err
    assert "differs from that of one core" in said
    assert "2 cores, greedy" in said
