"""What the rules of the integer form know and make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pytest_arielml.frontends.integer import DOMAIN, FLIP, LOOKUP, REQUANTIZE
from pytest_arielml.frontends.passes.graph import Array, Namer, is_own
from pytest_arielml.frontends.passes.integer.scales import (
    Quantization,
    Scaling,
    is_eight_bits,
    multiplier,
    read,
)
from pytest_arielml.frontends.passes.operators.build import Facts, Rewrite

#: What `onnx.TensorProto` calls integers of 8 bits.
ELEMENTS: Final = {"int8": onnx.TensorProto.INT8, "uint8": onnx.TensorProto.UINT8}


@dataclass(frozen=True)
class Quantized:
    """A real tensor that stands for integers: the integers' name, and how to read them."""

    name: str
    quantization: Quantization
    shape: tuple[int, ...]
    constant: Array | None


class Values:
    """The values of a graph as the rules ask for them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.facts = Facts(graph)
        self.makers = {name: node for node in graph.node for name in node.output if name}
        self._uses: dict[str, int] = {}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._uses[name] = self._uses.get(name, 0) + 1
                self._readers.setdefault(name, []).append(node)
        for output in graph.output:
            self._uses[output.name] = self._uses.get(output.name, 0) + 2

    def is_pair(self, name: str) -> bool:
        """Whether integers go from a `QuantizeLinear` to nothing but `DequantizeLinear`."""
        maker, readers = self.makers.get(name), self._readers.get(name, [])
        return (
            maker is not None
            and is_own(maker, "QuantizeLinear")
            and len(readers) == self._uses.get(name, 0)
            and all(is_own(node, "DequantizeLinear") for node in readers)
        )

    def is_used_once(self, name: str) -> bool:
        """Whether one node reads it, and nothing else."""
        return self._uses.get(name, 0) == 1

    def quantized(self, name: str) -> Quantized | None:
        """What a `DequantizeLinear` made of integers of eight bits."""
        found = self.dequantized(name)
        return found if found is not None and is_eight_bits(found.quantization) else None

    def dequantized(self, name: str) -> Quantized | None:
        """What a `DequantizeLinear` made of integers."""
        maker = self.makers.get(name)
        if maker is None or not is_own(maker, "DequantizeLinear"):
            return None
        source = maker.input[0]
        shape = self.facts.shape(source)
        quantization = read(maker, self.facts, self.facts.dtype(source))
        if shape is None or quantization is None:
            return None
        return Quantized(source, quantization, shape, self.facts.value(source))


@dataclass(frozen=True)
class Target:
    """What the integers are to become: a `QuantizeLinear` and the bounds before it.

    `low` and `high` are in steps: an activation's, or the data type's.
    """

    quantization: Quantization
    low: int
    high: int


#: Why there are no factors.
TOO_FAR: Final = "its scales differ by too much for integers of 32 bits"


class Refused(Exception):
    """Why a node stays in float."""


class Builder(Rewrite):
    """One `QuantizeLinear`, the node that it quantizes, and what stands for both."""

    def __init__(
        self,
        quantize: onnx.NodeProto,
        node: onnx.NodeProto,
        target: Target,
        values: Values,
        namer: Namer,
        opset: int,
    ) -> None:
        super().__init__(node, values.facts, namer)
        self.values = values
        self.opset = opset
        self.target = target
        #: Types of values that were made, where nothing else tells them.
        self.described: list[onnx.ValueInfoProto] = []
        #: Why what was made computes in float; "" where it does not.
        self.kept_in_float = ""
        self._quantize = quantize

    @property
    def result(self) -> str:
        """Name of the integers that are made."""
        return str(self._quantize.output[0])

    @property
    def quantized_output(self) -> int:
        """Which output of the node is quantized."""
        outputs = list(self.node.output)
        name = self._quantize.input[0]
        return outputs.index(name) if name in outputs else 0

    @property
    def is_quantized_by_reference(self) -> bool:
        """Whether onnxruntime puts a quantized operator in place of a float one of one input.

        It does where both sides hold the same type, after it turned int8 between
        conversions into uint8, as it does for `session.x64quantprecision`.
        """
        x = self.quantized(0)
        if x.quantization.dtype != self.target.quantization.dtype:
            return False
        unsigned = x.quantization.dtype == np.uint8
        return unsigned or self.values.is_pair(x.name) == self.values.is_pair(self.result)

    def other(self, node: onnx.NodeProto) -> Builder:
        """A builder for another node of the same result."""
        return Builder(self._quantize, node, self.target, self.values, self._namer, self.opset)

    def aside(self, shape: tuple[int, ...]) -> Builder:
        """A builder for integers of the target's, of `shape`, that are a part of the result."""
        quantize = onnx.NodeProto()
        quantize.CopyFrom(self._quantize)
        quantize.output[0] = self._namer(f"{self.result}_part")
        builder = Builder(quantize, self.node, self.target, self.values, self._namer, self.opset)
        element = ELEMENTS[self.target.quantization.dtype.name]
        builder.described.append(onnx.helper.make_tensor_value_info(builder.result, element, shape))
        return builder

    def take(self, other: Builder) -> None:
        """What another builder made comes next."""
        self.nodes += other.nodes
        self.described += other.described

    def quantized(self, place: int) -> Quantized:
        """An input that stands for integers. Raises: Refused."""
        found = self.values.quantized(self.input(place))
        if found is None:
            raise Refused(f"input {place} is not quantized to 8 bits")
        return found

    def per_tensor(self, place: int) -> Quantized:
        """An input that stands for integers of one scale. Raises: Refused."""
        found = self.quantized(place)
        if not found.quantization.per_tensor:
            raise Refused(f"input {place} has a scale for each channel")
        return found

    def signed(self, value: Quantized) -> Quantized:
        """The same reals by int8: IREE's products and maxima take integers for signed."""
        quantization = value.quantization
        if quantization.dtype == np.int8:
            return value
        name = self.add(FLIP, value.name, domain=DOMAIN)
        # No inference knows an operator of ours.
        self.described.append(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT8, value.shape)
        )
        signed = replace(
            quantization, dtype=np.dtype(np.int8), zero_point=quantization.zero_point - 128
        )
        return replace(value, name=name, quantization=signed)

    def offset(self, value: Quantized) -> str:
        """Integers of 32 bits, less their zero point."""
        value = self.signed(value)
        wide = self.add("Cast", value.name, to=onnx.TensorProto.INT32)
        zero = value.quantization.zero
        return self.add("Sub", wide, self.constant(zero, np.int32)) if zero else wide

    def factors(self, ratio: NDArray[np.float64], reach: NDArray[np.float64] | float) -> Scaling:
        """What an accumulator is multiplied by, and then shifted by, in place of `ratio`.

        Args:
            ratio: what one of its steps is of the target's: [] or [channels].
            reach: the greatest magnitude of the accumulator, [] or [channels].

        Raises: Refused when the ratios have no integer form.
        """
        found = multiplier(ratio, reach)
        if found is None:
            raise Refused(TOO_FAR)
        return found

    def requantize(
        self, accumulator: str, scaling: Scaling, *, axis: int | None = None, near: int = 0
    ) -> None:
        """The result: `accumulator` (int32) scaled and rounded.

        Args:
            accumulator: name of the value.
            scaling: one, or one a channel.
            axis: of the channels.
            near: so near to a half, in ``2**-shift``, is one; for an exact scaling.
        """
        options = {} if axis is None else {"axis": axis}
        if near:
            options["near"] = near
        factors = self.constant(scaling.factors, np.int32)
        self._scale(accumulator, factors, scaling.shift, even=int(scaling.exact), **options)

    def shift(self, accumulator: str, shift: int, *, exact: bool) -> None:
        """The result: `accumulator` (int32) divided by ``2**shift``, rounded.

        `exact` says that a half is one, and no product of rounded factors.
        """
        self._scale(accumulator, "", shift, even=int(exact))

    def lookup(self, name: str, table: Array) -> None:
        """The result: entries of `table`, by the bits of the integers called `name`."""
        entries = self.constant(table, table.dtype)
        self.add(LOOKUP, name, entries, output=self.result, domain=DOMAIN)

    def _scale(self, accumulator: str, factors: str, shift: int, **options: int) -> None:
        quantization = self.target.quantization
        self.add(
            REQUANTIZE,
            *([accumulator, factors] if factors else [accumulator]),
            output=self.result,
            domain=DOMAIN,
            shift=shift,
            zero_point=quantization.zero,
            low=self.target.low,
            high=self.target.high,
            to=ELEMENTS[quantization.dtype.name],
            **options,
        )
