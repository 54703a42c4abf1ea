"""Finds the products of the integer form that a kernel takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from pytest_arielml.compiler.kernels.requantize import Requantization
from pytest_arielml.frontends.integer import DOMAIN, REQUANTIZE
from pytest_arielml.frontends.passes.graph import attributes, is_own
from pytest_arielml.frontends.passes.integer.build import Values


@dataclass(frozen=True)
class Matched:
    """A product, the bias that is added and the requantization behind it.

    Attributes:
        product: the value that the product makes.
        result: the value that the requantization makes, or the pool behind it.
        within: all other values on the way, which nothing else reads.
        source: what the product reads, of `shape`: [rows, channels] of a
            `dense` one, [1, channels, height, width] of a convolution.
        weights: [results, channels] or [results, channels, height, width].
        kernel, strides: of a convolution.
        depthwise: whether it takes each channel by itself.
        pool: rows and columns of results whose largest is taken.
        bias, factors: one a result; `None` where one factor serves all.
    """

    product: str
    result: str
    within: tuple[str, ...]
    source: str
    shape: tuple[int, ...]
    weights: NDArray[np.int8]
    scaling: Requantization
    bias: NDArray[np.int64]
    factors: NDArray[np.int64] | None
    kernel: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    depthwise: bool = False
    pool: tuple[int, int] = (1, 1)

    @property
    def dense(self) -> bool:
        """Whether it is no convolution."""
        return len(self.shape) == 2


def match(graph: onnx.GraphProto, values: Values) -> dict[str, Matched]:
    """Products that a kernel takes, by the value of the product."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    found = {}
    for node in graph.node:
        if is_own(node, "ConvInteger", "MatMulInteger"):
            matched = _match(node, values, readers)
            if matched is not None:
                found[node.output[0]] = matched
    return found


def _match(
    node: onnx.NodeProto, values: Values, readers: dict[str, list[onnx.NodeProto]]
) -> Matched | None:
    facts = values.facts
    shape, weights = facts.shape(node.input[0]), facts.value(node.input[1])
    if shape is None or weights is None or len(node.input) != 2:
        return None
    if facts.dtype(node.input[0]) != np.int8 or weights.dtype != np.int8:
        return None
    dense = is_own(node, "MatMulInteger")
    if dense and (len(shape) != 2 or weights.ndim != 2 or 0 in shape):
        return None
    if not dense and (len(shape) != 4 or shape[0] != 1 or 0 in shape):
        return None
    if dense:
        weights = weights.T
    options = _options(node)
    if options is None:
        return None
    results = len(weights)
    group = options.pop("group")
    depthwise = group > 1 and group == shape[1] == results
    if group != 1 and not depthwise:
        return None
    bias = np.zeros(results, np.int64)
    end = _reader(node.output[0], values, readers)
    if end is not None and is_own(end, "Add", "Sub"):
        place = int(end.input[0] == node.output[0])
        added = facts.value(end.input[place])
        if added is None or added.size not in (1, results) or (is_own(end, "Sub") and not place):
            return None
        axis = added.ndim - (1 if dense else 3)
        if added.size > 1 and (axis < 0 or added.shape[axis] != results):
            return None
        bias = bias + added.astype(np.int64).reshape(-1) * (-1 if is_own(end, "Sub") else 1)
        middle = end.output[0]
        end = _reader(middle, values, readers)
    else:
        middle = node.output[0]
    if end is None or end.domain != DOMAIN or end.op_type != REQUANTIZE or len(end.input) != 2:
        return None
    asked = attributes(end)
    factors = facts.value(end.input[1])
    if asked.get("near", 0):
        return None
    if factors is None or (factors.ndim and asked.get("axis") != (len(shape) - 1 if dense else 1)):
        return None
    result = end.output[0]
    behind = None if dense else _reader(result, values, readers)
    pool = None if behind is None else _pool(behind)
    if behind is not None and pool is not None:
        result = behind.output[0]
    return Matched(
        product=node.output[0],
        result=result,
        within=tuple({middle, end.output[0], result} - {node.output[0]}),
        source=node.input[0],
        shape=shape,
        weights=weights,
        scaling=Requantization(
            factor=None if factors.ndim else int(factors),
            shift=asked["shift"],
            zero_point=asked["zero_point"],
            low=asked["low"],
            high=asked["high"],
            even=bool(asked["even"]),
            unsigned=asked["to"] == onnx.TensorProto.UINT8,
        ),
        bias=bias,
        factors=factors.astype(np.int64) if factors.ndim else None,
        depthwise=depthwise,
        pool=pool or (1, 1),
        kernel=(1, 1) if dense else (int(weights.shape[2]), int(weights.shape[3])),
        **options,
    )


def _options(node: onnx.NodeProto) -> dict[str, Any] | None:
    """Group, kernel and strides; `None` for what no kernel does."""
    options = attributes(node)
    if is_own(node, "MatMulInteger"):
        return {"group": 1}
    if any(options.get("pads", [])) or any(each != 1 for each in options.get("dilations", [])):
        return None
    if options.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        return None
    return {
        "group": options.get("group", 1),
        "strides": tuple(options.get("strides", (1, 1))),
    }


def _pool(node: onnx.NodeProto) -> tuple[int, int] | None:
    """The size of a `MaxPool` whose windows lie side by side; `None` for any other operator."""
    options = attributes(node)
    if not is_own(node, "MaxPool") or len(node.output) != 1:
        return None
    size = tuple(options["kernel_shape"])
    plain = (
        len(size) == 2
        and tuple(options.get("strides", (1, 1))) == size
        and not any(options.get("pads", []))
        and not options.get("ceil_mode", 0)
        and all(each == 1 for each in options.get("dilations", []))
        and options.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    )
    return (size[0], size[1]) if plain else None


def _reader(
    name: str, values: Values, readers: dict[str, list[onnx.NodeProto]]
) -> onnx.NodeProto | None:
    """The one node that reads a value."""
    return readers[name][0] if values.is_used_once(name) and name in readers else None
