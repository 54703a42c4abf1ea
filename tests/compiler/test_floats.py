"""What a profile tells the compiler of models that multiply floats, and of others."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import parser

from pytest_arielml.boards import load_board
from pytest_arielml.compiler import Cache, compile_model
from pytest_arielml.compiler.floats import multiplies_floats
from pytest_arielml.compiler.profiles import NARROW
from pytest_arielml.frontends import load_model

ROOT = Path(__file__).parents[2]
BOARD = load_board("nrf52840")

CHOICE = """<ir_version: 8, opset_import: ["": 17]>
    choice (bool pick, float[4, 4] x) => (float[4, 4] y) {
        y = If (pick) <
            then_branch = yes () => (float[4, 4] a) { a = %s },
            else_branch = no () => (float[4, 4] b) { b = Identity(x) }>
    }"""


@pytest.mark.parametrize(("profile", "narrow"), [("speed", False), ("size", True)])
def test_products_of_floats_have_whole_vectors(tmp_path: Path, profile: str, narrow: bool) -> None:
    model = load_model(ROOT / "examples" / "ci" / "gestures.onnx")
    compiled = compile_model(model, BOARD, profile=profile, cache=Cache(tmp_path))
    assert (NARROW in compiled.flags) == narrow


def test_a_quantized_model_multiplies_integers_alone(lenet5_model: Path) -> None:
    """Though it takes and gives floats."""
    model = load_model(lenet5_model)
    assert not multiplies_floats(model.normal, model.format)


@pytest.mark.parametrize(("operator", "found"), [("MatMul(x, x)", True), ("Relu(x)", False)])
def test_branches_are_looked_into(operator: str, found: bool) -> None:
    model: onnx.ModelProto = parser.parse_model(CHOICE % operator)
    assert multiplies_floats(model.SerializeToString(), "onnx") == found


def test_text_is_taken_to_have_such_products() -> None:
    assert multiplies_floats(b"", "mlir")
