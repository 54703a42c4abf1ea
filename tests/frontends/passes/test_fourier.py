from __future__ import annotations

import numpy as np
import onnx
import pytest
from meaning import assert_same
from onnx import parser

from pytest_arielml.frontends.passes.fourier import LIMIT, multiply_transforms
from pytest_arielml.frontends.passes.graph import infer


def transform(
    shape: tuple[int, ...], axis: int, options: str, length: int | None = None
) -> onnx.ModelProto:
    sizes = ", ".join(map(str, shape))
    given = "" if length is None else f"n = Constant <value = int64 {{{length}}}> ()"
    return parser.parse_model(f"""
        <ir_version: 10, opset_import: ["" : 21]>
        net (float[{sizes}] x) => (float[a, b, c, d] y) {{
            axis = Constant <value = int64 {{{axis}}}> ()
            {given}
            y = DFT <{options}> (x, {"n" if given else ""}, axis)
        }}
    """)


def check(model: onnx.ModelProto, shape: tuple[int, ...]) -> None:
    changed = multiply_transforms(infer(model))
    assert "DFT" not in {node.op_type for node in changed.graph.node}
    inputs = [np.random.default_rng(2).uniform(-1, 1, shape).astype(np.float32)]
    assert_same(model, changed, inputs)


@pytest.mark.parametrize("axis", [0, 1, 2, -2])
@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("inverse", [0, 1])
def test_two_sided(axis: int, parts: int, inverse: int) -> None:
    shape = (3, 8, 5, parts)
    check(transform(shape, axis, f"inverse = {inverse}"), shape)


@pytest.mark.parametrize("points", [7, 8])
def test_one_sided(points: int) -> None:
    shape = (1, points, 2, 1)
    check(transform(shape, 1, "onesided = 1"), shape)


@pytest.mark.parametrize("length", [None, 8, 9])
def test_one_sided_back(length: int | None) -> None:
    shape = (1, 5, 2, 2)
    check(transform(shape, 1, "onesided = 1, inverse = 1", length), shape)


@pytest.mark.parametrize("length", [4, 8, 13])
def test_another_length(length: int) -> None:
    shape = (2, 8, 1, 2)
    check(transform(shape, 1, "inverse = 0", length), shape)


def test_a_long_one_stays() -> None:
    points = int((LIMIT / 4 / 2) ** 0.5) + 1
    model = infer(transform((1, points, 1, 1), 1, "inverse = 0"))
    assert multiply_transforms(model) is model


def test_an_axis_that_is_not_known_stays() -> None:
    model = infer(
        parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 21]>
        net (float[2, 4, 1] x, int64 axis) => (float[2, 4, 2] y) { y = DFT (x, , axis) }
    """)
    )
    assert multiply_transforms(model) is model
