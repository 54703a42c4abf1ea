from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx
import pytest
from onnx import TensorProto, helper

Make = Callable[..., onnx.ModelProto]


@pytest.fixture(scope="session")
def make_model() -> Make:
    """Makes a model from nodes, with float32 inputs `x` and outputs of given shapes."""

    def make(
        *nodes: onnx.NodeProto,
        x: Sequence[int] = (2, 2),
        y: Sequence[int] = (2, 2),
        kind: int = TensorProto.FLOAT,
        domains: Sequence[str] = (),
    ) -> onnx.ModelProto:
        graph = helper.make_graph(
            nodes,
            "free text, even /this/",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
            [helper.make_tensor_value_info("y", kind, y)],
        )
        opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(d, 1) for d in domains)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    return make
