"""Scans, unrolled: IREE 3.13 has no `Scan`, and the length of a sequence is static here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx

from pytest_arielml.frontends.passes.graph import (
    Namer,
    TensorType,
    attributes,
    copy_of,
    is_own,
    opset,
    replace_nodes,
    types,
)
from pytest_arielml.frontends.passes.splice import splice

#: Most nodes that the steps of one scan may come to; a longer one is left to IREE.
LIMIT: Final = 2000

# From here on the axes of Unsqueeze are an input; `raise_opset` has seen to it.
_FIRST: Final = 13


def unroll_scans(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every short `Scan` of its main graph as its steps, one after the other.

    Needs inferred shapes.
    """
    if opset(model) < _FIRST or not any(is_own(node, "Scan") for node in model.graph.node):
        return model
    known = types(model.graph)
    unrolled = copy_of(model)
    namer = Namer(unrolled.graph)
    nodes: list[onnx.NodeProto] = []
    for node in unrolled.graph.node:
        scan = _Scan.of(node, known) if is_own(node, "Scan") else None
        if scan is None:
            nodes.append(node)
        else:
            nodes += _Unroller(scan, namer).nodes()
    replace_nodes(unrolled.graph, nodes)
    return unrolled


@dataclass(frozen=True)
class _Scan:
    """A `Scan` node: `states` first states and outputs, then scanned ones."""

    node: onnx.NodeProto
    body: onnx.GraphProto
    states: int
    length: int
    input_axes: tuple[int, ...]
    input_reversed: tuple[bool, ...]
    output_axes: tuple[int, ...]
    output_reversed: tuple[bool, ...]

    @classmethod
    def of(cls, node: onnx.NodeProto, known: dict[str, TensorType]) -> _Scan | None:
        """The scan, when its length is known, above zero, and short."""
        options = attributes(node)
        scanned = options["num_scan_inputs"]
        states = len(node.input) - scanned
        produced = len(node.output) - states
        axes = _integers(options, "scan_input_axes", scanned)
        lengths = {
            known[name].shape[axis] if name in known else None
            for name, axis in zip(node.input[states:], axes, strict=True)
        }
        # The standard wants one length; without it this is not a model.
        length = lengths.pop()
        if length is None or lengths:
            return None
        if not 0 < length * len(options["body"].node) <= LIMIT:
            return None
        return cls(
            node=node,
            body=options["body"],
            states=states,
            length=length,
            input_axes=axes,
            input_reversed=_flags(options, "scan_input_directions", scanned),
            output_axes=_integers(options, "scan_output_axes", produced),
            output_reversed=_flags(options, "scan_output_directions", produced),
        )


class _Unroller:
    def __init__(self, scan: _Scan, namer: Namer) -> None:
        self._scan = scan
        self._namer = namer
        self._nodes: list[onnx.NodeProto] = []

    def nodes(self) -> list[onnx.NodeProto]:
        """The nodes that stand for the scan."""
        scan = self._scan
        state = list(scan.node.input[: scan.states])
        produced: list[list[str]] = [[] for _ in scan.output_axes]
        for step in range(scan.length):
            elements = [self._element(index, step) for index in range(len(scan.input_axes))]
            names = [value.name for value in scan.body.input]
            inputs = zip(names, (*state, *elements), strict=True)
            outputs = [self._namer(value.name) for value in scan.body.output]
            self._nodes += splice(scan.body, dict(inputs), outputs, self._namer)
            state = outputs[: scan.states]
            for index, name in enumerate(outputs[scan.states :]):
                produced[index].append(name)
        for name, value in zip(scan.node.output[: scan.states], state, strict=True):
            self._add("Identity", [value], name)
        for index, elements in enumerate(produced):
            self._stack(index, elements)
        return self._nodes

    def _element(self, index: int, step: int) -> str:
        """The value that scanned input `index` has at `step`, without the scanned axis."""
        scan = self._scan
        if scan.input_reversed[index]:
            step = scan.length - 1 - step
        place = self._constant(np.asarray(step, np.int64))
        source = scan.node.input[scan.states + index]
        return self._add("Gather", [source, place], axis=scan.input_axes[index])

    def _stack(self, index: int, elements: Sequence[str]) -> None:
        """Scanned output `index`: its elements along a new axis."""
        scan = self._scan
        name = scan.node.output[scan.states + index]
        if not name:
            return
        axis = scan.output_axes[index]
        ordered = reversed(elements) if scan.output_reversed[index] else elements
        self._add("Concat", [self._unsqueeze(each, axis) for each in ordered], name, axis=axis)

    def _unsqueeze(self, value: str, axis: int) -> str:
        return self._add("Unsqueeze", [value, self._constant(np.asarray([axis], np.int64))])

    def _constant(self, array: np.ndarray[Any, Any]) -> str:
        return self._add("Constant", [], value=onnx.numpy_helper.from_array(array))

    def _add(self, kind: str, inputs: list[str], output: str = "", **options: Any) -> str:
        name = output or self._namer(f"{self._scan.node.output[0]}_{kind.lower()}")
        self._nodes.append(onnx.helper.make_node(kind, inputs, [name], **options))
        return name


def _integers(options: dict[str, Any], name: str, count: int) -> tuple[int, ...]:
    return tuple(options.get(name) or [0] * count)


def _flags(options: dict[str, Any], name: str, count: int) -> tuple[bool, ...]:
    return tuple(bool(each) for each in _integers(options, name, count))
