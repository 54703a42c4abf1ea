"""Static shapes for an ONNX graph: the batch is one, nothing else may be free."""

from __future__ import annotations

from typing import Final

import numpy as np
import onnx

from pytest_arielml.errors import ModelError
from pytest_arielml.frontends.model import TensorSpec

_DTYPES: Final = {
    getattr(onnx.TensorProto, name): np.dtype(dtype)
    for name, dtype in {
        "FLOAT": "float32",
        "DOUBLE": "float64",
        "FLOAT16": "float16",
        "BOOL": "bool",
        **{f"{s.upper()}INT{n}": f"{s}int{n}" for s in ("", "u") for n in (8, 16, 32, 64)},
    }.items()
}


def fix_batch(proto: onnx.ModelProto, where: str) -> None:
    """Sets the batch to 1, in place: the first dimension of inputs that leave it free.

    Every dimension of the inputs that carries the batch's name is the batch.
    Free dimensions of outputs and of values between are dropped, for shape
    inference to find.

    Raises: ModelError naming an input and its dimension that is free and
    not the batch.
    """
    graph = proto.graph
    inputs = _true_inputs(graph)
    batch: set[str] = set()
    for value in inputs:
        dims = _tensor_type(value, where).shape.dim
        if dims and not _is_static(dims[0]):
            if dims[0].dim_param:
                batch.add(dims[0].dim_param)
            dims[0].dim_value = 1
    for value in inputs:
        for axis, dim in enumerate(_tensor_type(value, where).shape.dim):
            if dim.dim_param in batch:
                dim.dim_value = 1
            if not _is_static(dim):
                raise ModelError(
                    f"dimension {axis} of input {value.name!r} has no fixed size",
                    where=where,
                    expected="static shapes; only the batch (dimension 0) may be free, "
                    "and is set to 1",
                    found=f"{value.name}: {_shape_text(value)}",
                    advice="export the model with a fixed size, or set it with: python -m "
                    "onnxruntime.tools.make_dynamic_shape_fixed",
                )
    for value in (*graph.output, *graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if not _is_static(dim):
                dim.Clear()


def static_specs(
    proto: onnx.ModelProto, where: str
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of the graph.

    Raises: ModelError naming one whose element type is not supported or
    whose shape is not known before it runs.
    """
    graph = proto.graph
    inputs = tuple(_spec(value, "input", where) for value in _true_inputs(graph))
    outputs = tuple(_spec(value, "output", where) for value in graph.output)
    return inputs, outputs


def _true_inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The inputs that a caller gives: before IR version 4 weights are listed with them."""
    weights = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in weights]


def _tensor_type(value: onnx.ValueInfoProto, where: str) -> onnx.TypeProto.Tensor:
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type" or not value.type.tensor_type.HasField("shape"):
        raise ModelError(
            f"{value.name!r} is not a tensor of known shape",
            where=where,
            expected="dense tensors in and out",
            found=(kind or "no type") if kind != "tensor_type" else "a tensor without a shape",
            advice="export the model with tensors of fixed shapes as inputs and outputs",
        )
    return value.type.tensor_type


def _spec(value: onnx.ValueInfoProto, role: str, where: str) -> TensorSpec:
    tensor = _tensor_type(value, where)
    dtype = _DTYPES.get(tensor.elem_type)
    if dtype is None:
        raise ModelError(
            f"{role} {value.name!r} has an element type that is not supported",
            where=where,
            expected=", ".join(sorted(str(known) for known in _DTYPES.values())),
            found=onnx.TensorProto.DataType.Name(tensor.elem_type).lower(),
            advice="add a Cast to the model, or export it with another type",
        )
    for axis, dim in enumerate(tensor.shape.dim):
        if not _is_static(dim):
            raise ModelError(
                f"dimension {axis} of {role} {value.name!r} depends on the data",
                where=where,
                expected="outputs whose shapes follow from the shapes of the inputs",
                found=f"{value.name}: {_shape_text(value)}",
                advice="leave out the operators after the last tensor of fixed shape "
                "(NonZero, NonMaxSuppression, ...) and do their work on the host",
            )
    return TensorSpec(value.name, dtype, tuple(dim.dim_value for dim in tensor.shape.dim))


def _is_static(dim: onnx.TensorShapeProto.Dimension) -> bool:
    # Some exporters write -1 for a free dimension; a tensor of no values has a 0.
    return dim.WhichOneof("value") == "dim_value" and dim.dim_value >= 0


def _shape_text(value: onnx.ValueInfoProto) -> str:
    dims = value.type.tensor_type.shape.dim
    sizes = (str(dim.dim_value) if _is_static(dim) else dim.dim_param or "?" for dim in dims)
    return "[" + ", ".join(sizes) + "]"
