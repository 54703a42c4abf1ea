"""Inlining: an operator that is defined by others becomes these others.

Two kinds are: the functions that a model brings along, and those operators
of ONNX for which the standard itself gives a body. Of the second kind only
what IREE has no implementation of is taken apart; the others compile to
better code whole.
"""

from __future__ import annotations

from typing import Final

import onnx
from onnx import inliner

from pytest_arielml.frontends.passes.graph import copy_of, infer, subgraphs

#: (domain, operator) with a body in the standard and none in IREE 3.13, or one
#: that takes fewer ranks than ONNX allows (the losses); and MeanVariance-
#: Normalization, whose shape onnx cannot infer while it is whole.
TAKEN_APART: Final = frozenset(
    {
        ("", "AffineGrid"),
        ("", "Attention"),
        ("", "CausalConvWithState"),
        ("", "LinearAttention"),
        ("", "MeanVarianceNormalization"),
        ("", "NegativeLogLikelihoodLoss"),
        ("", "RMSNormalization"),
        ("", "RotaryEmbedding"),
        ("", "SoftmaxCrossEntropyLoss"),
        ("", "SwiGLU"),
        ("", "Swish"),
        ("ai.onnx.preview", "FlexAttention"),
    }
)


def inline_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without functions of its own, and without the operators of `TAKEN_APART`."""
    if model.functions:
        model = inliner.inline_local_functions(model, convert_version=True)
    if not any(_taken_apart(node) for node in model.graph.node):
        return model
    typed = copy_of(infer(model))
    for node in typed.graph.node:
        _write_defaults(node, typed)
    # The inliner asks for the type of every input, and an optional one that
    # is left out is called "".
    typed.graph.value_info.append(onnx.ValueInfoProto(name=""))
    inlined = inliner.inline_selected_functions(
        typed, sorted(TAKEN_APART), exclude=False, inline_schema_functions=True
    )
    kept = [value for value in inlined.graph.value_info if value.name]
    del inlined.graph.value_info[:]
    inlined.graph.value_info.extend(kept)
    return inlined


def _write_defaults(node: onnx.NodeProto, model: onnx.ModelProto) -> None:
    """Writes out the defaults of attributes: the inliner loses them."""
    if (node.domain, node.op_type) in TAKEN_APART:
        version = next(each.version for each in model.opset_import if each.domain == node.domain)
        schema = onnx.defs.get_schema(node.op_type, version, node.domain)
        present = {each.name for each in node.attribute}
        for name, attribute in schema.attributes.items():
            if name not in present and attribute.default_value.name:
                node.attribute.append(attribute.default_value)
    for graph in subgraphs(node):
        for inner in graph.node:
            _write_defaults(inner, model)


def _taken_apart(node: onnx.NodeProto) -> bool:
    return (node.domain, node.op_type) in TAKEN_APART or any(
        _taken_apart(inner) for graph in subgraphs(node) for inner in graph.node
    )
