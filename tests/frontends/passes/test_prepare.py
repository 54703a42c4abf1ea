"""All passes together, on every node case of onnx whose model they change."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from conformance.onnx.cases import Case, load_cases
from pytest_arielml.frontends.passes import prepare


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    return tuple(case for case in load_cases() if case.unsupported is None)


def test_the_outputs_of_the_node_cases() -> None:
    changed = 0
    for case in cases():
        model = prepare(case.model)
        if [n.op_type for n in model.graph.node] == [n.op_type for n in case.model.graph.node]:
            continue
        changed += 1
        onnx.checker.check_model(model)
        names = [value.name for value in case.model.graph.input]
        assert [value.name for value in model.graph.input] == names
        outputs = ReferenceEvaluator(model).run(None, dict(zip(names, case.inputs(), strict=True)))
        for actual, expected in zip(outputs, case.outputs(), strict=True):
            assert actual.dtype == expected.dtype, case.name
            atol = 1e-2 if expected.dtype == np.float16 else 1e-5
            np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=atol, err_msg=case.name)
    # Enough of them that the test says something.
    assert changed > 400


def test_the_model_that_is_given_stays_as_it_is() -> None:
    case = next(case for case in cases() if case.name == "test_attention_3d")
    before = case.model.SerializeToString(deterministic=True)
    assert prepare(case.model) is not case.model
    assert case.model.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize(
    "name", ["test_relu", "test_conv_with_strides_padding", "test_lstm_defaults"]
)
def test_what_needs_no_pass_keeps_its_nodes(name: str) -> None:
    case = next(case for case in cases() if case.name == name)
    assert list(prepare(case.model).graph.node) == list(case.model.graph.node)
