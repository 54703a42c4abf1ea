"""What the passes ask of an ONNX graph, and the edits they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Array = NDArray[Any]

#: The name of ONNX's own domain, which has two spellings.
_OWN: Final = ("", "ai.onnx")


@dataclass(frozen=True)
class TensorType:
    """Element type (of `onnx.TensorProto`) and static shape of a value."""

    element: int
    shape: tuple[int, ...]

    @property
    def empty(self) -> bool:
        """Whether it holds no value at all: a dimension is zero."""
        return 0 in self.shape


def is_own(node: onnx.NodeProto, *names: str) -> bool:
    """Whether `node` is an operator of ONNX's own domain, one of `names` when given."""
    return node.domain in _OWN and (not names or node.op_type in names)


def opset(model: onnx.ModelProto) -> int:
    """Version of ONNX's own operators that the model uses; 1 when it imports none."""
    return max((each.version for each in model.opset_import if each.domain in _OWN), default=1)


def copy_of(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy to edit."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def constants(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """Tensors that are known before the model runs: initializers, and `Constant` nodes.

    An initializer that is an input too is a default that a caller may
    replace, and is not a constant.
    """
    inputs = {value.name for value in graph.input}
    found = {item.name: item for item in graph.initializer if item.name not in inputs}
    for node in graph.node:
        if is_own(node, "Constant") and len(node.attribute) == 1:
            tensor = _constant(node.attribute[0])
            if tensor is not None:
                found[node.output[0]] = tensor
    return found


def types(graph: onnx.GraphProto) -> dict[str, TensorType]:
    """Values whose element type and whole shape are known, after shape inference."""
    found = {item.name: TensorType(item.data_type, tuple(item.dims)) for item in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        if value.type.WhichOneof("value") != "tensor_type" or not tensor.HasField("shape"):
            continue
        dims = tensor.shape.dim
        if tensor.elem_type and all(dim.WhichOneof("value") == "dim_value" for dim in dims):
            shape = tuple(dim.dim_value for dim in dims)
            if all(size >= 0 for size in shape):
                found[value.name] = TensorType(tensor.elem_type, shape)
    return found


def dtype_of(element: int) -> np.dtype[np.generic]:
    """numpy's type for an element type of `onnx.TensorProto`."""
    return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(element))


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Attributes of a node by name, as Python values."""
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def infer(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the shapes that follow from its inputs; as it is when they clash.

    The frontend infers strictly when the passes are done, and reports a clash.
    """
    # A size that was given a name for want of its value would keep the name.
    model = copy_of(model)
    for value in (*model.graph.value_info, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.WhichOneof("value") != "dim_value":
                dim.Clear()
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError):
        return model


def tensor(array: Array, name: str) -> onnx.TensorProto:
    """An initializer."""
    return numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)


def replace_nodes(graph: onnx.GraphProto, nodes: Iterable[onnx.NodeProto]) -> None:
    """Puts `nodes` in place of those that the graph has."""
    kept = list(nodes)
    del graph.node[:]
    graph.node.extend(kept)


def rename_inputs(nodes: Iterable[onnx.NodeProto], names: Mapping[str, str]) -> None:
    """Reads other values, in place: every use of a key, in subgraphs too, becomes its value."""
    for node in nodes:
        for index, name in enumerate(node.input):
            if name in names:
                node.input[index] = names[name]
        for graph in subgraphs(node):
            rename_inputs(graph.node, names)
            for value in graph.output:
                value.name = names.get(value.name, value.name)


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Graphs in a node's attributes."""
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def names(graph: onnx.GraphProto) -> set[str]:
    """Every name of a value, in subgraphs too."""
    found = {item.name for item in (*graph.initializer, *graph.input, *graph.output)}
    for node in graph.node:
        found.update(node.input, node.output)
        for inner in subgraphs(node):
            found |= names(inner)
    return found


class Namer:
    """Makes names that no value of a graph has."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._taken = names(graph)

    def __call__(self, stem: str) -> str:
        """`stem`, or `stem` with a number."""
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}__{number}"
        self._taken.add(name)
        return name


def _constant(attribute: onnx.AttributeProto) -> onnx.TensorProto | None:
    value = onnx.helper.get_attribute_value(attribute)
    match attribute.name:
        case "value":
            return attribute.t
        case "value_float" | "value_floats":
            return tensor(np.asarray(value, np.float32), "")
        case "value_int" | "value_ints":
            return tensor(np.asarray(value, np.int64), "")
        case _:  # strings and sparse tensors
            return None
