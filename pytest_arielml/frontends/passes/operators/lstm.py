"""LSTM with peepholes, which IREE drops: as its steps, one after the other.

https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from pytest_arielml.frontends.passes.operators.build import Rewrite

#: Longest sequence that is written out.
LONGEST: Final = 64

_X, _W, _R, _B, _LENGTHS, _H, _C, _P = range(8)
_UNKNOWN: Final = ("activations", "activation_alpha", "activation_beta", "clip", "input_forget")


def unroll_lstm(rewrite: Rewrite) -> bool:
    """For one direction with the default activations, over a short sequence."""
    shape, recurrence = rewrite.shape(_X), rewrite.shape(_R)
    dtype = rewrite.facts.dtype(rewrite.input(_X))
    if not rewrite.input(_P) or shape is None or recurrence is None or dtype is None:
        return False
    if rewrite.text("direction", "forward") != "forward" or rewrite.options.get("layout", 0):
        return False
    if any(rewrite.options.get(name) for name in _UNKNOWN):
        return False
    if not 0 < shape[0] <= LONGEST:
        return False
    _Cell(rewrite, shape, recurrence[-1], dtype).nodes()
    return True


class _Cell:
    """`steps` of `batch` cells with `size` units."""

    def __init__(self, rewrite: Rewrite, shape: tuple[int, ...], size: int, dtype: Any) -> None:
        self._rewrite = rewrite
        self._steps, self._batch, self._given = shape
        self._size = size
        self._dtype = dtype

    def nodes(self) -> None:
        """Makes the nodes that stand for the layer."""
        rewrite, size = self._rewrite, self._size
        weights = self._turned(_W, self._given)
        recurrence = self._turned(_R, size)
        bias = ""
        if rewrite.input(_B):
            both = rewrite.reshape(rewrite.input(_B), [2, 4 * size])
            bias = self._add("ReduceSum", both, rewrite.constant([0]), keepdims=0)
        peepholes = rewrite.reshape(rewrite.input(_P), [3 * size])
        # The gates of P are in another order than those of W: input, output, forget.
        p_input, p_output, p_forget = (
            rewrite.slice(peepholes, 0, gate * size, (gate + 1) * size) for gate in range(3)
        )
        hidden, cell = self._state(_H), self._state(_C)
        lengths = ""
        if rewrite.input(_LENGTHS):
            lengths = rewrite.reshape(rewrite.input(_LENGTHS), [self._batch, 1])
        nothing = rewrite.constant(0, self._dtype)
        outputs = []
        for step in range(self._steps):
            x = self._add("Gather", rewrite.input(_X), rewrite.constant(step), axis=0)
            gates = self._add(
                "Add", self._add("MatMul", x, weights), self._add("MatMul", hidden, recurrence)
            )
            if bias:
                gates = self._add("Add", gates, bias)
            g_input, g_output, g_forget, g_cell = (
                rewrite.slice(gates, 1, gate * size, (gate + 1) * size) for gate in range(4)
            )
            entering = self._open(g_input, p_input, cell)
            kept = self._open(g_forget, p_forget, cell)
            fresh = self._add("Mul", entering, self._add("Tanh", g_cell))
            next_cell = self._add("Add", self._add("Mul", kept, cell), fresh)
            leaving = self._open(g_output, p_output, next_cell)
            output = next_hidden = self._add("Mul", leaving, self._add("Tanh", next_cell))
            if lengths:
                # A sequence that is over keeps its states, and gives zeros.
                goes_on = self._add("Less", rewrite.constant(step, np.int32), lengths)
                next_cell = self._add("Where", goes_on, next_cell, cell)
                output = self._add("Where", goes_on, output, nothing)
                next_hidden = self._add("Where", goes_on, next_hidden, hidden)
            cell, hidden = next_cell, next_hidden
            outputs.append(rewrite.reshape(output, [1, 1, self._batch, size]))
        names = [*rewrite.node.output, "", ""]
        if names[0]:
            rewrite.add("Concat", *outputs, output=names[0], axis=0)
        for name, value in ((names[1], hidden), (names[2], cell)):
            if name:
                rewrite.reshape(value, [1, self._batch, size], name)

    def _open(self, gate: str, peephole: str, cell: str) -> str:
        seen = self._add("Mul", peephole, cell)
        return self._add("Sigmoid", self._add("Add", gate, seen))

    def _turned(self, place: int, rows: int) -> str:
        """Weights of the one direction, for a product from the right."""
        flat = self._rewrite.reshape(self._rewrite.input(place), [4 * self._size, rows])
        return self._add("Transpose", flat, perm=[1, 0])

    def _state(self, place: int) -> str:
        shape = [self._batch, self._size]
        if self._rewrite.input(place):
            return self._rewrite.reshape(self._rewrite.input(place), shape)
        return self._rewrite.constant(np.zeros(shape), self._dtype)

    def _add(self, kind: str, *inputs: str, **options: Any) -> str:
        return self._rewrite.add(kind, *inputs, **options)
