"""Loops before and after they are counted, by onnxruntime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.errors import ModelError
from pytest_arielml.frontends.counted import LIMIT, count_loops
from pytest_arielml.golden import Reference

_MODEL = """
    <ir_version: 8, opset_import: ["" : 17]>
    net (int64 most, bool go, float x, float limit) => (float y, int64 k) {{
        zero = Constant<value_int = 0>()
        one = Constant<value_int = 1>()
        two = Constant<value_float = 2.0>()
        true = Constant<value = bool {{1}}>()
        y, k = Loop ({trips}, {condition}, x, zero) <
            body = step (int64 i, bool c, float v, int64 s) => (bool d, float w, int64 t) {{
                w = Mul(v, two)
                t = Add(s, one)
                {step}
            }}
        >
    }}
"""
_BY_DATA = "d = Less(w, limit)"
_THROUGH = "d = Identity(c)"


def net(trips: str = "most", condition: str = "true", step: str = _BY_DATA) -> onnx.ModelProto:
    return parser.parse_model(_MODEL.format(trips=trips, condition=condition, step=step))


def counted(model: onnx.ModelProto) -> onnx.ModelProto:
    before = model.SerializeToString(deterministic=True)
    after = count_loops(model, "net")
    assert model.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(after, full_check=True)
    return after


@pytest.mark.parametrize(
    "step", [_BY_DATA, _THROUGH, "d = And(c, c)", "d = Constant<value = bool {1}>()"]
)
@pytest.mark.parametrize("condition", ["true", "go", '""'])
@pytest.mark.parametrize("go", [True, False])
def test_the_meaning_stays(step: str, condition: str, go: bool) -> None:
    model = net(condition=condition, step=step)
    after = counted(model)
    references = [Reference(each.SerializeToString()) for each in (model, after)]
    for most in (0, 1, 3, 12):
        feed = {
            "most": np.array(most),
            "go": np.array(go),
            "x": np.array(1, np.float32),
            "limit": np.array(20, np.float32),
        }
        expected, found = (
            reference.run({slot.name: feed[slot.name] for slot in reference.inputs})
            for reference in references
        )
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_every_condition_is_handed_through() -> None:
    (loop,) = (node for node in counted(net(condition="go")).graph.node if node.op_type == "Loop")
    body = next(each.g for each in loop.attribute if each.name == "body")
    result, condition = body.output[0].name, body.input[1].name
    (user,) = (node for node in body.node if condition in node.input)
    assert (user.op_type, list(user.output)) == ("Identity", [result])
    assert loop.input[1] != "go"


def test_a_counted_loop_stays_as_it_is() -> None:
    model = net(step=_THROUGH)
    assert count_loops(model, "net") is model


@pytest.mark.parametrize("most", [LIMIT, LIMIT + 1])
def test_the_bound(most: int) -> None:
    model = net()
    bound = onnx.numpy_helper.from_array(np.array(most), "most")
    del model.graph.input[0]
    model.graph.initializer.append(bound)
    if most == LIMIT:
        assert "If" in str(counted(model))
    else:
        with pytest.raises(ModelError, match="ends when its data say so") as caught:
            counted(model)
        assert caught.value.found == "at most 65,537 turns"


def test_without_a_trip_count_it_is_refused() -> None:
    with pytest.raises(ModelError) as caught:
        counted(net(trips='""'))
    assert caught.value.found == "no trip count"
