from __future__ import annotations

import numpy as np
from meaning import assert_same
from onnx import parser

from pytest_arielml.frontends.passes.prune import prune


def test_what_no_output_depends_on(rng: np.random.Generator) -> None:
    model = parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[3] x, float[3] unused) => (float[3] y)
        <float[3] w = {1.0, 2.0, 3.0}, float[3] dead = {1.0, 2.0, 3.0}> {
            s = Add (x, w)
            t = Add (unused, dead)
            u = Exp (t)
            y = Neg (s)
        }
    """)
    pruned = prune(model)
    assert [node.op_type for node in pruned.graph.node] == ["Add", "Neg"]
    assert [item.name for item in pruned.graph.initializer] == ["w"]
    assert_same(model, pruned, [rng.random(3, np.float32) for _ in "xu"])


def test_what_only_a_branch_reads() -> None:
    model = parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (bool c, float[3] x) => (float[3] y) {
            s = Exp (x)
            t = Neg (x)
            y = If (c) <
                then_branch = yes () => (float[3] a) { a = Abs (s) },
                else_branch = no () => (t) { }
            >
        }
    """)
    assert prune(model) is model
