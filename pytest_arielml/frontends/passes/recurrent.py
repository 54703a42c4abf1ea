"""Recurrent layers that run backwards, as layers that run forwards.

IREE 3.13 takes RNN, GRU and LSTM in the forward direction only. A layer in
reverse is one that runs forwards over the reversed sequence; a bidirectional
layer is both, over halves of the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx

from pytest_arielml.frontends.passes.graph import (
    Namer,
    attributes,
    copy_of,
    is_own,
    opset,
    replace_nodes,
)

#: Activations by default, one direction's.
_ACTIVATIONS: Final = {
    "GRU": (b"Sigmoid", b"Tanh"),
    "LSTM": (b"Sigmoid", b"Tanh", b"Tanh"),
    "RNN": (b"Tanh",),
}
# Inputs whose first axis is the direction: all but X and sequence_lens.
_LENGTHS: Final = 4
_BY_DIRECTION: Final = (1, 2, 3, 5, 6, 7)
# Slice takes its bounds, and Split its sizes, as inputs.
_FIRST: Final = 13
_END: Final = np.iinfo(np.int64).min


def run_forwards(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every recurrent layer of its main graph in the forward direction.

    Layers with a batch of sequences of unequal lengths, with the batch
    first, or with activations that take parameters are left as they are.
    """
    if opset(model) < _FIRST or not any(_applies(node) for node in model.graph.node):
        return model
    changed = copy_of(model)
    namer = Namer(changed.graph)
    nodes: list[onnx.NodeProto] = []
    for node in changed.graph.node:
        nodes += _Layer(node, namer).nodes() if _applies(node) else [node]
    replace_nodes(changed.graph, nodes)
    return changed


def _applies(node: onnx.NodeProto) -> bool:
    if not is_own(node, *_ACTIVATIONS):
        return False
    options = attributes(node)
    if options.get("direction", b"forward") == b"forward" or options.get("layout", 0):
        return False
    if "activation_alpha" in options or "activation_beta" in options:
        return False
    return len(node.input) <= _LENGTHS or not node.input[_LENGTHS]


class _Layer:
    def __init__(self, node: onnx.NodeProto, namer: Namer) -> None:
        self._node = node
        self._namer = namer
        self._options = attributes(node)
        self._nodes: list[onnx.NodeProto] = []

    def nodes(self) -> list[onnx.NodeProto]:
        """The nodes that stand for the layer."""
        both = self._options.pop("direction") == b"bidirectional"
        found = [self._direction(0, 2, backwards=False)] if both else []
        found.append(self._direction(len(found), 1 + len(found), backwards=True))
        for place, name in enumerate(self._node.output):
            if name:
                # Y has the time before the direction, the last states have not.
                axis = 1 if place == 0 else 0
                self._add("Concat", [outputs[place] for outputs in found], name, axis=axis)
        return self._nodes

    def _direction(self, index: int, count: int, *, backwards: bool) -> list[str]:
        """Outputs of one direction, the `index`-th of `count`."""
        node = self._node
        inputs = [
            self._half(name, index) if count > 1 and place in _BY_DIRECTION and name else name
            for place, name in enumerate(node.input)
        ]
        if backwards:
            inputs[0] = self._reversed(inputs[0])
        activations = self._options.get("activations")
        options = dict(self._options)
        if activations:
            each = len(_ACTIVATIONS[node.op_type])
            options["activations"] = list(activations)[index * each : (index + 1) * each]
        outputs = [self._namer(f"{name}_{index}") if name else "" for name in node.output]
        self._nodes.append(onnx.helper.make_node(node.op_type, inputs, outputs, **options))
        if backwards and outputs[0]:
            outputs[0] = self._reversed(outputs[0])
        return outputs

    def _half(self, value: str, index: int) -> str:
        """The part of a weight or state that belongs to one direction."""
        return self._sliced(value, index, index + 1, 1)

    def _reversed(self, value: str) -> str:
        """A sequence, last step first."""
        return self._sliced(value, -1, _END, -1)

    def _sliced(self, value: str, start: int, end: int, step: int) -> str:
        bounds = (start, end, 0, step)
        return self._add("Slice", [value, *(self._constant(bound) for bound in bounds)])

    def _constant(self, value: int) -> str:
        array = np.asarray([value], np.int64)
        return self._add("Constant", [], value=onnx.numpy_helper.from_array(array))

    def _add(self, kind: str, inputs: Sequence[str], output: str = "", **options: Any) -> str:
        name = output or self._namer(f"{self._node.op_type.lower()}_{kind.lower()}")
        self._nodes.append(onnx.helper.make_node(kind, inputs, [name], **options))
        return name
