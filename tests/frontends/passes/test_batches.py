from __future__ import annotations

import numpy as np
import onnx
import pytest
from meaning import assert_same
from onnx import TensorProto, helper

from pytest_arielml.frontends.passes.batches import LIMIT, split_batches
from pytest_arielml.frontends.passes.graph import infer

Shape = tuple[int, ...]


def product(
    a: Shape, b: Shape, *, scales: int = 1, kind: int = TensorProto.INT8
) -> onnx.ModelProto:
    y = [*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1]]
    parameters = {"as": [scales], "az": [scales], "bs": [1], "bz": [1], "ys": [], "yz": []}
    inputs = [
        helper.make_tensor_value_info("a", kind, a),
        helper.make_tensor_value_info("b", kind, b),
    ]
    inputs += [
        helper.make_tensor_value_info(name, TensorProto.FLOAT if name[1] == "s" else kind, shape)
        for name, shape in parameters.items()
    ]
    node = helper.make_node("QLinearMatMul", ["a", "as", "az", "b", "bs", "bz", "ys", "yz"], ["y"])
    graph = helper.make_graph([node], "net", inputs, [helper.make_tensor_value_info("y", kind, y)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4, 6), (2, 3, 6, 1)),
        ((1, 3, 4), (1, 4, 5)),
    ],
)
@pytest.mark.parametrize("kind", [TensorProto.INT8, TensorProto.UINT8])
def test_batches(a: Shape, b: Shape, kind: int) -> None:
    model = product(a, b, kind=kind)
    split = split_batches(infer(model))
    kinds = [node.op_type for node in split.graph.node]
    assert "QLinearMatMul" in kinds
    assert all(
        len(value.type.tensor_type.shape.dim) == 2
        for value in infer(split).graph.value_info
        if value.name in [n.output[0] for n in split.graph.node if n.op_type == "QLinearMatMul"]
    )
    rng = np.random.default_rng(4)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    one = [np.full([1], 0.05, np.float32), np.full([1], 3, dtype)]
    inputs = [
        *(rng.integers(low, high, shape, dtype=dtype, endpoint=True) for shape in (a, b)),
        *one,
        *one,
        np.float32(0.3).reshape(()),
        np.asarray(7, dtype),
    ]
    assert_same(model, split, inputs)


@pytest.mark.parametrize(
    "model",
    [
        product((3, 4), (4, 5)),
        product((2, 3, 4), (1, 4, 5)),
        product((3, 4), (2, 4, 5)),
        product((LIMIT + 1, 1, 1), (LIMIT + 1, 1, 1)),
        product((2, 3, 4), (2, 4, 5), scales=3),
    ],
    ids=["matrices", "broadcast", "second", "many", "scale a row"],
)
def test_what_stays(model: onnx.ModelProto) -> None:
    inferred = infer(model)
    assert split_batches(inferred) is inferred
