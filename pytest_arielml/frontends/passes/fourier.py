"""Discrete Fourier transforms as products with the matrix of the transform.

IREE 3.13 has no complex-to-complex transform, and one of the real ones that
it has works by this matrix too. The matrix takes flash and its product time
in the square of the length, so long transforms are left as they are.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

from pytest_arielml.frontends.passes.graph import (
    Array,
    Namer,
    TensorType,
    attributes,
    constants,
    copy_of,
    dtype_of,
    is_own,
    opset,
    replace_nodes,
    tensor,
    types,
)

#: Largest matrix, in bytes.
LIMIT: Final = 64 * 1024

# From here on the axis is an input; `raise_opset` has seen to it.
_FIRST: Final = 20
_LENGTH, _AXIS = 1, 2
_DEFAULT_AXIS: Final = -2


def multiply_transforms(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every short `DFT` along a constant axis as a matrix product.

    Needs inferred shapes.
    """
    if opset(model) < _FIRST or not any(is_own(node, "DFT") for node in model.graph.node):
        return model
    changed = copy_of(model)
    known, values = types(changed.graph), constants(changed.graph)
    namer = Namer(changed.graph)
    nodes: list[onnx.NodeProto] = []
    replaced = False
    for node in changed.graph.node:
        transform = _Transform.of(node, known, values) if is_own(node, "DFT") else None
        if transform is None:
            nodes.append(node)
            continue
        replaced = True
        matrix = transform.matrix()
        name = namer(f"{node.output[0]}_matrix")
        changed.graph.initializer.append(tensor(matrix.astype(transform.dtype), name))
        nodes += transform.nodes(name, matrix.shape[1], namer)
    if not replaced:
        return model
    replace_nodes(changed.graph, nodes)
    return changed


class _Transform:
    """One `DFT`: of `length` points along `axis` of a tensor of the given type.

    The last dimension of the input is 1 for real values, and 2 for the real
    and imaginary parts of complex ones.
    """

    def __init__(self, node: onnx.NodeProto, given: TensorType, axis: int, length: int) -> None:
        options = attributes(node)
        self._node = node
        self._shape = given.shape
        self._axis = axis
        self._length = length
        self._inverse = bool(options.get("inverse", 0))
        self._onesided = bool(options.get("onesided", 0))
        #: Of the matrix: that of the data.
        self.dtype = dtype_of(given.element)

    @classmethod
    def of(
        cls,
        node: onnx.NodeProto,
        known: dict[str, TensorType],
        values: dict[str, onnx.TensorProto],
    ) -> _Transform | None:
        """The transform, when all about it is known and its matrix is small."""
        given = known.get(node.input[0])
        if given is None or given.empty:
            return None
        options = attributes(node)
        axis, length = _DEFAULT_AXIS, None
        if len(node.input) > _AXIS and node.input[_AXIS]:
            if node.input[_AXIS] not in values:
                return None
            axis = int(numpy_helper.to_array(values[node.input[_AXIS]]))
        axis %= len(given.shape)
        if len(node.input) > _LENGTH and node.input[_LENGTH]:
            if node.input[_LENGTH] not in values:
                return None
            length = int(numpy_helper.to_array(values[node.input[_LENGTH]]))
        elif options.get("inverse", 0) and options.get("onesided", 0):
            length = 2 * (given.shape[axis] - 1)
        else:
            length = given.shape[axis]
        found = cls(node, given, axis, length)
        return found if length > 0 and found._nbytes() <= LIMIT else None

    def matrix(self) -> Array:
        """[points * parts in, points * parts out]: the transform of each unit vector."""
        points, parts = self._shape[self._axis], self._shape[-1]
        units = np.eye(points)[:, None, :] * np.asarray([1, 1j][:parts])[:, None]
        result: Array
        if not self._inverse:
            result = np.fft.fft(units, n=self._length)
        elif self._onesided:
            result = np.fft.irfft(units, n=self._length)
        else:
            result = np.fft.ifft(units, n=self._length)
        if self._onesided and not self._inverse:
            result = result[..., : self._length // 2 + 1]
        split = np.stack([result.real, result.imag][: self._parts_out()], axis=-1)
        return split.reshape(points * parts, -1)

    def nodes(self, matrix: str, columns: int, namer: Namer) -> list[onnx.NodeProto]:
        """The nodes that stand for the transform, with the name of its matrix."""
        rank, made = len(self._shape), list[onnx.NodeProto]()

        def add(kind: str, inputs: list[str], output: str = "", **options: Any) -> str:
            name = output or namer(f"{self._node.output[0]}_{kind.lower()}")
            made.append(onnx.helper.make_node(kind, inputs, [name], **options))
            return name

        def reshape(value: str, shape: list[int], output: str = "") -> str:
            wanted = numpy_helper.from_array(np.asarray(shape, np.int64))
            return add("Reshape", [value, add("Constant", [], value=wanted)], output)

        # The transformed axis goes next to the parts, and back.
        order = [axis for axis in range(rank - 1) if axis != self._axis] + [self._axis, rank - 1]
        moved = order != list(range(rank))
        value = self._node.input[0]
        if moved:
            value = add("Transpose", [value], perm=order)
        rest = [self._shape[axis] for axis in order[:-2]]
        rows = self._shape[self._axis] * self._shape[-1]
        product = add("MatMul", [reshape(value, [math.prod(rest), rows]), matrix])
        parts = self._parts_out()
        shaped = [*rest, columns // parts, parts]
        if not moved:
            reshape(product, shaped, self._node.output[0])
        else:
            back = [order.index(axis) for axis in range(rank)]
            add("Transpose", [reshape(product, shaped)], self._node.output[0], perm=back)
        return made

    def _parts_out(self) -> int:
        return 1 if self._inverse and self._onesided else 2

    def _nbytes(self) -> int:
        rows = self._shape[self._axis] * self._shape[-1]
        return rows * self._length * self._parts_out() * self.dtype.itemsize
