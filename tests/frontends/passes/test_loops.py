from __future__ import annotations

import numpy as np
import onnx
import pytest
from meaning import assert_same, onnxruntime
from onnx import parser

from pytest_arielml.frontends.passes.graph import infer
from pytest_arielml.frontends.passes.loops import LIMIT, unroll_loops

# A running sum, which grows, and what it was at each turn.
GROWS = """
    <ir_version: 9, opset_import: ["" : 18]>
    net (float[3] x) => (float[3] sum, float[turns, 3] all)
    <int64 turns = {TURNS}, bool first = {FIRST}> {
        sum, all = Loop (turns, first, x) <body = one
            (int64 turn, bool before, float[3] carried)
            => (bool after, float[3] more, float[3] seen) {
                number = CastLike (turn, carried)
                step = Mul (number, x)
                more = Add (carried, step)
                seen = Neg (more)
                GOES_ON
            }>
    }
"""


def grows(
    turns: int = 4, *, first: int = 1, goes_on: str = "after = Identity (before)"
) -> onnx.ModelProto:
    text = GROWS.replace("TURNS", str(turns)).replace("FIRST", str(first))
    return parser.parse_model(text.replace("GOES_ON", goes_on))


@pytest.mark.parametrize("turns", [1, 4])
@pytest.mark.parametrize(
    "goes_on",
    [
        "after = Identity (before)",
        "still = Identity (before) after = Identity (still)",
        "after = Constant <value = bool {1}> ()",
    ],
)
def test_turns(turns: int, goes_on: str, rng: np.random.Generator) -> None:
    model = grows(turns, goes_on=goes_on)
    unrolled = unroll_loops(infer(model))
    assert "Loop" not in {node.op_type for node in unrolled.graph.node}
    assert_same(model, infer(unrolled), [rng.random(3, np.float32)])


def test_a_value_that_grows(rng: np.random.Generator) -> None:
    model = parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2] x) => (float[n] y) <int64 turns = {3}> {
            y = Loop (turns, , x) <body = one (int64 turn, bool before, float[m] carried)
                => (bool before, float[k] more) { more = Concat <axis = 0> (carried, x) }>
        }
    """)
    unrolled = infer(unroll_loops(infer(model)))
    (dim,) = unrolled.graph.output[0].type.tensor_type.shape.dim
    assert dim.dim_value == 8
    # The reference evaluator wants a condition.
    assert_same(model, unrolled, [rng.random(2, np.float32)], by=onnxruntime)


@pytest.mark.parametrize(
    "model",
    [
        grows(0),
        grows(first=0),
        grows(LIMIT),
        grows(goes_on="after = Not (before)"),
        grows(goes_on="after = Constant <value = bool {0}> ()"),
        parser.parse_model("""
            <ir_version: 9, opset_import: ["" : 18]>
            net (float[2] x, int64 turns) => (float[2] y) {
                y = Loop (turns, , x) <body = one (int64 turn, bool before, float[2] carried)
                    => (bool before, float[2] more) { more = Neg (carried) }>
            }
        """),
    ],
    ids=["none", "false", "many", "until", "once", "not known"],
)
def test_what_stays(model: onnx.ModelProto) -> None:
    inferred = infer(model)
    assert unroll_loops(inferred) is inferred
