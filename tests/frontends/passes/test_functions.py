from __future__ import annotations

import numpy as np
import onnx
import pytest
from meaning import assert_same
from onnx import parser

from pytest_arielml.frontends.passes.functions import TAKEN_APART, inline_functions


def operators(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


def test_a_function_of_the_model(rng: np.random.Generator) -> None:
    model = parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 18, "mine" : 1]>
        net (float[2, 3] x) => (float[2, 3] y) {
            t = mine.twice (x)
            y = mine.twice (t)
        }
        <domain: "mine", opset_import: ["" : 18]>
        twice (a) => (b) { b = Add (a, a) }
    """)
    inlined = inline_functions(model)
    assert operators(inlined) == {"Add"}
    assert not inlined.functions
    assert_same(model, inlined, [rng.random((2, 3), np.float32)])


def test_an_operator_with_optional_inputs_left_out(rng: np.random.Generator) -> None:
    model = parser.parse_model("""
        <ir_version: 11, opset_import: ["" : 23]>
        net (float[1, 2, 4, 8] q, float[1, 2, 4, 8] k, float[1, 2, 4, 8] v,
             float[1, 2, 3, 8] past_k, float[1, 2, 3, 8] past_v)
            => (float[1, 2, 4, 8] y) {
            y = Attention <is_causal = 1> (q, k, v, , past_k, past_v)
        }
    """)
    inlined = inline_functions(model)
    assert "Attention" not in operators(inlined)
    assert all(value.name for value in inlined.graph.value_info)
    shapes = [(1, 2, 4, 8)] * 3 + [(1, 2, 3, 8)] * 2
    assert_same(model, inlined, [rng.random(shape, np.float32) for shape in shapes])


def test_a_function_within_a_function_and_defaults_of_attributes(rng: np.random.Generator) -> None:
    # Swish's alpha is 1 unless it is given.
    model = parser.parse_model("""
        <ir_version: 13, opset_import: ["" : 28]>
        net (float[2, 6] x, float[2, 6] gate) => (float[2, 6] y) { y = SwiGLU (x, gate) }
    """)
    inlined = inline_functions(model)
    assert not operators(inlined) & {"SwiGLU", "Swish"}
    assert_same(model, inlined, [rng.random((2, 6), np.float32) for _ in "xg"])


def test_a_loss(rng: np.random.Generator) -> None:
    model = parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 13]>
        net (float[2, 5, 3] x, int64[2, 3] label) => (float loss) {
            loss = SoftmaxCrossEntropyLoss <reduction = "mean"> (x, label)
        }
    """)
    inlined = inline_functions(model)
    assert not operators(inlined) & {name for _, name in TAKEN_APART}
    assert_same(model, inlined, [rng.random((2, 5, 3), np.float32), rng.integers(0, 5, (2, 3))])


def test_inside_of_a_branch(rng: np.random.Generator) -> None:
    model = parser.parse_model("""
        <ir_version: 11, opset_import: ["" : 24]>
        net (bool c, float[4] x) => (float[4] y) {
            y = If (c) <
                then_branch = yes () => (float[4] a) { a = Swish (x) },
                else_branch = no () => (float[4] b) { b = Relu (x) }
            >
        }
    """)
    inlined = inline_functions(model)
    assert "Swish" not in str(inlined)
    for condition in (True, False):
        assert_same(model, inlined, [np.asarray(condition), rng.random(4, np.float32) - 0.5])


@pytest.mark.parametrize("operator", ["Softmax", "Relu", "Gelu"])
def test_what_iree_has_stays_whole(operator: str) -> None:
    model = parser.parse_model(f"""
        <ir_version: 9, opset_import: ["" : 20]>
        net (float[4] x) => (float[4] y) {{ y = {operator} (x) }}
    """)
    assert inline_functions(model) is model
