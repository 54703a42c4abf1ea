"""A TensorFlow Lite graph as quantized ONNX, for the passes that ONNX models go through.

Integers stay the integers that they are: between two operators an ONNX value
holds what the tensor holds, and `DequantizeLinear` and `QuantizeLinear` around
each operator say what they stand for. TensorFlow Lite has channels last, ONNX
has them first: a tensor of four dimensions is kept in the order in which it
was made, and turned where another is needed.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from pytest_arielml.frontends.integer import DOMAIN, VERSION
from pytest_arielml.frontends.tflite.read import Graph, Operator, Tensor

Array = NDArray[Any]

OPSET: Final = 19
_IR_VERSION: Final = 9

#: Of a tensor of four dimensions: what puts its channels first, and last again.
FIRST: Final = (0, 3, 1, 2)
_LAST: Final = (0, 2, 3, 1)

#: By the number of an activation that is fused into an operator: its bounds.
_FUSED: Final[dict[int, tuple[float | None, float | None]]] = {
    1: (0.0, None),
    2: (-1.0, 1.0),
    3: (0.0, 6.0),
}


class Unsupported(Exception):
    """Which operator, or what about it, has no ONNX form here."""


class Converter:
    """The ONNX graph in the making."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        # Values by number of the tensor and whether channels are first.
        self._stored: dict[tuple[int, bool], str] = {}
        self._reals: dict[tuple[int, bool], str] = {}
        self._infos: dict[str, onnx.ValueInfoProto] = {}
        self._taken = {*graph.input_names}
        self._label = ""
        for number, name in zip(graph.inputs, graph.input_names, strict=True):
            self._stored[number, False] = name

    def label(self, text: str) -> None:
        """What the nodes that are made from now on are called in messages."""
        self._label = text

    def tensor(self, number: int) -> Tensor:
        """A tensor by its number. Raises: Unsupported for one of an odd kind."""
        found = self.graph.tensors[number]
        if found.odd:
            raise Unsupported(found.odd)
        if found.quantized and found.dtype not in (np.int8, np.uint8, np.int32):
            raise Unsupported(f"quantized {found.kind}")
        return found

    def shape(self, number: int, *, first: bool = False) -> tuple[int, ...]:
        """The tensor's shape, in one of the orders."""
        shape = self.tensor(number).shape
        return tuple(shape[axis] for axis in FIRST) if first else shape

    def value(self, number: int) -> Array:
        """What a constant tensor holds. Raises: Unsupported when it is computed."""
        found = self.tensor(number).constant
        if found is None:
            raise Unsupported("an input that is computed, where a constant is expected")
        return found

    def is_first(self, *numbers: int) -> bool:
        """Whether one of these is kept with channels first alone, and none is in the way."""
        ranks = {len(self.shape(number)) for number in numbers}
        kept = any(
            (number, True) in self._stored and (number, False) not in self._stored
            for number in numbers
        )
        return kept and ranks == {4}

    def stored(self, number: int, *, first: bool = False) -> str:
        """The name of what the tensor itself holds."""
        known = self._stored.get((number, first))
        if known is not None:
            return known
        tensor = self.tensor(number)
        if tensor.constant is not None:
            array = tensor.constant.transpose(FIRST) if first else tensor.constant
            name = self.constant(array)
        elif (number, not first) in self._stored:
            name = self._turned(self._stored[number, not first], tensor.shape, first)
        else:
            raise Unsupported("a tensor that is used before it is computed")
        self._stored[number, first] = name
        return name

    def real(self, number: int, *, first: bool = False) -> str:
        """The name of the reals that the tensor stands for, or of what it holds."""
        known = self._reals.get((number, first))
        if known is not None:
            return known
        tensor, name = self.tensor(number), self.stored(number, first=first)
        if tensor.quantized:
            axis = FIRST.index(tensor.axis) if first else tensor.axis
            name = self.dequantized(name, tensor, axis)
        elif tensor.dtype == np.float16:
            name = self.add("Cast", name, to=onnx.TensorProto.FLOAT)
        self._reals[number, first] = name
        return name

    def dequantized(self, name: str, tensor: Tensor, axis: int = 0) -> str:
        """The reals of integers called `name`, quantized as `tensor`, channels along `axis`."""
        options = {"axis": axis} if tensor.per_channel else {}
        return self.add("DequantizeLinear", name, *self._parameters(tensor), **options)

    def give(self, number: int, name: str, *, first: bool = False) -> None:
        """Notes that the value called `name` is what the tensor holds."""
        self._stored[number, first] = name
        # No inference knows what operators of the integer form give.
        self._infos[name] = self._info(number, name, first=first)

    def give_real(
        self, number: int, name: str, *, first: bool = False, activation: int = 0
    ) -> None:
        """Notes what the tensor stands for, behind an activation that is fused."""
        name = self._activated(name, activation)
        tensor = self.tensor(number)
        if tensor.quantized:
            if tensor.per_channel:
                raise Unsupported("a result with a scale for each channel")
            name = self.add("QuantizeLinear", name, *self._parameters(tensor))
        elif tensor.dtype != np.float32:
            raise Unsupported(f"a result of {tensor.kind}")
        self.give(number, name, first=first)

    def add(self, kind: str, *inputs: str, **options: Any) -> str:
        """Makes a node of one output; its name."""
        return self.add_several(kind, 1, *inputs, **options)[0]

    def add_several(self, kind: str, count: int, *inputs: str, **options: Any) -> list[str]:
        """Makes a node of `count` outputs; their names."""
        names = [self._name(kind.lower()) for _ in range(count)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, name=self._label, **options))
        return names

    def constant(self, value: Any, dtype: Any = None) -> str:
        """Makes a constant; its name."""
        array = np.asarray(value, dtype)
        name = self._name("constant")
        tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        self._initializers.append(tensor)
        return name

    def reshape(self, name: str, shape: tuple[int, ...]) -> str:
        """Makes a `Reshape`; its name."""
        return self.add("Reshape", name, self.constant(shape, np.int64))

    def model(self) -> onnx.ModelProto:
        """The whole, when every operator was converted."""
        results = []
        for number, name in zip(self.graph.outputs, self.graph.output_names, strict=True):
            self._label = f"output {name}"
            # An input may have the same name; in ONNX every value has its own.
            results.append(self._name("output"))
            node = helper.make_node(
                "Identity", [self.stored(number)], results[-1:], name=self._label
            )
            self._nodes.append(node)
        graph = helper.make_graph(
            self._nodes,
            "tflite",
            self._listed(self.graph.inputs, self.graph.input_names),
            self._listed(self.graph.outputs, tuple(results)),
            self._initializers,
            value_info=list(self._infos.values()),
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, VERSION)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)

    def _listed(
        self, numbers: tuple[int, ...], names: tuple[str, ...]
    ) -> list[onnx.ValueInfoProto]:
        return [self._info(*each) for each in zip(numbers, names, strict=True)]

    def _info(self, number: int, name: str, *, first: bool = False) -> onnx.ValueInfoProto:
        element = helper.np_dtype_to_tensor_dtype(self.tensor(number).dtype)
        return helper.make_tensor_value_info(name, element, self.shape(number, first=first))

    def _turned(self, name: str, shape: tuple[int, ...], first: bool) -> str:
        """The value called `name`, of a tensor of `shape`, in the other order of dimensions."""
        batch, height, width, channels = shape
        if channels == 1 or height * width == 1:
            # The values lie in memory as they are to.
            turned = (batch, channels, height, width) if first else shape
            return self.reshape(name, turned)
        return self.add("Transpose", name, perm=FIRST if first else _LAST)

    def _activated(self, name: str, activation: int) -> str:
        if activation == 0:
            return name
        if activation not in _FUSED:
            raise Unsupported(f"a fused activation of number {activation}")
        low, high = _FUSED[activation]
        if (low, high) == (0.0, None):
            return self.add("Relu", name)
        return self.clipped(name, low, high)

    def clipped(self, name: str, low: float | None, high: float | None) -> str:
        """Makes a `Clip`; its name."""
        bounds = [
            "" if bound is None else self.constant(bound, np.float32) for bound in (low, high)
        ]
        return self.add("Clip", name, *bounds)

    def _parameters(self, tensor: Tensor) -> list[str]:
        assert tensor.scale is not None
        assert tensor.zero_point is not None
        return [self.constant(tensor.scale), self.constant(tensor.zero_point, tensor.dtype)]

    def _name(self, stem: str) -> str:
        name = f"{stem}_{len(self._nodes)}_{len(self._initializers)}"
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def label_of(graph: Graph, operator: Operator) -> str:
    """An operator as messages call it: by what it makes."""
    names = [graph.tensors[number].name for number in operator.outputs if number >= 0]
    return f"{operator.kind} {', '.join(names)}"[:120]
