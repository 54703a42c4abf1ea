"""Dead code: what no output depends on, IREE would still have to translate."""

from __future__ import annotations

import onnx

from pytest_arielml.frontends.passes.graph import copy_of, replace_nodes, subgraphs


def prune(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without nodes and initializers that no output depends on.

    Inputs stay, used or not: they are the model's signature.
    """
    used = {value.name for value in model.graph.output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(model.graph.node):
        if used.intersection(node.output):
            kept.append(node)
            used |= _read(node)
    weights = [item for item in model.graph.initializer if item.name in used]
    if len(kept) == len(model.graph.node) and len(weights) == len(model.graph.initializer):
        return model
    pruned = copy_of(model)
    replace_nodes(pruned.graph, reversed(kept))
    del pruned.graph.initializer[:]
    pruned.graph.initializer.extend(weights)
    return pruned


def _read(node: onnx.NodeProto) -> set[str]:
    """Values that a node, or a graph in it, reads."""
    found = set(node.input)
    for graph in subgraphs(node):
        found.update(value.name for value in graph.output)
        for inner in graph.node:
            found |= _read(inner)
    return found
