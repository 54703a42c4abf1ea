"""Puts the nodes of a subgraph into the graph around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from pytest_arielml.frontends.passes.graph import Namer, rename_inputs, subgraphs


def splice(
    body: onnx.GraphProto, inputs: Mapping[str, str], outputs: Sequence[str], namer: Namer
) -> list[onnx.NodeProto]:
    """A copy of the nodes of `body` under names of their own.

    Args:
        body: the subgraph; values from around it keep their names.
        inputs: for each input of `body`, the value of the outer graph that it is.
        outputs: what each output of `body` is called outside; "" for one that
            is not wanted.
        namer: of the outer graph.

    Constants of `body` come as `Constant` nodes.
    """
    copy = onnx.GraphProto()
    copy.CopyFrom(body)
    renamed = dict(inputs)
    nodes = [
        onnx.helper.make_node("Constant", [], [item.name], value=item) for item in copy.initializer
    ]
    nodes += copy.node
    for node in nodes:
        for name in node.output:
            if name:
                renamed[name] = namer(name)
    for node in nodes:
        node.output[:] = [renamed.get(name, name) for name in node.output]
    rename_inputs(nodes, renamed)
    _forget_types(nodes)
    nodes += [
        onnx.helper.make_node("Identity", [renamed.get(value.name, value.name)], [name])
        for value, name in zip(copy.output, outputs, strict=False)
        if name
    ]
    return nodes


def _forget_types(nodes: Sequence[onnx.NodeProto]) -> None:
    """Drops what was inferred for the old names in subgraphs."""
    for node in nodes:
        for graph in subgraphs(node):
            del graph.value_info[:]
            _forget_types(graph.node)
