from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from meaning import onnxruntime, reference
from onnx import TensorProto
from rewriting import check, floats, stays


@pytest.mark.parametrize(
    ("values", "to"),
    [
        (np.asarray([-128, -1, 0, 127], np.int8), TensorProto.UINT8),
        (np.asarray([0, 127, 128, 255], np.uint8), TensorProto.INT8),
        (np.asarray([-(2**31), -1, 5], np.int32), TensorProto.UINT32),
        (np.asarray([0, 2**31, 2**32 - 1], np.uint32), TensorProto.INT32),
        (np.asarray([True, False]), TensorProto.UINT8),
    ],
)
def test_bits_of_integers(values: Any, to: int) -> None:
    check("BitCast", [values], to=to)


@pytest.mark.parametrize(
    ("values", "to"),
    [
        (floats(3), TensorProto.INT32),
        (np.arange(3, dtype=np.uint16), TensorProto.INT16),
        (np.arange(3, dtype=np.uint64), TensorProto.INT64),
    ],
)
def test_bits_that_stay(values: Any, to: int) -> None:
    stays("BitCast", [values], to=to)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_by_tanh(dtype: Any) -> None:
    values = np.linspace(-6, 6, 49).astype(dtype)
    check("Gelu", [values], approximate="tanh")
    stays("Gelu", [values], approximate="none")


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("power", [1, 2])
def test_norms(axis: int, power: int) -> None:
    # The reference evaluator takes no absolute values.
    check("LpNormalization", [floats(2, 3, 4)], opset=21, by=onnxruntime, axis=axis, p=power)


def test_the_norm_of_zeros() -> None:
    values = floats(2, 3)
    values[1] = 0
    made = check("LpNormalization", [values], by=_by_hand)
    assert made.graph.node


def _by_hand(model: Any, feed: Any) -> list[Any]:
    """The reference evaluator divides by zero."""
    if model.graph.node[0].op_type != "LpNormalization":
        return reference(model, feed)
    x = feed["i0"]
    norm = np.sqrt((x * x).sum(-1, keepdims=True))
    return [x / np.where(norm == 0, 1, norm)]


def test_depth_by_channels() -> None:
    # onnx's own formula; its reference evaluator has the one mode alone.
    check("SpaceToDepth", [floats(1, 2, 4, 6)], blocksize=2, mode="CRD", by=_by_formula)
    stays("SpaceToDepth", [floats(1, 2, 4, 6)], blocksize=2)


def _by_formula(model: Any, feed: Any) -> list[Any]:
    if model.graph.node[0].op_type != "SpaceToDepth":
        return reference(model, feed)
    moved = feed["i0"].reshape(1, 2, 2, 2, 3, 2).transpose(0, 1, 3, 5, 2, 4)
    return [moved.reshape(1, 8, 2, 3)]
