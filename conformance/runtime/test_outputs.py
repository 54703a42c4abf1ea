"""Every element of an input counts, and every element of an output is looked at."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from conformance.runtime.device import Array
from pytest_arielml.api import Arielml

SIZE = 12


def dense(dtype: int, kind: np.dtype[np.generic]) -> tuple[onnx.ModelProto, Array]:
    """`x @ w` with a matrix that can be inverted: no two inputs have one output."""
    random = np.random.default_rng(3)
    weights = np.tril(random.integers(-4, 5, (SIZE, SIZE)), -1) + np.eye(SIZE)
    weights = random.permutation(weights).astype(kind)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "dense",
        [helper.make_tensor_value_info("x", dtype, [1, SIZE])],
        [helper.make_tensor_value_info("y", dtype, [1, SIZE])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return model, weights


@pytest.mark.parametrize(
    ("dtype", "kind"), [(TensorProto.FLOAT, np.float32), (TensorProto.INT32, np.int32)]
)
def test_changing_any_element_of_the_input_changes_the_output_as_the_reference_says(
    arielml: Arielml, dtype: int, kind: type[np.generic]
) -> None:
    """Inputs that differ in one element only, none of them constant, held against numpy too."""
    model, weights = dense(dtype, np.dtype(kind))
    deployment = arielml.deploy(model)
    base = np.random.default_rng(4).integers(-9, 10, (1, SIZE)).astype(kind)
    seen = set()
    for changed in range(-1, SIZE):
        image = base.copy()
        if changed >= 0:
            image[0, changed] += 1
        result = deployment.run(image)
        reference = arielml.reference(model, image)
        assert len(np.unique(reference[0])) > 1, "a constant reference proves nothing"
        result.assert_matches(reference)
        np.testing.assert_array_equal(result.output, image @ weights)
        seen.add(result.output.tobytes())
    assert len(seen) == SIZE + 1


def test_a_single_wrong_element_is_not_let_pass(arielml: Arielml) -> None:
    """The comparison itself: right outputs pass it, and one wrong element of them does not."""
    model, _ = dense(TensorProto.FLOAT, np.dtype(np.float32))
    deployment = arielml.deploy(model)
    image = np.random.default_rng(5).standard_normal((1, SIZE)).astype(np.float32)
    result = deployment.run(image)
    (reference,) = arielml.reference(model, image)
    result.assert_matches(reference)
    for place in range(SIZE):
        wrong = reference.copy()
        wrong[0, place] += 1.0
        with pytest.raises(AssertionError):
            result.assert_matches(wrong)
