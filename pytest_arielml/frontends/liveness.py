"""The least memory that the tensors of a model can take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import onnx

from pytest_arielml.frontends.integer import DOMAIN
from pytest_arielml.frontends.passes.graph import TensorType, constants, dtype_of, names, types

# What a kernel does to the results that it has at hand, or to what it reads,
# without storing them in between.
_BEHIND: Final = frozenset(
    {"Add", "Cast", "Clip", "DequantizeLinear", "Div", "LeakyRelu", "Max", "Min", "Mul", "Neg"}
    | {"QuantizeLinear", "Relu", "Sigmoid", "Sub", "Tanh", "Requantize", "Lookup", "Flip"}
)
_VIEWS: Final = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
_ON_THE_WAY: Final = _BEHIND | _VIEWS | {"MaxPool", "Pad"}


def least_memory(model: onnx.ModelProto) -> int | None:
    """The largest sum of tensors that are alive at once, in bytes; `None` when sizes are free.

    Inputs and outputs live as long as the call: whoever calls puts the ones
    in and takes the others. What lies between two operators that one kernel
    can do together takes nothing, nor does a change of layout. Constants are
    not counted; they stay in flash.

    Args:
        model: a normal form, with the shapes of its values.
    """
    graph = model.graph
    known, fixed = types(graph), constants(graph)
    nodes = [node for node in graph.node if node.op_type != "Constant"]
    readers: dict[str, list[int]] = {}
    for place, node in enumerate(nodes):
        for name in _read(node):
            readers.setdefault(name, []).append(place)
    kept = {value.name for value in (*graph.input, *graph.output)}
    passing = {
        name
        for node in nodes
        for name in node.output
        if name not in kept and _passes(name, nodes, readers)
    }
    last: dict[str, int] = {}
    for place, node in enumerate(nodes):
        for name in _read(node):
            last[name] = place
    # What an operator reads through others lives until that operator is done.
    for node in reversed(nodes):
        end = max((last.get(name, -1) for name in node.output if name in passing), default=-1)
        for name in _read(node):
            last[name] = max(last[name], end)
    alive: dict[str, int] = {}
    for value in (*graph.input, *graph.output):
        size = _size(known.get(value.name))
        if size is None:
            return None
        alive[value.name] = 0 if value.name in fixed else size
    most = sum(alive.values())
    for place, node in enumerate(nodes):
        for name in node.output:
            if name and name not in passing and name not in alive:
                size = _size(known.get(name))
                if size is None:
                    return None
                alive[name] = size
        most = max(most, sum(alive.values()))
        gone = [name for name in alive if name not in kept and last.get(name, -1) <= place]
        for name in gone:
            del alive[name]
    return most


def _read(node: onnx.NodeProto) -> Iterable[str]:
    """Values that a node reads, in its subgraphs too."""
    found = {name for name in node.input if name}
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            found |= names(attribute.g)
    return found


def _passes(name: str, nodes: list[onnx.NodeProto], readers: dict[str, list[int]]) -> bool:
    """Whether a value need not be stored: the one operator that reads it is on the way."""
    at = readers.get(name, [])
    if len(at) != 1:
        return not at
    reader = nodes[at[0]]
    return reader.domain in ("", "ai.onnx", DOMAIN) and reader.op_type in _ON_THE_WAY


def _size(value: TensorType | None) -> int | None:
    if value is None:
        return None
    return math.prod(value.shape) * dtype_of(value.element).itemsize
