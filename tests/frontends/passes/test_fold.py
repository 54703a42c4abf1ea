from __future__ import annotations

import numpy as np
import onnx
import pytest
from meaning import assert_same
from onnx import parser

from pytest_arielml.frontends.passes.fold import LIMIT, fold_constants
from pytest_arielml.frontends.passes.graph import infer


def folded(text: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    model = parser.parse_model(text)
    return model, fold_constants(infer(model))


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_a_shape_that_is_computed(rng: np.random.Generator) -> None:
    model, after = folded("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2, 3, 4] x) => (float[2, 12] y) {
            shape = Shape <end = -2> (x)
            rest = Constant <value = int64[1] {-1}> ()
            wanted = Concat <axis = 0> (shape, rest)
            y = Reshape (x, wanted)
        }
    """)
    assert operators(after) == ["Constant", "Reshape"]
    assert_same(model, after, [rng.random((2, 3, 4), np.float32)])


@pytest.mark.parametrize(
    ("options", "expected"),
    [("", [2, 3, 4]), ("<start = 1>", [3, 4]), ("<end = -1>", [2, 3]), ("<start = 7>", [])],
)
def test_parts_of_a_shape(options: str, expected: list[int]) -> None:
    _, after = folded(f"""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2, 3, 4] x) => (int64[n] y) {{ s = Shape {options} (x)  y = Identity (s) }}
    """)
    (constant,) = after.graph.initializer
    assert onnx.numpy_helper.to_array(constant).tolist() == expected


def test_a_shape_that_is_not_known_stays() -> None:
    model = infer(
        parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2, n] x) => (int64[2] y) { s = Shape (x)  y = Identity (s) }
    """)
    )
    assert fold_constants(model) is model


def test_a_cast_to_the_type_of_another(rng: np.random.Generator) -> None:
    model, after = folded("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float16[3] x) => (float16[3] y) {
            two = Constant <value = float {2.0}> ()
            like = CastLike (two, x)
            y = Mul (x, like)
        }
    """)
    assert operators(after) == ["Constant", "Mul"]
    assert_same(model, after, [rng.random(3).astype(np.float16)])


def test_tensors_without_values(rng: np.random.Generator) -> None:
    model, after = folded("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2, 4] x) => (float[2, 4] y) {
            sizes = Constant <value = int64[2] {4, 0}> ()
            all, none = Split <axis = 1> (x, sizes)
            twice = Add (none, none)
            y = Concat <axis = 1> (all, twice)
        }
    """)
    assert "Add" not in operators(after)
    assert_same(model, after, [rng.random((2, 4), np.float32)])


def test_what_is_large_or_random_or_quantized_stays() -> None:
    size = LIMIT // 4 + 1
    model = infer(
        parser.parse_model(f"""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[{size}] x) => (float[{size}] y, float[2] r, float q) {{
            shape = Constant <value = int64[1] {{{size}}}> ()
            zeros = ConstantOfShape (shape)
            y = Add (x, zeros)
            noise = RandomNormal <shape = [2]> ()
            r = Identity (noise)
            weight = Constant <value = int8 {{3}}> ()
            scale = Constant <value = float {{0.5}}> ()
            real = DequantizeLinear (weight, scale)
            q = Identity (real)
        }}
    """)
    )
    assert fold_constants(model) is model


def test_a_default_that_a_caller_may_replace_is_no_constant() -> None:
    model = parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2] x, float[2] w = {1, 2}) => (float[2] y) {
            twice = Add (w, w)
            y = Mul (x, twice)
        }
    """)
    assert fold_constants(infer(model)) is not None
    assert "Add" in operators(fold_constants(infer(model)))


def test_what_the_reference_evaluator_cannot_do_stays() -> None:
    model = infer(
        parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2] x) => (float[2] y) {
            two = Constant <value = float[2] {1.0, 2.0}> ()
            three = Constant <value = float[3] {1.0, 2.0, 3.0}> ()
            wrong = Add (two, three)
            y = Add (x, wrong)
        }
    """)
    )
    assert fold_constants(model) is model


def test_an_output_that_is_a_constant(rng: np.random.Generator) -> None:
    model, after = folded("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2] x) => (float[4] y, float[2] z) {
            start = Constant <value = float {1.0}> ()
            limit = Constant <value = float {5.0}> ()
            step = Constant <value = float {1.0}> ()
            y = Range (start, limit, step)
            z = Relu (x)
        }
    """)
    assert "Range" not in operators(after)
    assert fold_constants(infer(after)).graph.node == after.graph.node
    assert_same(model, after, [rng.random(2, np.float32)])


def test_an_output_without_values() -> None:
    model, after = folded("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[0, 3] x) => (float[3, 0] y) {
            shape = Constant <value = int64[2] {3, 0}> ()
            y = Reshape <allowzero = 1> (x, shape)
        }
    """)
    assert "Reshape" not in operators(after)
    assert_same(model, after, [np.zeros((0, 3), np.float32)])
