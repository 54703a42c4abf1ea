"""Loops of a known number of turns, unrolled.

IREE 3.13 takes a `Loop` only in part: none whose values change their shape,
or that collects a value of each turn.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

from pytest_arielml.frontends.passes.graph import (
    Namer,
    attributes,
    constants,
    copy_of,
    is_own,
    opset,
    replace_nodes,
)
from pytest_arielml.frontends.passes.splice import splice

#: Most nodes that the turns of one loop may come to; a longer one is left to IREE.
LIMIT: Final = 500

# From here on the axes of Unsqueeze are an input; `raise_opset` has seen to it.
_FIRST: Final = 13
# The number of the turn, and the condition, come before what is carried.
_CARRIED: Final = 2


def unroll_loops(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every short `Loop` of its main graph as its turns, one after the other.

    Only loops whose number of turns is a constant, and whose condition stays true.
    """
    known = constants(model.graph)
    if opset(model) < _FIRST or not any(_turns(node, known) for node in model.graph.node):
        return model
    unrolled = copy_of(model)
    namer = Namer(unrolled.graph)
    nodes: list[onnx.NodeProto] = []
    for node in unrolled.graph.node:
        turns = _turns(node, known)
        nodes += _unrolled(node, turns, namer) if turns else [node]
    replace_nodes(unrolled.graph, nodes)
    return unrolled


def _turns(node: onnx.NodeProto, known: dict[str, onnx.TensorProto]) -> int | None:
    """How often a loop turns, when that is known, and is not too much to write out."""
    if not is_own(node, "Loop") or node.input[0] not in known:
        return None
    if node.input[1]:
        first = known.get(node.input[1])
        if first is None or not numpy_helper.to_array(first).reshape(-1)[0]:
            return None
    body = attributes(node)["body"]
    turns = int(numpy_helper.to_array(known[node.input[0]]).reshape(-1)[0])
    if not _goes_on(body) or turns * len(body.node) > LIMIT:
        return None
    return turns if turns > 0 else None


def _goes_on(body: onnx.GraphProto) -> bool:
    """Whether the condition that a turn gives is the one it was given, or true."""
    makers = {name: node for node in body.node for name in node.output}
    name = body.output[0].name
    while name in makers and is_own(makers[name], "Identity"):
        name = makers[name].input[0]
    if name == body.input[1].name:
        return True
    value = constants(body).get(name)
    return value is not None and bool(numpy_helper.to_array(value).reshape(-1)[0])


def _unrolled(node: onnx.NodeProto, turns: int, namer: Namer) -> list[onnx.NodeProto]:
    body: onnx.GraphProto = attributes(node)["body"]
    nodes: list[onnx.NodeProto] = []

    def add(kind: str, inputs: list[str], output: str = "", **options: Any) -> str:
        name = output or namer(f"{node.output[0]}_{kind.lower()}")
        nodes.append(onnx.helper.make_node(kind, inputs, [name], **options))
        return name

    def constant(value: object, dtype: type) -> str:
        tensor = numpy_helper.from_array(np.asarray(value, dtype))
        return add("Constant", [], value=tensor)

    carried = list(node.input[_CARRIED:])
    count = len(carried)
    collected: list[list[str]] = [[] for _ in node.output[count:]]
    axis, condition = constant([0], np.int64), constant(True, np.bool_)
    names = [value.name for value in body.input]
    for turn in range(turns):
        given = [constant(turn, np.int64), condition, *carried]
        outputs = [namer(value.name) for value in body.output]
        nodes += splice(body, dict(zip(names, given, strict=True)), outputs, namer)
        carried = outputs[1 : 1 + count]
        for values, value in zip(collected, outputs[1 + count :], strict=True):
            values.append(add("Unsqueeze", [value, axis]))
    for name, value in zip(node.output, carried, strict=False):
        if name:
            add("Identity", [value], name)
    for name, values in zip(node.output[count:], collected, strict=True):
        if name:
            add("Concat", values, name, axis=0)
    return nodes
