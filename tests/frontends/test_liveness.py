"""The least memory of a model's tensors, on graphs small enough to add up by hand."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pytest_arielml.frontends import least_memory


def least(
    nodes: list[onnx.NodeProto], y: tuple[int, ...], *, x: tuple[int, ...] = (1, 2, 8, 8)
) -> int | None:
    """Of a graph from int8 `x` to int8 `y`, with a kernel `w` of 2 by 2 by 3 by 3."""
    weights = numpy_helper.from_array(np.zeros((2, 2, 3, 3), np.int8), "w")
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.INT8, x)],
        [helper.make_tensor_value_info("y", TensorProto.INT8, y)],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    return least_memory(onnx.shape_inference.infer_shapes(model))


def node(kind: str, inputs: str, output: str, **options: object) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **options)


def test_inputs_and_outputs_live_through_the_call() -> None:
    assert least([node("Concat", "x x", "y", axis=1)], (1, 4, 8, 8)) == 128 + 256


def test_what_one_kernel_does_is_not_stored() -> None:
    # The product's 32 bits are made 8 before they leave the kernel.
    nodes = [
        node("ConvInteger", "x w", "wide"),
        node("Cast", "wide", "cast", to=TensorProto.INT8),
        node("MaxPool", "cast", "y", kernel_shape=[2, 2], strides=[2, 2]),
    ]
    assert least(nodes, (1, 2, 3, 3)) == 128 + 18


def test_a_value_lives_until_it_was_read_last() -> None:
    nodes = [
        node("Concat", "x x", "a", axis=1),
        node("Concat", "a a", "b", axis=1),
        node("Split", "b", "c", axis=1, num_outputs=1),
        node("Concat", "a c", "d", axis=1),
        node("ReduceMax", "d", "y", keepdims=1),
    ]
    # x and y, then a, c and d at once: b is gone.
    assert least(nodes, (1, 1, 1, 1)) == 128 + 1 + 256 + 512 + 768


def test_a_layout_is_no_copy_but_keeps_what_it_shows() -> None:
    nodes = [
        node("Concat", "x x", "a", axis=1),
        node("Transpose", "a", "b", perm=[0, 2, 3, 1]),
        node("Concat", "b b", "c", axis=1),
        node("ReduceMax", "c", "y", keepdims=1),
    ]
    assert least(nodes, (1, 1, 1, 1)) == 128 + 1 + 256 + 512


def test_free_sizes_have_no_least() -> None:
    graph = helper.make_graph(
        [node("Relu", "x", "y")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4])],
    )
    assert least_memory(helper.make_model(graph)) is None
