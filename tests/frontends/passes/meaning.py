"""Holds a model and what a pass made of it against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

Array = NDArray[Any]
Evaluator = Callable[[onnx.ModelProto, Mapping[str, Array]], list[Array]]


def reference(model: onnx.ModelProto, feed: Mapping[str, Array]) -> list[Array]:
    """The outputs by onnx's reference evaluator: it has all new operators."""
    return list(ReferenceEvaluator(model).run(None, dict(feed)))


def onnxruntime(model: onnx.ModelProto, feed: Mapping[str, Array]) -> list[Array]:
    """The outputs by onnxruntime, its own passes off: it has all old operators."""
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_DISABLE_ALL
    session = InferenceSession(model.SerializeToString(), options)
    return list(session.run(None, dict(feed)))


def assert_same(
    before: onnx.ModelProto,
    after: onnx.ModelProto,
    inputs: Sequence[Array],
    *,
    by: Evaluator = reference,
) -> None:
    """Both are valid, have one signature, and give the same outputs."""
    onnx.checker.check_model(after, full_check=True)
    names = [value.name for value in before.graph.input]
    assert [value.name for value in after.graph.input] == names
    assert [value.name for value in after.graph.output] == [v.name for v in before.graph.output]
    feed = dict(zip(names, inputs, strict=True))
    for one, other in zip(by(after, feed), by(before, feed), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
