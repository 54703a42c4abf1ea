from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from meaning import assert_same, onnxruntime
from onnx import TensorProto, helper

from pytest_arielml.frontends.passes.recurrent import run_forwards

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_TIME, _BATCH, _SIZE, _HIDDEN = 4, 2, 3, 5


def layer(kind: str, *, states: bool = False, lengths: bool = False, **options: Any) -> Any:
    """A model of one layer, and inputs for it."""
    both = 2 if options["direction"] == "bidirectional" else 1
    rows = _GATES[kind] * _HIDDEN
    shapes: dict[str, tuple[int, ...]] = {
        "x": (_TIME, _BATCH, _SIZE),
        "w": (both, rows, _SIZE),
        "r": (both, rows, _HIDDEN),
        "b": (both, 2 * rows),
    }
    if states:
        shapes["h"] = (both, _BATCH, _HIDDEN)
        if kind == "LSTM":
            shapes["c"] = (both, _BATCH, _HIDDEN)
            shapes["p"] = (both, 3 * _HIDDEN)
    names = ["x", "w", "r", "b", "n" if lengths else "", *(n for n in "hcp" if n in shapes)]
    outputs = ["y", "y_h", *(["y_c"] if kind == "LSTM" else [])]
    node = helper.make_node(kind, names, outputs, hidden_size=_HIDDEN, **options)
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    if lengths:
        inputs.append(helper.make_tensor_value_info("n", TensorProto.INT32, [_BATCH]))
    state = [both, _BATCH, _HIDDEN]
    wanted = [[_TIME, *state], state, state][: len(outputs)]
    described = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, shape)
        for n, shape in zip(outputs, wanted, strict=True)
    ]
    graph = helper.make_graph([node], "net", inputs, described)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    rng = np.random.default_rng(5)
    arrays = [rng.uniform(-1, 1, shape).astype(np.float32) for shape in shapes.values()]
    return model, arrays


def check(model: onnx.ModelProto, arrays: list[Any]) -> None:
    changed = run_forwards(model)
    assert changed is not model
    for node in changed.graph.node:
        directions = [attribute.s for attribute in node.attribute if attribute.name == "direction"]
        assert not directions
    # The reference evaluator has no bidirectional layers.
    assert_same(model, changed, arrays, by=onnxruntime)


@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
@pytest.mark.parametrize("kind", sorted(_GATES))
@pytest.mark.parametrize("states", [False, True])
def test_backwards(kind: str, direction: str, states: bool) -> None:
    check(*layer(kind, direction=direction, states=states))


@pytest.mark.parametrize(
    ("kind", "activations"),
    [("RNN", ["Relu", "Tanh"]), ("GRU", ["Sigmoid", "Tanh", "Relu", "Sigmoid"])],
)
def test_activations_of_each_direction(kind: str, activations: list[str]) -> None:
    check(*layer(kind, direction="bidirectional", activations=activations))


@pytest.mark.parametrize(
    "options",
    [
        {"direction": "forward"},
        {"direction": "reverse", "lengths": True},
        {"direction": "reverse", "activations": ["LeakyRelu"], "activation_alpha": [0.1]},
    ],
)
def test_what_stays(options: dict[str, Any]) -> None:
    model, _ = layer("RNN", **options)
    assert run_forwards(model) is model
