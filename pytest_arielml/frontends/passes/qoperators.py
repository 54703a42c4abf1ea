"""Operators that are quantized themselves, as the float operators that they stand for.

`QLinearConv` and its like hold scales and zero points of what they take and
give. Said by `DequantizeLinear` and `QuantizeLinear` around a float operator,
one set of rules computes both kinds of model in integers.
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import onnx

from pytest_arielml.frontends.passes.graph import Namer, copy_of, opset, replace_nodes
from pytest_arielml.frontends.passes.operators.build import Facts, Rewrite

#: Domain of the operators that onnxruntime adds.
_ADDED: Final = "com.microsoft"
#: Of `DequantizeLinear` with an axis.
_FIRST: Final = 13


def dequantize_operators(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with each quantized operator as a float one between conversions."""
    if opset(model) < _FIRST or not any(_rule(node) for node in model.graph.node):
        return model
    changed = copy_of(model)
    facts, namer = Facts(changed.graph), Namer(changed.graph)
    nodes: list[onnx.NodeProto] = []
    for node in changed.graph.node:
        rule = _rule(node)
        rewrite = Rewrite(node, facts, namer)
        if rule is not None and rule(rewrite):
            for each in rewrite.nodes:
                each.name = each.name or node.name
            nodes += rewrite.nodes
        else:
            nodes.append(node)
    replace_nodes(changed.graph, nodes)
    return changed


def _rule(node: onnx.NodeProto) -> Callable[[Rewrite], bool] | None:
    if node.domain in ("", "ai.onnx"):
        return _OWN.get(node.op_type)
    return _OTHERS.get(node.op_type) if node.domain == _ADDED else None


def _real(rewrite: Rewrite, place: int, *, axis: int | None = None, integers: str = "") -> str:
    """The reals of three inputs: integers, scale, zero point; scales along `axis` if several.

    `integers` stand for the first when given.
    """
    inputs = [rewrite.input(at) for at in range(place, place + 3)]
    inputs[0] = integers or inputs[0]
    scale = rewrite.shape(place + 1)
    options: dict[str, Any] = {} if axis is None or scale in ((), (1,)) else {"axis": axis}
    # A single scale may come as a list of one, which an axis would be asked for.
    inputs[1:] = [
        rewrite.reshape(name, []) if name and rewrite.facts.shape(name) == (1,) else name
        for name in inputs[1:]
    ]
    return rewrite.add("DequantizeLinear", *_trimmed(inputs), **options)


def _quantize(rewrite: Rewrite, name: str, place: int) -> bool:
    """Makes the result: reals in the scale and zero point from input `place` on."""
    scale, zero = rewrite.input(place), rewrite.input(place + 1)
    rewrite.add("QuantizeLinear", *_trimmed([name, scale, zero]), output=rewrite.result)
    return True


def _trimmed(names: list[str]) -> list[str]:
    return names if names[-1] else names[:-1]


def _bias(rewrite: Rewrite, place: int, left: int, right: int) -> list[str]:
    """A bias of integers in the steps of a product of the scales at two places."""
    if not rewrite.input(place):
        return []
    scale = rewrite.add("Mul", rewrite.input(left), rewrite.input(right))
    known = [rewrite.value(at) for at in (left, right)]
    options: dict[str, Any] = {"axis": 0}
    if known[0] is not None and known[1] is not None:
        product = np.asarray(known[0] * known[1], np.float32)
        if product.size == 1:
            product, options = product.reshape(()), {}
        scale = rewrite.constant(product, np.float32)
    return [rewrite.add("DequantizeLinear", rewrite.input(place), scale, **options)]


def _convolution(rewrite: Rewrite) -> bool:
    x, weights = _real(rewrite, 0), _real(rewrite, 3, axis=0)
    product = rewrite.add("Conv", x, weights, *_bias(rewrite, 8, 1, 4), **rewrite.options)
    return _quantize(rewrite, product, 6)


def _product(rewrite: Rewrite) -> bool:
    shape = rewrite.shape(3)
    if shape is None:
        return False
    left, right = _real(rewrite, 0), _real(rewrite, 3, axis=len(shape) - 1)
    return _quantize(rewrite, rewrite.add("MatMul", left, right), 6)


def _gemm(rewrite: Rewrite) -> bool:
    options = {"alpha": 1.0, "transA": 0, "transB": 0, **rewrite.options}
    if options["alpha"] != 1.0 or not rewrite.input(7):
        return False
    axis = 0 if options["transB"] else 1
    left, right = _real(rewrite, 0), _real(rewrite, 3, axis=axis)
    product = rewrite.add("Gemm", left, right, *_bias(rewrite, 6, 1, 4), **options)
    return _quantize(rewrite, product, 7)


def _binary(kind: str) -> Callable[[Rewrite], bool]:
    def rule(rewrite: Rewrite) -> bool:
        return _quantize(rewrite, rewrite.add(kind, _real(rewrite, 0), _real(rewrite, 3)), 6)

    return rule


def _unary(kind: str, *dropped: str) -> Callable[[Rewrite], bool]:
    """One tensor; attributes that ONNX's operator has not are 0, or it is left."""

    def rule(rewrite: Rewrite) -> bool:
        if any(rewrite.options.get(name, 0) for name in dropped):
            return False
        options = {name: value for name, value in rewrite.options.items() if name not in dropped}
        return _quantize(rewrite, rewrite.add(kind, _real(rewrite, 0), **options), 3)

    return rule


def _concatenation(rewrite: Rewrite) -> bool:
    places = range(2, len(rewrite.node.input), 3)
    parts = [_real(rewrite, place) for place in places]
    return _quantize(rewrite, rewrite.add("Concat", *parts, **rewrite.options), 0)


def _softmax(rewrite: Rewrite) -> bool:
    options = dict(rewrite.options)
    if options.pop("opset", 0) >= _FIRST:
        return _quantize(rewrite, rewrite.add("Softmax", _real(rewrite, 0), **options), 3)
    # Before opset 13 all behind the axis was summed over, too.
    shape = rewrite.shape(0)
    if shape is None:
        return False
    axis = options.get("axis", 1) % len(shape)
    flat = rewrite.reshape(rewrite.input(0), [math.prod(shape[:axis]), -1])
    shares = rewrite.add("Softmax", _real(rewrite, 0, integers=flat), axis=1)
    names = _trimmed([shares, rewrite.input(3), rewrite.input(4)])
    rewrite.reshape(rewrite.add("QuantizeLinear", *names), shape, rewrite.result)
    return True


_OWN: Final[dict[str, Callable[[Rewrite], bool]]] = {
    "QLinearConv": _convolution,
    "QLinearMatMul": _product,
}
_OTHERS: Final[dict[str, Callable[[Rewrite], bool]]] = {
    "QGemm": _gemm,
    "QLinearAdd": _binary("Add"),
    "QLinearAveragePool": _unary("AveragePool", "channels_last"),
    "QLinearConcat": _concatenation,
    "QLinearGlobalAveragePool": _unary("GlobalAveragePool", "channels_last"),
    "QLinearLeakyRelu": _unary("LeakyRelu"),
    "QLinearMul": _binary("Mul"),
    "QLinearSigmoid": _unary("Sigmoid"),
    "QLinearSoftmax": _softmax,
}
