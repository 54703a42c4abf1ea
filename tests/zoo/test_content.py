from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pytest_arielml.zoo.content import content_sha256


def model(
    *, prefix: str = "", weight: float = 1.0, op: str = "Add", axis: int = 0, swapped: bool = False
) -> bytes:
    w, v, x, s, y = (prefix + name for name in "wvxsy")
    weights = [
        numpy_helper.from_array(np.full(3, weight, np.float32), w),
        numpy_helper.from_array(np.full(3, 2, np.float32), v),
    ]
    graph = helper.make_graph(
        [
            helper.make_node(op, [x, v if swapped else w], [s]),
            helper.make_node("Softmax", [s], [y], axis=axis),
            helper.make_node("Add", [y, v], [prefix + "z"]),
        ],
        prefix + "graph",
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [prefix + "n", 3])],
        [helper.make_tensor_value_info(prefix + "z", TensorProto.FLOAT, [prefix + "n", 3])],
        weights[::-1] if prefix else weights,
    )
    content: bytes = helper.make_model(graph, producer_name=prefix).SerializeToString()
    return content


def test_names_and_the_order_of_weights_do_not_count() -> None:
    assert model() != model(prefix="other_")
    assert content_sha256(model()) == content_sha256(model(prefix="other_"))


@pytest.mark.parametrize(
    "change", [{"weight": 1.5}, {"op": "Mul"}, {"axis": 1}, {"swapped": True}], ids=str
)
def test_what_is_computed_counts(change: dict[str, object]) -> None:
    assert content_sha256(model()) != content_sha256(model(**change))  # type: ignore[arg-type]


def test_shapes_and_versions_count() -> None:
    proto = onnx.load_from_string(model())
    original = content_sha256(proto.SerializeToString())
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    fixed = content_sha256(proto.SerializeToString())
    proto.opset_import[0].version -= 1
    assert len({original, fixed, content_sha256(proto.SerializeToString())}) == 3


def test_not_a_graph() -> None:
    with pytest.raises(ValueError, match="not an ONNX file"):
        content_sha256(b"\xff")
    proto = onnx.load_from_string(model())
    proto.graph.node[1].input[0] = "nowhere"
    with pytest.raises(ValueError, match="nothing gives"):
        content_sha256(proto.SerializeToString())
