"""Branches whose condition is known: `If` becomes the nodes of the branch taken."""

from __future__ import annotations

import onnx
from onnx import numpy_helper

from pytest_arielml.frontends.passes.graph import (
    Namer,
    attributes,
    constants,
    copy_of,
    is_own,
    replace_nodes,
)
from pytest_arielml.frontends.passes.splice import splice


def take_branches(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without the `If` of its main graph whose condition is a constant."""
    known = constants(model.graph)
    if not any(is_own(node, "If") and node.input[0] in known for node in model.graph.node):
        return model
    taken = copy_of(model)
    namer = Namer(taken.graph)
    nodes: list[onnx.NodeProto] = []
    for node in taken.graph.node:
        if not (is_own(node, "If") and node.input[0] in known):
            nodes.append(node)
            continue
        condition = bool(numpy_helper.to_array(known[node.input[0]]).reshape(-1)[0])
        branch = attributes(node)["then_branch" if condition else "else_branch"]
        nodes += splice(branch, {}, list(node.output), namer)
    replace_nodes(taken.graph, nodes)
    return taken
