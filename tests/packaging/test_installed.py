"""The wheel where there is Python and nothing else: no Rust, no C compiler, no checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from distributions import ROOT, Installed
from onnx import TensorProto, helper, numpy_helper

from pytest_arielml.boards import board_names

TOOLCHAIN = ("cargo", "rustc", "rustup", "cc", "gcc", "g++", "clang", "ld", "ar", "as", "make")
TEN_LINES = """\
import numpy as np
import pytest

X = np.array([[1, 2, 3]], np.float32)

@pytest.mark.arielml_budget(flash="64KiB", ram="8KiB")
def test_tiny(arielml):
    result = arielml.deploy("tiny.onnx").run(X)
    result.assert_matches(arielml.reference("tiny.onnx", X))
    assert result.output.tolist() == [[0, 24]]
"""
EVERY_BOARD = """\
from pytest_arielml.boards import board_names, load_board
from pytest_arielml.firmware import link_bringup

for name in board_names():
    print(name, link_bringup(load_board(name)).size.flash)
"""
# Tests import one another's helpers by the name of the folder that they are in.
EVERY_SUITE = """\
import importlib
import sys
from pytest_arielml.cli.conformance import find_suites

root = find_suites()
sys.path.insert(0, str(root.parent))
for path in sorted(root.rglob("test_*.py"), key=lambda path: path.stem):
    importlib.import_module(".".join(path.relative_to(root.parent).with_suffix("").parts))
    print(path.stem)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An own model and a test of ten lines."""
    weights = np.array([[1, -2], [3, 4], [-5, 6]], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "weights"], ["product"]),
            helper.make_node("Relu", ["product"], ["y"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(weights, "weights")],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "tiny.onnx")
    (tmp_path / "test_tiny.py").write_text(TEN_LINES)
    return tmp_path


def test_nothing_that_compiles_is_in_reach(installed: Installed, tmp_path: Path) -> None:
    assert [name for name in TOOLCHAIN if shutil.which(name, path=str(installed.programs))] == []
    done = installed.run(
        "python", "-c", "import pytest_arielml as p; print(p.__file__)", cwd=tmp_path
    )
    assert Path(done.stdout.strip()).is_relative_to(installed.project), done.stdout


def test_a_test_of_ten_lines_passes(installed: Installed, folder: Path) -> None:
    assert len(TEN_LINES.splitlines()) == 10
    done = installed.run("pytest", "--arielml-target=emu-nrf52840", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "tiny   emu-nrf52840" in done.stdout
    failing = folder / "test_tiny.py"
    failing.write_text(TEN_LINES.replace("[0, 24]", "[0, 25]"))
    done = installed.run("pytest", "--arielml-target=emu-nrf52840", cwd=folder)
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout


def test_the_first_test_may_be_written_by_the_command(installed: Installed, folder: Path) -> None:
    (folder / "test_tiny.py").unlink()
    for command in (["arielml", "init", "tiny.onnx"], ["pytest"]):
        done = installed.run(*command, cwd=folder)
        assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_it_runs_on_the_machine_itself_too(installed: Installed, folder: Path) -> None:
    done = installed.run("arielml", "run", "tiny.onnx", "--target", "host", cwd=folder)
    assert done.returncode == 0, done.stdout


def test_the_bring_up_suite_passes_from_any_folder(installed: Installed, tmp_path: Path) -> None:
    arguments = ("conformance", "--target", "emu-nrf52840", "--only", "board")
    done = installed.run("arielml", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "lenet5  " in done.stdout
    assert done.stdout.rstrip().endswith(" passed"), done.stdout


def test_every_suite_is_whole(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("python", "-c", EVERY_SUITE, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    suites = (ROOT / "conformance").rglob("test_*.py")
    assert done.stdout.split() == sorted(path.stem for path in suites)


def test_what_a_suite_needs_besides_is_said_at_once(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("arielml", "conformance", cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert "pip install 'pytest-arielml[host]'" in done.stdout


def test_every_board_has_its_runtime(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("python", "-c", EVERY_BOARD, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(board_names())


def test_the_shell_commands_work(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("arielml", "doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "found   runner emu" in done.stdout
    assert "found   runner host" in done.stdout
    done = installed.run("arielml", "boards", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "emu-nrf52840" in done.stdout
