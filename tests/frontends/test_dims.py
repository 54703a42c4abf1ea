"""Sizes that a user chooses, and what is left free."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.errors import UsageError
from pytest_arielml.frontends import load_model

_HEAD = '<ir_version: 8, opset_import: ["" : 17]>\n'

TWO = _HEAD + "two (float[N,S,4] x, float[S,4] y) => (float[N,S,4] z) { z = Add(x, y) }"


def shapes(source: onnx.ModelProto, dims: Any) -> list[tuple[object, ...]]:
    main = load_model(source, dims=dims).signature.main
    return [spec.shape for spec in (*main.inputs, *main.outputs)]


def unnamed() -> onnx.ModelProto:
    proto = parser.parse_model(_HEAD + "one (float[2,3] x) => (float[2,3] y) { y = Neg(x) }")
    for value in (*proto.graph.input, *proto.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            dim.Clear()
    return proto


@pytest.mark.parametrize(
    ("dims", "expected"),
    [
        (None, [(1, 1, 4), (1, 4), (1, 1, 4)]),
        ({"N": 3}, [(3, 1, 4), (1, 4), (3, 1, 4)]),
        ({"S": 5}, [(1, 5, 4), (5, 4), (1, 5, 4)]),
        ({"N": np.int64(2), "S": 7}, [(2, 7, 4), (7, 4), (2, 7, 4)]),
        ({"N": None}, [("N", 1, 4), (1, 4), ("N", 1, 4)]),
        ({"N": None, "S": None}, [("N", "S", 4), ("S", 4), ("N", "S", 4)]),
        ({"x": (2, 3, 4)}, [(2, 3, 4), (3, 4), (2, 3, 4)]),
        ({"x": [2, None, None], "y": (None, 4)}, [(2, "S", 4), ("S", 4), (2, "S", 4)]),
    ],
)
def test_sizes_by_name_of_the_dimension_or_of_the_input(
    dims: Any, expected: list[tuple[object, ...]]
) -> None:
    assert shapes(parser.parse_model(TWO), dims) == expected


def test_a_free_size_that_is_no_batch_stays_free() -> None:
    text = _HEAD + "g (float[N,length,4] x) => (float[N,length,4] y) { y = Neg(x) }"
    assert shapes(parser.parse_model(text), None) == [(1, "length", 4)] * 2


@pytest.mark.parametrize("dims", [None, {"x": (5, 3)}, {"x": (None, 3)}, {"x": (None, None)}])
def test_sizes_without_names_go_by_the_input(dims: Any) -> None:
    expected = (1, None) if dims is None else tuple(dims["x"])
    assert shapes(unnamed(), dims) == [expected] * 2


def test_the_size_is_in_what_is_compiled_and_not_in_the_original() -> None:
    proto = parser.parse_model(TWO)
    model = load_model(proto, dims={"N": 6, "S": 2})
    assert model.original == proto.SerializeToString(deterministic=True)
    sizes = onnx.load_model_from_string(model.normal).graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_value for dim in sizes] == [6, 2, 4]


@pytest.mark.parametrize(
    ("dims", "says"),
    [
        ({"M": 4}, "neither a free dimension nor an input"),
        ({"NN": 4}, "did you mean N"),
        ({"x": 4}, "one size for 'x', which is an input"),
        ({"x": (4, 4)}, "do not fit"),
        ({"x": (4, 4, 5)}, "do not fit"),
        ({"N": (4,)}, "neither a free dimension nor an input"),
        ({"N": 2, "x": (3, 1, 4)}, "two sizes"),
        ({"N": 0}, "an integer from 1 on"),
        ({"N": -1}, "an integer from 1 on"),
        ({"N": True}, "an integer from 1 on"),
        ({"N": 2.5}, "an integer from 1 on"),
        ({"N": "4"}, "an integer from 1 on"),
        ({1: 4}, "not a mapping of names"),
        ([4], "not a mapping of names"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(dims: Any, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_model(parser.parse_model(TWO), dims=dims)
    assert says in str(caught.value)


def test_the_names_that_there_are_are_listed() -> None:
    with pytest.raises(UsageError) as caught:
        load_model(parser.parse_model(TWO), dims={"batch": 4})
    assert caught.value.expected == "free dimensions: N, S; inputs: x, y"
