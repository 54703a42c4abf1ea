"""`arielml init`: what it writes, what it leaves alone, and what it says to wrong input."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.cli import main
from pytest_arielml.golden import Outputs
from pytest_arielml.session import Deployment

FREE = """<ir_version: 9, opset_import: ["": 19]>
    main (float[N,{T},4] x) => (float[N,{T},4] y) {{ y = Relu(x) }}"""
RELU = FREE.format(T=3)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a model of one operator."""
    monkeypatch.chdir(tmp_path)
    onnx.save(parser.parse_model(RELU), "relu.onnx")
    return tmp_path


def test_it_writes_a_test_and_a_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "relu.onnx"]) == 0
    out = capsys.readouterr().out
    assert "wrote test_relu.py" in out
    assert "wrote pytest.ini" in out
    assert "  pytest test_relu.py\n" in out
    written = Path("test_relu.py").read_text()
    assert 'Path(__file__).parent / "relu.onnx"' in written
    assert '"x": rng.uniform(-1.0, 1.0, (1, 3, 4)).astype(np.float32),' in written
    measured = int(re.search(r"Measured: ([\d,]+) instr", written)[1].replace(",", ""))  # type: ignore[index]
    bound = float(re.search(r'instructions="([\d.]+)k"', written)[1]) * 1000  # type: ignore[index]
    assert measured * 1.1 <= bound < measured * 1.2
    assert "arielml_target =\n    emu-nrf52840\n" in Path("pytest.ini").read_text()


def test_a_test_that_is_there_stays(capsys: pytest.CaptureFixture[str]) -> None:
    Path("test_relu.py").write_text("mine\n")
    assert main(["init", "relu.onnx"]) == 2
    assert "--force" in capsys.readouterr().err
    assert Path("test_relu.py").read_text() == "mine\n"
    assert not Path("pytest.ini").exists()
    assert main(["init", "relu.onnx", "--force"]) == 0
    assert "def test_relu" in Path("test_relu.py").read_text()


def test_another_folder_finds_the_model(folder: Path) -> None:
    assert main(["init", "relu.onnx", "--dir", "new/tests"]) == 0
    assert '"../../relu.onnx"' in Path("new/tests/test_relu.py").read_text()
    assert Path("new/tests/pytest.ini").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["new", "relu.onnx"]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("pytest.ini", "[pytest]\nminversion = 8\n", "minversion = 8"),
        ("tox.ini", "[tox]\n[pytest]\nminversion = 8\n", "minversion = 8"),
        ("setup.cfg", "[tool:pytest]\nminversion = 8\n", "minversion = 8"),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\nminversion = "8"\n[tool.x]\ny = 1\n',
            'minversion = "8"\n[tool.x]\ny = 1\n',
        ),
    ],
)
def test_a_configuration_that_is_there_stays_unless_forced(
    name: str, before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).write_text(before)
    assert main(["init", "relu.onnx", "--target", "emu-rp2040"]) == 0
    out = capsys.readouterr().out
    assert "left alone" in out
    assert "arielml_target" in out
    assert "pytest test_relu.py --arielml-target emu-rp2040" in out
    assert Path(name).read_text() == before
    assert main(["init", "relu.onnx", "--target", "emu-rp2040", "--force"]) == 0
    changed = Path(name).read_text()
    assert "emu-rp2040" in changed
    assert changed.endswith(after if after.endswith("\n") else after + "\n")
    # It is where pytest reads it, and the next model's target.
    Path("test_relu.py").unlink()
    assert main(["init", "relu.onnx"]) == 0
    out = capsys.readouterr().out
    assert "relu   emu-rp2040" in out
    assert "left alone" not in out
    assert "pytest test_relu.py\n" in out
    assert Path(name).read_text() == changed


def test_a_configuration_without_targets_is_enough_for_the_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("pytest.ini").write_text("[pytest]\nminversion = 8\n")
    assert main(["init", "relu.onnx"]) == 0
    out = capsys.readouterr().out
    assert "left alone" not in out
    assert "  pytest test_relu.py\n" in out
    assert Path("pytest.ini").read_text() == "[pytest]\nminversion = 8\n"


def test_a_pyproject_without_pytest_gets_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    project = '[project]\nname = "mine"\nversion = "1"'
    Path("pyproject.toml").write_text(project)
    assert main(["init", "relu.onnx"]) == 0
    assert "added [tool.pytest.ini_options] to pyproject.toml" in capsys.readouterr().out
    changed = Path("pyproject.toml").read_text()
    assert changed.startswith(project)
    assert "\n\n[tool.pytest.ini_options]\n" in changed
    assert 'arielml_target = ["emu-nrf52840"]\n' in changed
    assert not Path("pytest.ini").exists()


def test_a_broken_configuration_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text("[tool.pytest.ini_options\n")
    assert main(["init", "relu.onnx"]) == 2
    error = capsys.readouterr().err
    assert "pyproject.toml" in error
    assert "next:" in error


def test_free_sizes_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(parser.parse_model(FREE.format(T="T")), "named.onnx")
    onnx.save(parser.parse_model(FREE.format(T="?")), "unnamed.onnx")
    assert main(["init", "named.onnx"]) == 2
    assert "--dim T=16" in capsys.readouterr().err
    assert main(["init", "unnamed.onnx"]) == 2
    assert "--dim x=1,16,4" in capsys.readouterr().err
    assert main(["init", "named.onnx", "--dim", "T=5"]) == 0
    assert 'dims={"T": 5}' in Path("test_named.py").read_text()
    assert main(["init", "unnamed.onnx", "--dim", "x=1,6,4"]) == 0
    assert 'dims={"x": (1, 6, 4)}' in Path("test_unnamed.py").read_text()
    assert main(["init", "named.onnx", "--dim", "T=?", "--force"]) == 0
    written = Path("test_named.py").read_text()
    assert 'dims={"T": None}' in written
    assert "(1, 1, 4)" in written


def test_a_function_of_several_is_asked_for(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(models / "counter.mlir")]) == 1
    assert "--function" in capsys.readouterr().err
    assert main(["init", str(models / "counter.mlir"), "--function", "add"]) == 0
    written = Path("test_counter_add.py").read_text()
    assert "def test_counter_add(arielml):" in written
    assert 'model.run(inputs, function="add")' in written


def test_this_machine_has_no_budget() -> None:
    assert main(["init", "relu.onnx", "--target", "host"]) == 0
    written = Path("test_relu.py").read_text()
    assert "budget" not in written
    assert "import pytest" not in written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.onnx"], "no such model file"),
        (["short.onnx"], "not an ONNX file"),
        (["model.h5"], "no frontend reads this file"),
        (["relu.onnx", "--dir", "/proc/nothing"], "the test cannot be written"),
        (["relu.onnx", "--dir", "relu.onnx/tests"], "relu.onnx is a file"),
        (["relu.onnx", "--target", "emu-nrf52480"], "did you mean emu-nrf52840"),
        (["relu.onnx", "--dim", "M=4"], "neither a free dimension nor an input"),
        (["relu.onnx", "--dim", "four"], "--dim takes a name and a size"),
    ],
)
def test_wrong_input_gets_a_sentence_and_leaves_nothing(
    arguments: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("short.onnx").write_bytes(Path("relu.onnx").read_bytes()[:40])
    Path("model.h5").write_bytes(b"anything")
    before = sorted(folder.rglob("*"))
    assert main(["init", *arguments]) in (1, 2)
    error = capsys.readouterr().err
    assert said in error
    assert "next:" in error
    assert sorted(folder.rglob("*")) == before


def _off(monkeypatch: pytest.MonkeyPatch, amount: float) -> None:
    """Has the reference give other outputs than the board."""

    def other(deployment: Deployment, *inputs: object, function: str | None = None) -> Outputs:
        result = deployment.last
        assert result is not None
        outputs = [np.asarray(output + amount, output.dtype) for output in result.outputs]
        return Outputs(outputs, result.outputs.names, "another runtime")

    monkeypatch.setattr(Deployment, "reference", other)


def test_outputs_that_are_wrong_make_no_test(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _off(monkeypatch, 0.5)
    assert main(["init", "relu.onnx"]) == 1
    out = capsys.readouterr().out
    assert "outputs differ from another runtime" in out
    assert "arielml diff relu.onnx --targets emu-nrf52840 host" in out
    assert [path.name for path in folder.iterdir()] == ["relu.onnx"]


def test_a_rounding_of_one_step_is_let_through(
    lenet5_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = onnx.load(lenet5_model).graph
    last = next(node for node in graph.node if node.output[0] == graph.output[0].name)
    step = next(each for each in graph.initializer if each.name == last.input[1])
    _off(monkeypatch, float(onnx.numpy_helper.to_array(step).item()))
    assert main(["init", str(lenet5_model)]) == 0
    assert "1 quantization step off at most" in capsys.readouterr().out
    assert "model.reference(inputs), steps=1)" in Path("test_lenet5_int8.py").read_text()
