"""What a rule knows of a node, and how it makes the nodes that stand for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from pytest_arielml.frontends.passes.graph import (
    Array,
    Namer,
    TensorType,
    attributes,
    constants,
    dtype_of,
    types,
)


class Facts:
    """What is known of the values of a graph before it runs."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._types = types(graph)
        self._constants = constants(graph)

    def type(self, name: str) -> TensorType | None:
        """Element type and shape, when both are known."""
        return self._types.get(name)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape, when it is known."""
        known = self._types.get(name)
        return None if known is None else known.shape

    def dtype(self, name: str) -> np.dtype[np.generic] | None:
        """The data type, when it is known and numpy has it."""
        known = self._types.get(name)
        return None if known is None else dtype_of(known.element)

    def value(self, name: str) -> Array | None:
        """The value, when it is a constant."""
        found = self._constants.get(name)
        return None if found is None else np.asarray(numpy_helper.to_array(found))


class Rewrite:
    """One node, and the nodes that are made in its place."""

    def __init__(self, node: onnx.NodeProto, facts: Facts, namer: Namer) -> None:
        self.node = node
        self.facts = facts
        self.options = attributes(node)
        #: What was made so far, in order.
        self.nodes: list[onnx.NodeProto] = []
        self._namer = namer

    def input(self, place: int) -> str:
        """Name of an input; "" when it is left out."""
        return str(self.node.input[place]) if place < len(self.node.input) else ""

    def shape(self, place: int) -> tuple[int, ...] | None:
        """Shape of an input, when it is known."""
        return self.facts.shape(self.input(place))

    def value(self, place: int) -> Array | None:
        """Value of an input, when it is a constant."""
        return self.facts.value(self.input(place))

    def text(self, option: str, default: str) -> str:
        """An attribute that is a string."""
        value = self.options.get(option, default)
        return value.decode() if isinstance(value, bytes) else str(value)

    @property
    def result(self) -> str:
        """Name of the first output: the last node that is made is to have it."""
        return str(self.node.output[0])

    def add(self, kind: str, *inputs: str, output: str = "", **options: Any) -> str:
        """Makes a node of one output; its name."""
        name = output or self._namer(f"{self.result}_{kind.lower()}")
        self.nodes.append(onnx.helper.make_node(kind, list(inputs), [name], **options))
        return name

    def constant(self, value: Any, dtype: Any = np.int64) -> str:
        """Makes a constant; its name."""
        array = np.asarray(value, dtype)
        return self.add("Constant", value=numpy_helper.from_array(array))

    def reshape(self, value: str, shape: Sequence[int], output: str = "") -> str:
        """Makes a `Reshape`; its name."""
        return self.add("Reshape", value, self.constant(list(shape)), output=output)

    def slice(self, value: str, axis: int, start: int, end: int) -> str:
        """Makes a `Slice` of one axis; its name."""
        bounds = [self.constant([bound]) for bound in (start, end, axis)]
        return self.add("Slice", value, *bounds)


#: Makes the nodes that stand for a node; False when it does not apply, and the
#: node is to stay.
Rule = Callable[[Rewrite], bool]
