"""Operands that shapes or code follow from, given as constants.

Some operators have inputs that set the shape of the output: the axes of a
reduction, the bounds of a slice. Of others it is the code that depends on an
input: the axis of a running sum, the scales of a resize. A board takes models
of static shape, and IREE wants these operands before the model runs. A case
that does not compile otherwise, or not to what it means, has them frozen: the
values that the case gives are written into its model, and are inputs no more.
What an operator computes from them is tested; that they can change from call
to call is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import onnx
from onnx import numpy_helper

from conformance.onnx.cases import Array
from pytest_arielml.frontends.passes import prepare

# Inputs that code follows from, by operator: their places.
_CODE: Final = {"CumProd": (1,), "CumSum": (1,), "DFT": (2,), "Resize": (1, 2, 3)}

# Shapes, axes, bounds and scales are scalars or vectors.
_MOST_DIMENSIONS: Final = 1


def freeze(
    model: onnx.ModelProto, inputs: Sequence[Array], frozen: Sequence[str]
) -> tuple[onnx.ModelProto, tuple[Array, ...]]:
    """A copy of the model with the inputs called `frozen` as constants, and the other inputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    del graph.input[:]
    kept = []
    for value, array in zip(model.graph.input, inputs, strict=True):
        if value.name in frozen:
            graph.initializer.append(numpy_helper.from_array(array, value.name))
        else:
            graph.input.append(value)
            kept.append(array)
    return copy, tuple(kept)


def shape_operands(model: onnx.ModelProto, inputs: Sequence[Array]) -> tuple[str, ...]:
    """Inputs without whose values shape inference does not find the shapes of the outputs.

    The shapes that the model declares for its outputs are set aside. Empty
    when all shapes follow from those of the inputs, or do not follow from
    the values of small inputs either.
    """
    names = [value.name for value in model.graph.input]
    candidates = [
        name for name, array in zip(names, inputs, strict=True) if array.ndim <= _MOST_DIMENSIONS
    ]
    if _is_static(model, inputs, ()) or not _is_static(model, inputs, candidates):
        return ()
    needed = list(candidates)
    for name in candidates:
        without = [other for other in needed if other != name]
        if _is_static(model, inputs, without):
            needed = without
    return tuple(needed)


def code_operands(model: onnx.ModelProto) -> tuple[str, ...]:
    """Inputs of the model that say what code an operator is."""
    used = {
        node.input[place]
        for node in model.graph.node
        for place in _CODE.get(node.op_type, ())
        if place < len(node.input)
    }
    return tuple(value.name for value in model.graph.input if value.name in used)


def _is_static(model: onnx.ModelProto, inputs: Sequence[Array], frozen: Sequence[str]) -> bool:
    tried, _ = freeze(model, inputs, frozen)
    for value in tried.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        inferred = onnx.shape_inference.infer_shapes(prepare(tried), data_prop=True)
    except (RuntimeError, ValueError):
        return False
    return all(
        value.type.tensor_type.HasField("shape")
        and all(dim.WhichOneof("value") == "dim_value" for dim in value.type.tensor_type.shape.dim)
        for value in inferred.graph.output
    )
