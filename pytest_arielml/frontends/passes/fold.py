"""Constant folding: what follows from constants and static shapes is computed here.

IREE needs the operands that shapes follow from (axes, sizes, starts) as
constants. Exporters and the bodies of ONNX functions compute them, often
from `Shape`. Large results are left to IREE, which evaluates constants too:
a weight that is expanded here would only grow the image.
"""

from __future__ import annotations

import math
import warnings
from typing import Final

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

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
    subgraphs,
    tensor,
    types,
)

#: Largest result, in bytes.
LIMIT: Final = 4096

# Random, or a marker that the compiler looks for.
_KEPT: Final = frozenset(
    {
        "Bernoulli",
        "Constant",
        "DequantizeLinear",
        "Dropout",
        "DynamicQuantizeLinear",
        "Multinomial",
        "QuantizeLinear",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    }
)


def fold_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every small constant computed; values keep their names.

    Needs inferred shapes for what follows from them.
    """
    folded = copy_of(model)
    folder = _Folder(folded)
    nodes = [node for node in folded.graph.node if not folder.fold(node)]
    if not folder.found and not folder.edited:
        return model
    replace_nodes(folded.graph, nodes)
    folded.graph.initializer.extend(folder.found)
    # What was known of their shapes is less than what the constants tell.
    names = {constant.name for constant in folder.found}
    described = [value for value in folded.graph.value_info if value.name not in names]
    del folded.graph.value_info[:]
    folded.graph.value_info.extend(described)
    return folded


class _Folder:
    def __init__(self, model: onnx.ModelProto) -> None:
        self._constants = constants(model.graph)
        self._types = types(model.graph)
        self._opset = opset(model)
        self._namer = Namer(model.graph)
        self._outputs = {value.name for value in model.graph.output}
        #: What was computed.
        self.found: list[onnx.TensorProto] = []
        #: Whether a node was changed in place.
        self.edited = False

    def fold(self, node: onnx.NodeProto) -> bool:
        """Whether all outputs of `node` are constants now, and it is not needed any more."""
        if not is_own(node) or node.op_type in _KEPT or any(subgraphs(node)):
            return False
        self._cast_like(node)
        # An output must be made by a node, be it one that only hands it on.
        made = not self._outputs.isdisjoint(node.output)
        if made and (len(node.output) > 1 or is_own(node, "Identity")):
            return False
        values = self._from_shape(node) or self._empty(node) or self._evaluated(node)
        if values is None:
            return False
        if made:
            name = self._namer(f"{node.output[0]}_value")
            self.found.append(tensor(values[0], name))
            node.CopyFrom(onnx.helper.make_node("Identity", [name], node.output))
            self.edited = True
            return False
        for name, value in zip(node.output, values, strict=True):
            if name:
                constant = tensor(value, name)
                self._constants[name] = constant
                self._types[name] = TensorType(constant.data_type, value.shape)
                self.found.append(constant)
        return True

    def _cast_like(self, node: onnx.NodeProto) -> None:
        """`CastLike` depends on the other operand's type alone."""
        like = self._types.get(node.input[1]) if is_own(node, "CastLike") else None
        if like is not None:
            node.op_type = "Cast"
            del node.input[1:]
            node.attribute.append(onnx.helper.make_attribute("to", like.element))
            self.edited = True

    def _from_shape(self, node: onnx.NodeProto) -> list[Array] | None:
        known = self._types.get(node.input[0]) if is_own(node, "Shape", "Size") else None
        if known is None:
            return None
        if node.op_type == "Size":
            return [np.asarray(math.prod(known.shape), np.int64)]
        options = attributes(node)
        # A slice of Python treats negative and excessive bounds as ONNX does.
        part = known.shape[options.get("start", 0) : options.get("end", len(known.shape))]
        return [np.asarray(part, np.int64)]

    def _empty(self, node: onnx.NodeProto) -> list[Array] | None:
        """Tensors without a value need no computing."""
        found: list[Array] = []
        for name in filter(None, node.output):
            known = self._types.get(name)
            if known is None or not known.empty:
                return None
            found.append(_zeros(known))
        return found if len(found) == len(node.output) else None

    def _evaluated(self, node: onnx.NodeProto) -> list[Array] | None:
        inputs = [name for name in node.input if name]
        if not all(name in self._constants for name in inputs):
            return None
        if any(self._nbytes(name) > LIMIT for name in (*inputs, *node.output)):
            return None
        operands = {name: onnx.numpy_helper.to_array(self._constants[name]) for name in inputs}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                evaluator = ReferenceEvaluator(node, opsets={"": self._opset})
                values = evaluator.run(None, operands)
        # Whatever it cannot do stays in the graph, for IREE.
        except Exception:
            return None
        found = [np.asarray(value) for value in values]
        expected = map(self._is_expected, node.output, found)
        return found if len(found) == len(node.output) and all(expected) else None

    def _nbytes(self, name: str) -> int:
        known = self._types.get(name)
        if known is None:
            return 0
        return math.prod(known.shape) * dtype_of(known.element).itemsize

    def _is_expected(self, name: str, value: Array) -> bool:
        """Whether a computed value is what shape inference says of it, and small."""
        known = self._types.get(name)
        if value.dtype.kind not in "biuf" or value.nbytes > LIMIT:
            return False
        return known is None or (
            value.dtype == dtype_of(known.element) and value.shape == known.shape
        )


def _zeros(known: TensorType) -> Array:
    return np.zeros(known.shape, dtype_of(known.element))
