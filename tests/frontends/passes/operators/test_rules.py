from __future__ import annotations

import numpy as np
import onnx
import pytest
from meaning import assert_same
from onnx import parser
from rewriting import floats, operators

from pytest_arielml.frontends.passes import prepare
from pytest_arielml.frontends.passes.graph import infer, opset
from pytest_arielml.frontends.passes.operators import FIRST, RULES, rewrite_operators
from pytest_arielml.frontends.passes.opset import LOWEST


@pytest.mark.parametrize(("domain", "operator"), RULES)
def test_rules_are_for_operators_of_onnx(domain: str, operator: str) -> None:
    assert onnx.defs.has(operator, domain=domain)


@pytest.mark.parametrize("operator", [name for domain, name in RULES if not domain])
def test_opsets_are_raised_to_what_the_rules_need(operator: str) -> None:
    since = min(
        schema.since_version
        for schema in onnx.defs.get_all_schemas_with_history()
        if (schema.domain, schema.name) == ("", operator)
    )
    assert max(since, LOWEST.get(operator, 1)) >= FIRST or operator in _UNCHANGED


# Their rules are about what they have only had since, or are rare and old.
_UNCHANGED = frozenset({"MatMul", "QuantizeLinear", "DequantizeLinear", "Range"})


def test_among_other_nodes() -> None:
    model = parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[3, 2, 2] x) => (float[3] y, float[3] z) {
            a = Neg (x)
            b = Det (a)
            y = Det (x)
            z = Add (b, y)
        }
    """)
    changed = rewrite_operators(infer(model))
    assert "Det" not in operators(changed)
    assert {"Neg", "Add"} <= set(operators(changed))
    assert_same(model, infer(changed), [floats(3, 2, 2)])


def test_what_no_rule_is_for_is_left_alone() -> None:
    model = infer(
        parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[3] x) => (float[3] y) { y = Relu (x) }
    """)
    )
    assert rewrite_operators(model) is model


def test_old_models_are_raised_before() -> None:
    model = parser.parse_model("""
        <ir_version: 6, opset_import: ["" : 11]>
        net (float[2, 2] x) => (float y) { y = Det (x) }
    """)
    assert rewrite_operators(infer(model)).graph.node[0].op_type == "Det"
    prepared = prepare(model)
    assert opset(prepared) >= FIRST
    assert "Det" not in operators(prepared)
    assert_same(model, prepared, [np.asarray([[0, 1], [2, 3]], np.float32)])
