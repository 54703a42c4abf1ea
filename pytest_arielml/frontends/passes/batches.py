"""Quantized products of batches, as products of matrices.

IREE 3.13 compiles a `QLinearMatMul` of more than two dimensions and gives
wrong values; of matrices it gives the right ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

from pytest_arielml.frontends.passes.graph import (
    Namer,
    TensorType,
    copy_of,
    is_own,
    replace_nodes,
    types,
)

#: Most matrices in a batch; each is a product of its own in the compiled model.
LIMIT: Final = 64

_A, _B = 0, 3
_MATRIX: Final = 2


def split_batches(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with each `QLinearMatMul` of batches as one a matrix.

    Needs inferred shapes. Both operands must have the same batch, or the
    second none, and one scale and zero point for all of it; others stay.
    """
    known = types(model.graph)
    if not any(_applies(node, known) for node in model.graph.node):
        return model
    changed = copy_of(model)
    namer = Namer(changed.graph)
    nodes: list[onnx.NodeProto] = []
    for node in changed.graph.node:
        nodes += _Product(node, known, namer).nodes() if _applies(node, known) else [node]
    replace_nodes(changed.graph, nodes)
    return changed


def _applies(node: onnx.NodeProto, known: dict[str, TensorType]) -> bool:
    if not is_own(node, "QLinearMatMul") or not all(name in known for name in node.input):
        return False
    a, b = known[node.input[_A]].shape, known[node.input[_B]].shape
    parameters = [name for place, name in enumerate(node.input) if place not in (_A, _B)]
    return (
        len(a) > _MATRIX
        and len(b) >= _MATRIX
        and (len(b) == _MATRIX or a[:-2] == b[:-2])
        and 0 < math.prod(a[:-2]) <= LIMIT
        and all(math.prod(known[name].shape) == 1 for name in parameters)
    )


class _Product:
    """One `QLinearMatMul`, of `a` [..., m, k] and `b` [..., k, n] or [k, n]."""

    def __init__(self, node: onnx.NodeProto, known: dict[str, TensorType], namer: Namer) -> None:
        self._node = node
        self._a = known[node.input[_A]].shape
        self._b = known[node.input[_B]].shape
        self._namer = namer
        self._nodes: list[onnx.NodeProto] = []

    def nodes(self) -> list[onnx.NodeProto]:
        """The nodes that stand for the product."""
        batch = self._a[:-2]
        count, (rows, depth), columns = math.prod(batch), self._a[-2:], self._b[-1]
        if len(self._b) == _MATRIX:
            # The rows of all matrices are the rows of one.
            a = self._reshape(self._node.input[_A], (count * rows, depth))
            product = self._multiply(a, self._node.input[_B])
        else:
            a = self._reshape(self._node.input[_A], (count, rows, depth))
            b = self._reshape(self._node.input[_B], (count, depth, columns))
            products = [
                self._multiply(
                    self._reshape(self._element(a, index), (rows, depth)),
                    self._reshape(self._element(b, index), (depth, columns)),
                )
                for index in range(count)
            ]
            product = self._add("Concat", products, axis=0)
        self._reshape(product, (*batch, rows, columns), self._node.output[0])
        return self._nodes

    def _multiply(self, a: str, b: str) -> str:
        inputs = list(self._node.input)
        inputs[_A], inputs[_B] = a, b
        return self._add("QLinearMatMul", inputs)

    def _element(self, value: str, index: int) -> str:
        bounds = [self._constant([bound]) for bound in (index, index + 1, 0)]
        return self._add("Slice", [value, *bounds])

    def _reshape(self, value: str, shape: Sequence[int], output: str = "") -> str:
        return self._add("Reshape", [value, self._constant(shape)], output)

    def _constant(self, values: Sequence[int]) -> str:
        tensor = numpy_helper.from_array(np.asarray(values, np.int64))
        return self._add("Constant", [], value=tensor)

    def _add(self, kind: str, inputs: Sequence[str], output: str = "", **options: Any) -> str:
        name = output or self._namer(f"{self._node.output[0]}_{kind.lower()}")
        self._nodes.append(onnx.helper.make_node(kind, list(inputs), [name], **options))
        return name
