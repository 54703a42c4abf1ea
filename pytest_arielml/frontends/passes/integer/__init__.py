"""The integer form: operators between integers of 8 bits compute in integers.

A quantized model says what its integers stand for, by `DequantizeLinear`
before a float operator and `QuantizeLinear` behind it. A rule expresses all
three by integer operators: products that add up in 32 bits, one
requantization at the end. What no rule takes stays in float, and the normal
form says why, in its metadata.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import onnx

from pytest_arielml.frontends.integer import DOMAIN, VERSION
from pytest_arielml.frontends.passes.graph import (
    Namer,
    attributes,
    copy_of,
    is_own,
    opset,
    replace_nodes,
)
from pytest_arielml.frontends.passes.integer import moves, pointwise, pools, products, transposed
from pytest_arielml.frontends.passes.integer.build import Builder, Refused, Target, Values
from pytest_arielml.frontends.passes.integer.scales import is_eight_bits, read
from pytest_arielml.frontends.passes.integer.softmax import softmax

Rule = Callable[[Builder], None]

RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(pointwise.TABULATED, pointwise.tabulate),
    **dict.fromkeys(moves.MOVES, moves.move),
    "Add": pointwise.add,
    "AveragePool": pools.average,
    "Concat": moves.join,
    "Conv": products.convolve,
    "ConvTranspose": transposed.convolve,
    "DequantizeLinear": pointwise.requantize,
    "Gemm": products.multiply,
    "GlobalAveragePool": pools.average_all,
    "GlobalMaxPool": moves.pool,
    "MatMul": products.multiply,
    "MaxPool": moves.pool,
    "Mul": pointwise.multiply,
    "Pad": moves.pad,
    "ReduceMean": pools.mean,
    "Resize": moves.resize,
    "Softmax": softmax,
    "Split": moves.part,
    "Slice": transposed.cut,
    "Sub": pointwise.add,
}

#: Opset whose operators the rules make, at least.
_FIRST: Final = 13
#: Where the normal form says what stayed in float: JSON, name to reason.
_NOTE: Final = "arielml.float"


def integer_form(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with quantized operators computed in integers. Needs inferred shapes."""
    if opset(model) < _FIRST or not any(
        is_own(node, "QuantizeLinear") for node in model.graph.node
    ):
        return model
    changed = copy_of(model)
    values, namer = Values(changed.graph), Namer(changed.graph)
    nodes: list[onnx.NodeProto] = []
    kept = kept_in_float(model)
    described: list[onnx.ValueInfoProto] = []
    replaced = False
    for node in changed.graph.node:
        made = _made(node, values, namer, opset(model), kept)
        if made is None:
            nodes.append(node)
            continue
        replaced = True
        kept.pop(_called(made.node), None)
        if made.kept_in_float:
            kept[_called(made.node)] = made.kept_in_float
        nodes += made.nodes
        described += made.described
    if not replaced:
        if kept == kept_in_float(model):
            return model
        _note(changed, kept)
        return changed
    changed.graph.value_info.extend(described)
    replace_nodes(changed.graph, nodes)
    if all(each.domain != DOMAIN for each in changed.opset_import):
        changed.opset_import.append(onnx.helper.make_opsetid(DOMAIN, VERSION))
    _note(changed, kept)
    return changed


def kept_in_float(model: onnx.ModelProto) -> dict[str, str]:
    """Operators between integers that stayed in float, and why, of a normal form."""
    for each in model.metadata_props:
        if each.key == _NOTE:
            return dict(json.loads(each.value))
    return {}


def _made(
    quantize: onnx.NodeProto, values: Values, namer: Namer, version: int, kept: dict[str, str]
) -> Builder | None:
    """What stands for a `QuantizeLinear` and the operator before it, if a rule takes them."""
    for node, target in _candidates(quantize, values):
        rule = RULES.get(node.op_type)
        if rule is None or not is_own(node):
            if any(values.quantized(name) for name in node.input):
                kept.setdefault(_called(node), "it has no integer form")
            continue
        if kept.get(_called(node)) == pools.HALVES:
            continue
        builder = Builder(quantize, node, target, values, namer, version)
        try:
            rule(builder)
        except Refused as refused:
            # The first reason is about what the author wrote, a later one about what is left.
            kept.setdefault(_called(node), str(refused))
            continue
        return builder
    return None


def _called(node: onnx.NodeProto) -> str:
    return f"{node.op_type} {node.name or node.output[0]}"


def _candidates(
    quantize: onnx.NodeProto, values: Values
) -> Iterator[tuple[onnx.NodeProto, Target]]:
    """Operators that a `QuantizeLinear` may be taken together with, and what their results become.

    First the one before an activation that only bounds, with its bounds; then the activation.
    """
    name = quantize.input[0] if is_own(quantize, "QuantizeLinear") else ""
    quantization = read(quantize, values.facts, values.facts.dtype(quantize.output[0]))
    if not name or quantization is None or not quantization.per_tensor:
        return
    if not is_eight_bits(quantization) or values.facts.shape(quantize.output[0]) is None:
        return
    target = whole = Target(quantization, *quantization.bounds)
    chain: list[tuple[onnx.NodeProto, Target]] = []
    while (node := values.makers.get(name)) is not None and (
        values.is_used_once(name) or is_own(node, "DequantizeLinear")
    ):
        # What an activation in front of the last one is bounded by, that one's bounds say.
        chain.append((node, target))
        bounded = _bounded(node, target, values)
        if bounded is None:
            break
        target, name = bounded, node.input[0]
    if chain:
        yield chain[-1]
    if len(chain) == 2:
        yield chain[0][0], whole


def _bounded(node: onnx.NodeProto, target: Target, values: Values) -> Target | None:
    """The target with the bounds of an activation; `None` for any other operator."""
    if is_own(node, "Relu"):
        return _within(target, 0.0, np.inf)
    if not is_own(node, "Clip"):
        return None
    bounds = [-np.inf, np.inf]
    for place in (1, 2):
        if place < len(node.input) and node.input[place]:
            value = values.facts.value(node.input[place])
            if value is None or value.size != 1:
                return None
            bounds[place - 1] = float(value.reshape(()))
    return None if attributes(node) else _within(target, *bounds)


def _within(target: Target, low: float, high: float) -> Target:
    quantization = target.quantization
    scale, zero = float(quantization.scale), quantization.zero
    least, most = quantization.bounds

    def step(value: float, open_end: int) -> int:
        if not np.isfinite(value):
            return open_end
        return int(np.clip(np.rint(value / scale) + zero, least, most))

    return replace(
        target, low=max(target.low, step(low, least)), high=min(target.high, step(high, most))
    )


def _note(model: onnx.ModelProto, kept: dict[str, str]) -> None:
    others = [each for each in model.metadata_props if each.key != _NOTE]
    del model.metadata_props[:]
    model.metadata_props.extend(others)
    if kept:
        model.metadata_props.add(key=_NOTE, value=json.dumps(kept, sort_keys=True))
