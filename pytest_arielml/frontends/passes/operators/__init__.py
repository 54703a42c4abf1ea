"""Operators that IREE 3.13 refuses, or gets wrong, expressed by others.

One rule an operator; each looks whether it is needed for this very node, so
that what IREE compiles well stays as it is.
"""

from __future__ import annotations

from typing import Final

import onnx

from pytest_arielml.frontends.passes.graph import Namer, copy_of, opset, replace_nodes
from pytest_arielml.frontends.passes.operators.build import Facts, Rewrite, Rule
from pytest_arielml.frontends.passes.operators.convolution import (
    col2im,
    convolve_integers,
    convolve_transposed,
)
from pytest_arielml.frontends.passes.operators.cumulative import multiply_up
from pytest_arielml.frontends.passes.operators.frames import transform_frames
from pytest_arielml.frontends.passes.operators.gather import (
    compress,
    extract_features,
    slice_backwards,
    wrap,
)
from pytest_arielml.frontends.passes.operators.grid import sample_grid
from pytest_arielml.frontends.passes.operators.linear import determinant, multiply_vector
from pytest_arielml.frontends.passes.operators.lstm import unroll_lstm
from pytest_arielml.frontends.passes.operators.pointwise import (
    binarize,
    bitcast,
    gelu,
    normalize,
    rearrange_depth,
)
from pytest_arielml.frontends.passes.operators.pooling import norm_pool, pad_pool, unpool
from pytest_arielml.frontends.passes.operators.quantize import dequantize, quantize
from pytest_arielml.frontends.passes.operators.ranges import count_up
from pytest_arielml.frontends.passes.operators.resize import resize
from pytest_arielml.frontends.passes.operators.scatter import update_cache

RULES: Final[dict[tuple[str, str], Rule]] = {
    ("", "BitCast"): bitcast,
    ("", "Col2Im"): col2im,
    ("", "Compress"): compress,
    ("", "ConvInteger"): convolve_integers,
    ("", "ConvTranspose"): convolve_transposed,
    ("", "CumProd"): multiply_up,
    ("", "DequantizeLinear"): dequantize,
    ("", "Det"): determinant,
    ("", "Gelu"): gelu,
    ("", "GridSample"): sample_grid,
    ("", "LSTM"): unroll_lstm,
    ("", "LpNormalization"): normalize,
    ("", "LpPool"): norm_pool,
    ("", "MatMul"): multiply_vector,
    ("", "MaxPool"): pad_pool,
    ("", "MaxUnpool"): unpool,
    ("", "Pad"): wrap,
    ("", "QuantizeLinear"): quantize,
    ("", "Range"): count_up,
    ("", "Resize"): resize,
    ("", "STFT"): transform_frames,
    ("", "Slice"): slice_backwards,
    ("", "SpaceToDepth"): rearrange_depth,
    ("", "TensorScatter"): update_cache,
    ("ai.onnx.ml", "ArrayFeatureExtractor"): extract_features,
    ("ai.onnx.ml", "Binarizer"): binarize,
}

#: Opset that the rules make operators of, at least; `raise_opset` has seen to it.
FIRST: Final = 13
# A model of operators of other domains alone has no opset of ONNX's own yet.
_ADDED: Final = 18


def rewrite_operators(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the operators of `RULES` in its main graph expressed by others.

    Needs inferred shapes.
    """
    own = any(_domain(each.domain) == "" for each in model.opset_import)
    if own and opset(model) < FIRST:
        return model
    if not any(_rule(node) for node in model.graph.node):
        return model
    changed = copy_of(model)
    facts, namer = Facts(changed.graph), Namer(changed.graph)
    nodes: list[onnx.NodeProto] = []
    replaced = False
    for node in changed.graph.node:
        rule = _rule(node)
        rewrite = Rewrite(node, facts, namer)
        if rule is not None and rule(rewrite):
            replaced = True
            nodes += rewrite.nodes
        else:
            nodes.append(node)
    if not replaced:
        return model
    replace_nodes(changed.graph, nodes)
    if not own:
        changed.opset_import.append(onnx.helper.make_opsetid("", _ADDED))
    return changed


def _rule(node: onnx.NodeProto) -> Rule | None:
    return RULES.get((_domain(node.domain), node.op_type))


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
