from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from meaning import assert_same, onnxruntime
from rewriting import check, floats, model_of, operators, stays

from pytest_arielml.frontends.passes.graph import infer
from pytest_arielml.frontends.passes.operators import rewrite_operators
from pytest_arielml.frontends.passes.recurrent import run_forwards

STEPS, BATCH, GIVEN, SIZE = 4, 2, 3, 5


def inputs(directions: int = 1) -> list[Any]:
    return [
        floats(STEPS, BATCH, GIVEN),
        floats(directions, 4 * SIZE, GIVEN, seed=1),
        floats(directions, 4 * SIZE, SIZE, seed=2),
        floats(directions, 8 * SIZE, seed=3),
        None,
        floats(directions, BATCH, SIZE, seed=4),
        floats(directions, BATCH, SIZE, seed=5),
        floats(directions, 3 * SIZE, seed=6),
    ]


@pytest.mark.parametrize("left_out", [(), (3,), (5, 6)])
def test_peepholes(left_out: tuple[int, ...]) -> None:
    given = [None if place in left_out else array for place, array in enumerate(inputs())]
    check("LSTM", given, opset=21, by=onnxruntime, outputs=3, hidden_size=SIZE)


def test_sequences_of_unequal_lengths() -> None:
    given = inputs()
    given[4] = np.asarray([2, STEPS], np.int32)
    check("LSTM", given, opset=21, by=onnxruntime, outputs=3, hidden_size=SIZE)


def test_both_directions() -> None:
    options = {"hidden_size": SIZE, "direction": "bidirectional"}
    given = inputs(2)
    model = model_of("LSTM", given, opset=21, outputs=3, **options)
    made = infer(rewrite_operators(infer(run_forwards(model))))
    assert "LSTM" not in operators(made)
    assert_same(model, made, [array for array in given if array is not None], by=onnxruntime)


def test_what_stays() -> None:
    stays("LSTM", inputs()[:7], outputs=3, hidden_size=SIZE)
    stays("LSTM", inputs(), outputs=3, hidden_size=SIZE, clip=1.0)
    stays("LSTM", inputs(), outputs=3, hidden_size=SIZE, activations=["Relu", "Tanh", "Tanh"])
