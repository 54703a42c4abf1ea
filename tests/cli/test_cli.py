"""The `arielml` command, as the shell sees it."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.cli import main
from pytest_arielml.session import target_names


def test_boards_lists_every_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards"]) == 0
    out = capsys.readouterr().out
    for target in target_names():
        assert target in out
    assert "Cortex-M4F at 64 MHz" in out


def test_boards_marks_what_is_not_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["boards"]) == 0
    out = capsys.readouterr().out
    assert "qemu-riscv-virt*" in out
    assert "    emu-riscv-virt  qemu-riscv-virt*" in out
    assert "* not installed here: qemu, renode." in out


def test_doctor_finds_what_a_run_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for name in ("iree-compile", "iree-lld", "onnxruntime", "runtime for thumbv7em", "runner emu"):
        assert name in out
    assert "missing" not in out


def test_doctor_looks_for_flash_tools(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "pyocd"
    program.write_text("#!/bin/sh\necho 0.99.1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert f"0.99.1, {program}" in out
    assert "without probe-rs" in out
    assert "get it: https://probe.rs" in out


def test_doctor_says_how_to_get_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("pytest_arielml.__file__", str(tmp_path / "__init__.py"))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "missing" in out
    assert "get it:" in out


def test_doctor_does_not_ask_for_what_is_optional(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = metadata.version

    def without(name: str) -> str:
        if name == "iree-base-runtime":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without)
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "without iree-base-runtime" in out
    assert "pip install 'pytest-arielml[host]'" in out


def test_run_shows_costs_and_agreement(
    capsys: pytest.CaptureFixture[str], lenet5_model: Path, tmp_path: Path
) -> None:
    digit = tmp_path / "digit.npy"
    np.save(digit, np.zeros((1, 1, 28, 28), np.float32))
    arguments = ["run", str(lenet5_model), "--input", str(digit), "--output", str(tmp_path)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "emu-nrf52840" in out
    assert "outputs equal those of onnxruntime" in out
    assert "runtime (everything else)" in out
    assert np.load(tmp_path / "output_0.npy").shape == (1, 10)


def test_run_writes_a_timeline_of_each_core(
    capsys: pytest.CaptureFixture[str], lenet5_model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "timeline.json"
    arguments = ["run", str(lenet5_model), "--target", "emu-rp2040", "--timeline", str(file)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert re.search(r"core 0: .* ms on dispatches", out)
    assert re.search(r"load imbalance .*%, speed-up 1\.[5-9]", out)
    events = json.loads(file.read_text(encoding="utf-8"))["traceEvents"]
    assert {event["tid"] for event in events if event["ph"] == "X"} == {0, 1}
    assert main([*arguments, "--cores", "1"]) == 0
    assert "speed-up" not in capsys.readouterr().out
    assert main([*arguments, "--cores", "3"]) == 2
    assert "1 to 2" in capsys.readouterr().err
    assert main(["run", str(lenet5_model), "--target", "host", "--timeline", str(file)]) == 2
    assert "the host records no timeline" in capsys.readouterr().err
    (tmp_path / "taken").touch()
    arguments[-1] = str(tmp_path / "taken" / "timeline.json")
    assert main(arguments) == 1
    assert "cannot write the timeline" in capsys.readouterr().err


def test_run_says_what_stayed_in_float(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = """<ir_version: 9, opset_import: ["": 19]>
        main (int8[1,6] x) => (int8[1,6] y)
        <float s = {0.1}, int8 z = {0}, float t = {0.00390625}, int8 low = {-128}> {
            real = DequantizeLinear(x, s, z)
            [soft] shares = LogSoftmax(real)
            y = QuantizeLinear(shares, t, low)
        }"""
    onnx.save(parser.parse_model(text), tmp_path / "softmax.onnx")
    assert main(["run", str(tmp_path / "softmax.onnx")]) == 0
    line = "in float, between integers: LogSoftmax soft: it has no integer form"
    assert line in " ".join(capsys.readouterr().out.split())


def test_run_without_inputs_takes_random_ones(
    capsys: pytest.CaptureFixture[str], lenet5_model: Path
) -> None:
    assert main(["run", str(lenet5_model)]) == 0
    assert "outputs equal" in capsys.readouterr().out


def test_run_calls_a_function_of_a_module(
    capsys: pytest.CaptureFixture[str], models: Path, tmp_path: Path
) -> None:
    model = str(models / "several.mlir")
    assert main(["run", model, "--function", "swap", "--output", str(tmp_path)]) == 0
    assert "outputs equal those of IREE" in capsys.readouterr().out
    assert np.load(tmp_path / "output_1.npy").dtype == np.uint16
    assert main(["run", model, "--function", "swop"]) == 1
    assert "did you mean swap" in capsys.readouterr().err


@pytest.mark.parametrize(("size", "rows"), [("3", 3), ("?", 1)])
def test_run_takes_sizes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, size: str, rows: int
) -> None:
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[N,4] x) => (float[N,4] y) {y = Neg(x)}'
    )
    model = tmp_path / "net.onnx"
    onnx.save(parser.parse_model(text), model)
    assert main(["run", str(model), "--dim", f"N={size}", "--output", str(tmp_path)]) == 0
    assert "outputs equal" in capsys.readouterr().out
    assert np.load(tmp_path / "output_0.npy").shape == (rows, 4)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["run", "nowhere.onnx"], 1, "nowhere.onnx"),
        (["run", "nowhere.onnx", "--target", "emu-nrf5284"], 2, "did you mean emu-nrf52840"),
        (["run", "net.onnx", "--dim", "N"], 2, "such as N=4"),
        (["run", "net.onnx", "--dim", "N=-1"], 2, "such as N=4"),
        (["run", "net.onnx", "--bus-model"], 2, "there is no bus model of nrf52840"),
        (
            ["run", "net.onnx", "--bus-model", "--target", "qemu-mps2-an386"],
            2,
            "there is no bus model on qemu-mps2-an386",
        ),
        (["golden", "check", "nowhere.onnx"], 1, "golden"),
        (["golden", "create", "net.mlir"], 2, "no answers for an MLIR module"),
    ],
)
def test_errors_are_sentences(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, says: str
) -> None:
    assert main(arguments) == status
    captured = capsys.readouterr()
    assert says in captured.err
    assert "Traceback" not in captured.err


def test_an_input_that_is_no_array(
    capsys: pytest.CaptureFixture[str], lenet5_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "text.npy"
    path.write_text("not an array")
    assert main(["run", str(lenet5_model), "--input", str(path)]) == 1
    assert "text.npy" in capsys.readouterr().err


def test_goldens_are_made_and_checked(
    capsys: pytest.CaptureFixture[str], lenet5_model: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "lenet5.npz"
    arguments = [str(lenet5_model), "--golden", str(kept)]
    assert main(["golden", "create", *arguments, "--samples", "3"]) == 0
    assert main(["golden", "check", *arguments]) == 0
    assert "3 samples" in capsys.readouterr().out
    kept.write_bytes(kept.read_bytes()[:-1])
    assert main(["golden", "check", *arguments]) == 2
    assert "lenet5.npz" in capsys.readouterr().err
