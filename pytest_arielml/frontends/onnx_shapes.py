"""The shapes of an ONNX graph: which sizes are fixed, and which are left free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import ml_dtypes
import numpy as np
import onnx

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends.dims import Dims, unknown_name
from pytest_arielml.frontends.model import Dim, TensorSpec, shape_text

_DTYPES: Final = {
    getattr(onnx.TensorProto, name): np.dtype(dtype)
    for name, dtype in {
        "FLOAT": "float32",
        "DOUBLE": "float64",
        "FLOAT16": "float16",
        "BFLOAT16": ml_dtypes.bfloat16,
        "INT4": ml_dtypes.int4,
        "UINT4": ml_dtypes.uint4,
        "BOOL": "bool",
        **{f"{s.upper()}INT{n}": f"{s}int{n}" for s in ("", "u") for n in (8, 16, 32, 64)},
    }.items()
}

# How shape inference calls a size that it knows nothing of.
_INVENTED: Final = "unk__"

_Dimensions = Sequence[onnx.TensorShapeProto.Dimension]
_Shapes = Mapping[str, _Dimensions]


def fix_sizes(proto: onnx.ModelProto, dims: Dims, where: str) -> None:
    """Fixes sizes of the inputs, in place.

    A size that `dims` names is set to its value, or left free by None. A
    free first dimension that `dims` says nothing of is the batch and becomes
    1, with every dimension of the inputs that carries its name. Other sizes
    stay free. Free sizes of outputs and of values between are dropped, for
    shape inference to find.

    Raises: UsageError for a name in `dims` that is neither a free dimension
    nor an input, or sizes that do not fit the input; ModelError for an input
    that is no tensor.
    """
    shapes = {
        value.name: _tensor_type(value, where).shape.dim for value in _true_inputs(proto.graph)
    }
    sizes = _chosen(dims, shapes)
    for name, shape in shapes.items():
        batch = shape[0] if shape else None
        if batch is None or _is_static(batch) or isinstance(dims.get(name), Sequence):
            continue
        if not batch.dim_param:
            batch.dim_value = 1
        else:
            sizes.setdefault(batch.dim_param, 1)
    for shape in shapes.values():
        for dim in shape:
            size = sizes.get(dim.dim_param) if _is_named(dim) else None
            if size is not None:
                dim.dim_value = size
            elif not _is_static(dim) and not dim.dim_param:
                dim.Clear()  # -1, which only we take for a free size
    for value in (*proto.graph.output, *proto.graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if not _is_static(dim):
                dim.Clear()


def specs(
    proto: onnx.ModelProto, where: str
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of the graph.

    Raises: ModelError naming one whose element type is not supported or
    whose number of dimensions is not known.
    """
    graph = proto.graph
    inputs = tuple(_spec(value, "input", where) for value in _true_inputs(graph))
    outputs = tuple(_spec(value, "output", where) for value in graph.output)
    return inputs, outputs


def _chosen(dims: Dims, shapes: _Shapes) -> dict[str, int | None]:
    """The sizes that `dims` gives named dimensions; those without a name are set, in place."""
    free = {dim.dim_param for shape in shapes.values() for dim in shape if _is_named(dim)}
    sizes: dict[str, int | None] = {}
    for name, value in dims.items():
        if isinstance(value, Sequence):
            if name not in shapes:
                raise unknown_name(name, free, shapes)
            found = _fix_input(name, shapes[name], value)
        elif name in free:
            found = {name: value}
        elif name in shapes:
            raise UsageError(
                f"dims has one size for {name!r}, which is an input",
                expected=f"a size for each of its {len(shapes[name])} dimensions",
                found=repr(value),
                advice="give all of its sizes: dims={name: (1, 4)}, --dim NAME=1,4 in a shell",
            )
        else:
            raise unknown_name(name, free, shapes)
        for dimension, size in found.items():
            if sizes.setdefault(dimension, size) != size:
                raise UsageError(
                    f"dims gives the dimension {dimension!r} two sizes",
                    found=f"{sizes[dimension]} and {size}",
                    advice="give it one size: a dimension of one name has the same size everywhere",
                )
    return sizes


def _fix_input(name: str, shape: _Dimensions, sizes: Sequence[int | None]) -> dict[str, int | None]:
    """Sets the sizes of one input that have no name, in place; gives those that have one."""
    known = [_size(dim) for dim in shape]
    fits = len(known) == len(sizes) and all(
        size in (None, fixed) or not isinstance(fixed, int)
        for fixed, size in zip(known, sizes, strict=True)
    )
    if not fits:
        raise UsageError(
            f"dims has sizes for input {name!r} that do not fit it",
            expected=shape_text(known),
            found=shape_text(sizes),
            advice="give as many sizes as it has, with None for those that stay as they are",
        )
    named: dict[str, int | None] = {}
    for dim, size in zip(shape, sizes, strict=True):
        if _is_named(dim):
            named[dim.dim_param] = size
        elif size is not None:
            dim.dim_value = size
    return named


def _true_inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The inputs that a caller gives: before IR version 4 weights are listed with them."""
    weights = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in weights]


def _tensor_type(value: onnx.ValueInfoProto, where: str) -> onnx.TypeProto.Tensor:
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type" or not value.type.tensor_type.HasField("shape"):
        raise ModelError(
            f"{value.name!r} is not a tensor of a known number of dimensions",
            where=where,
            expected="dense tensors in and out",
            found=(kind or "no type") if kind != "tensor_type" else "a tensor without a shape",
            advice="export the model with tensors as inputs and outputs",
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
    return TensorSpec(value.name, dtype, tuple(_size(dim) for dim in tensor.shape.dim))


def _size(dim: onnx.TensorShapeProto.Dimension) -> Dim:
    if _is_static(dim):
        return int(dim.dim_value)
    return dim.dim_param if _is_named(dim) and not dim.dim_param.startswith(_INVENTED) else None


def _is_named(dim: onnx.TensorShapeProto.Dimension) -> bool:
    return dim.WhichOneof("value") == "dim_param" and bool(dim.dim_param)


def _is_static(dim: onnx.TensorShapeProto.Dimension) -> bool:
    # Some exporters write -1 for a free dimension; a tensor of no values has a 0.
    return dim.WhichOneof("value") == "dim_value" and dim.dim_value >= 0
