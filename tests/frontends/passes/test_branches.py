from __future__ import annotations

import numpy as np
import onnx
import pytest
from meaning import assert_same
from onnx import parser

from pytest_arielml.frontends.passes.branches import take_branches

_MODEL = """
    <ir_version: 9, opset_import: ["" : 18]>
    net (float[3] x{argument}) => (float[3] y) {{
        {condition}
        t = Neg (x)
        u = If (c) <
            then_branch = yes () => (float[3] a) {{ t_1 = Abs (t)  a = Add (t_1, x) }},
            else_branch = no () => (float[3] b) {{ t_2 = Exp (x)  b = Mul (t_2, t) }}
        >
        v = If (c) <
            then_branch = yes () => (float[3] d) {{ t_1 = Sqrt (x)  d = Identity (t_1) }},
            else_branch = no () => (float[3] e) {{ e = Identity (u) }}
        >
        y = Add (u, v)
    }}
"""


@pytest.mark.parametrize("condition", [0, 1])
def test_the_branch_that_is_taken(rng: np.random.Generator, condition: int) -> None:
    text = f"c = Constant <value = bool {{{condition}}}> ()"
    model = parser.parse_model(_MODEL.format(argument="", condition=text))
    taken = take_branches(model)
    operators = {node.op_type for node in taken.graph.node}
    assert "If" not in operators
    assert ("Abs" in operators) == bool(condition)
    assert_same(model, taken, [rng.random(3, np.float32)])


def test_a_condition_that_is_computed_stays() -> None:
    model = parser.parse_model(_MODEL.format(argument=", bool c", condition=""))
    assert take_branches(model) is model


def test_a_branch_with_constants_of_its_own_and_a_branch_in_it(rng: np.random.Generator) -> None:
    inner = onnx.parser.parse_graph("""
        deep () => (float[3] z) <float[3] w = {1.0, 2.0, 3.0}> { p = Add (s, w)  z = Neg (p) }
    """)
    outer = onnx.parser.parse_graph("""
        yes () => (float[3] a) <float[3] w = {4.0, 5.0, 6.0}> { s = Mul (x, w) }
    """)
    outer.node.append(
        onnx.helper.make_node("If", ["k"], ["a"], then_branch=inner, else_branch=inner)
    )
    model = parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[3] x, bool k) => (float[3] y) {
            c = Constant <value = bool {1}> ()
        }
    """)
    model.graph.node.append(
        onnx.helper.make_node("If", ["c"], ["y"], then_branch=outer, else_branch=outer)
    )
    taken = take_branches(model)
    assert [node.op_type for node in taken.graph.node].count("If") == 1
    assert_same(model, taken, [rng.random(3, np.float32), np.asarray(True)])
