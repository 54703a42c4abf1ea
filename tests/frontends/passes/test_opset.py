from __future__ import annotations

import numpy as np
import onnx
import pytest
from meaning import assert_same, onnxruntime
from onnx import parser, version_converter

from pytest_arielml.frontends.passes.graph import opset
from pytest_arielml.frontends.passes.opset import LOWEST, raise_opset


def test_axes_become_an_input(rng: np.random.Generator) -> None:
    model = parser.parse_model("""
        <ir_version: 6, opset_import: ["" : 11]>
        net (float[2, 3] x) => (float[1, 2, 3] y) { y = Unsqueeze <axes = [0]> (x) }
    """)
    raised = raise_opset(model)
    assert opset(raised) == LOWEST["Unsqueeze"]
    assert opset(model) == 11
    assert_same(model, raised, [rng.random((2, 3), np.float32)])


def test_softmax_over_what_was_flattened(rng: np.random.Generator) -> None:
    # Up to opset 12 Softmax works on a matrix, since 13 along an axis.
    model = parser.parse_model("""
        <ir_version: 6, opset_import: ["" : 11]>
        net (float[2, 3, 4] x) => (float[2, 3, 4] y) { y = Softmax <axis = 1> (x) }
    """)
    assert_same(model, raise_opset(model), [rng.random((2, 3, 4), np.float32)], by=onnxruntime)


def test_no_higher_than_needed() -> None:
    model = parser.parse_model("""
        <ir_version: 6, opset_import: ["" : 11]>
        net (float[2, 3] x) => (float[2, 3] y) { y = Relu (x) }
    """)
    assert raise_opset(model) is model


def test_an_operator_of_another_domain_by_the_same_name() -> None:
    model = parser.parse_model("""
        <ir_version: 6, opset_import: ["" : 11, "com.acme" : 1]>
        net (float[2, 3] x) => (float[2, 3] y) { y = com.acme.Softmax (x) }
    """)
    assert raise_opset(model) is model


def test_what_cannot_be_converted_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(model: onnx.ModelProto, version: int) -> onnx.ModelProto:
        raise version_converter.ConvertError("no adapter")

    monkeypatch.setattr(version_converter, "convert_version", refuse)
    model = parser.parse_model("""
        <ir_version: 6, opset_import: ["" : 11]>
        net (float[2, 3] x) => (float[1, 2, 3] y) { y = Unsqueeze <axes = [0]> (x) }
    """)
    assert raise_opset(model) is model


def test_the_scan_of_opset_8_is_another_operator() -> None:
    model = onnx.parser.parse_model("""
        <ir_version: 3, opset_import: ["" : 8]>
        net (float[1, 2] start, float[1, 3, 2] x) => (float[1, 2] last, float[1, 3, 2] y) {
            last, y = Scan <num_scan_inputs = 1, body = step (float[2] sum, float[2] each)
                => (float[2] out, float[2] copy) { out = Add (sum, each) copy = Identity (out) }
            > (, start, x)
        }
    """)
    assert raise_opset(model) is model
