from __future__ import annotations

import onnx
import pytest
from onnx import parser

from pytest_arielml.compiler.content import content_digest

TEXT = """
    <ir_version: 9, opset_import: ["" : 18]>
    main (float[2, 3] x, bool c) => (float[2, 3] y)
    <float[3] w = {1.0, 2.0, 3.0}> {
        z = Mul (x, w)
        y = If (c) <then_branch = a () => (float[2, 3] t) { t = Add (z, w) },
                    else_branch = b () => (float[2, 3] e) { e = Sub (z, w) }>
    }
"""


def digest(model: onnx.ModelProto) -> str:
    return content_digest(model.SerializeToString(), "onnx")


RENAMED = """
    <ir_version: 9, opset_import: ["" : 18]>
    main (float[2, 3] image, bool flip) => (float[2, 3] t)
    <float[3] y = {1.0, 2.0, 3.0}> {
        x = Mul (image, y)
        t = If (flip) <then_branch = a () => (float[2, 3] u) { u = Add (x, y) },
                       else_branch = b () => (float[2, 3] v) { v = Sub (x, y) }>
    }
"""


def test_names_and_notes_do_not_count() -> None:
    one, other = parser.parse_model(TEXT), parser.parse_model(RENAMED)
    other.producer_name, other.doc_string, other.ir_version = "another", "words", 10
    other.graph.node[0].name = other.graph.node[0].doc_string = "a product"
    assert digest(one) == digest(other)


def test_the_order_of_what_was_inferred_does_not_count() -> None:
    inferred = onnx.shape_inference.infer_shapes(
        parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        main (float[2] x) => (float[2] y) { a = Relu (x) b = Abs (a) y = Neg (b) }
    """)
    )
    other = onnx.ModelProto()
    other.CopyFrom(inferred)
    values = list(reversed(inferred.graph.value_info))
    assert len(values) == 2
    del other.graph.value_info[:]
    other.graph.value_info.extend(values)
    assert digest(inferred) == digest(other)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Mul (x, w)", "Mul (w, x)"),
        ("Mul (x, w)", "Mul (x, x)"),
        ("Add (z, w)", "Add (w, z)"),
        ("Sub (z, w)", "Mul (z, w)"),
        ("3.0}", "4.0}"),
        ('"" : 18', '"" : 17'),
        ("main (", "other ("),
    ],
)
def test_what_is_computed_counts(before: str, after: str) -> None:
    assert before in TEXT
    one, other = parser.parse_model(TEXT), parser.parse_model(TEXT.replace(before, after))
    assert digest(one) != digest(other)


def test_types_count() -> None:
    one = parser.parse_model(TEXT)
    other = parser.parse_model(TEXT)
    other.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    assert digest(one) != digest(other)


def test_the_model_is_left_as_it_is() -> None:
    model = parser.parse_model(TEXT)
    before = model.SerializeToString()
    digest(model)
    assert model.SerializeToString() == before


def test_other_formats_are_taken_as_they_are() -> None:
    assert content_digest(b"module {}", "mlir") != content_digest(b"module { }", "mlir")
