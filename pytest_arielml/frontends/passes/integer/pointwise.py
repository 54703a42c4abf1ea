"""Elementwise operators: sums and products in fixed point, and tables of functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from pytest_arielml.frontends.passes.graph import Array
from pytest_arielml.frontends.passes.integer import products
from pytest_arielml.frontends.passes.integer.build import Builder, Quantized, Refused
from pytest_arielml.frontends.passes.integer.scales import Quantization

#: A difference of two integers of 8 bits needs nine bits and a sign; of 31, so
#: many are left for the factors of two terms.
_ROOM: Final = 31 - 9 - 1

Reals = NDArray[np.float32]


def add(builder: Builder) -> None:
    """`Add` and `Sub` of two quantized tensors, or of a product and its bias. Raises: Refused."""
    product = products.biased(builder) if builder.node.op_type == "Add" else None
    if product is not None:
        inner = builder.other(product)
        products.multiply(inner)
        builder.take(inner)
        return
    left, right = builder.per_tensor(0), builder.per_tensor(1)
    target = builder.target.quantization.scale
    sign = -1 if builder.node.op_type == "Sub" else 1
    ratios = [float(side.quantization.scale / target) for side in (left, right)]
    shift = _ROOM - math.ceil(math.log2(max(ratios)))
    if not 1 <= shift <= _ROOM + 8 or min(ratios) * 2.0**shift < 1 << 8:
        raise Refused("its scales differ by too much for integers of 32 bits")
    factors = [round(ratio * 2.0**shift) for ratio in ratios]
    terms = [_term(builder, left, factors[0]), _term(builder, right, sign * factors[1])]
    exact = all(factor == ratio * 2.0**shift for factor, ratio in zip(factors, ratios, strict=True))
    builder.shift(builder.add("Add", *terms), shift, exact=exact)


def _term(builder: Builder, value: Quantized, factor: int) -> str:
    return builder.add("Mul", builder.offset(value), builder.constant(factor, np.int32))


def multiply(builder: Builder) -> None:
    """`Mul` of two quantized tensors. Raises: Refused."""
    left, right = builder.per_tensor(0), builder.per_tensor(1)
    product = builder.add("Mul", builder.offset(left), builder.offset(right))
    scale = left.quantization.scale * right.quantization.scale
    ratio = np.asarray(scale / builder.target.quantization.scale)
    builder.requantize(product, builder.factors(ratio, 255.0**2))


def rescale(builder: Builder, value: Quantized, name: str) -> None:
    """The integers called `name`, quantized as `value`, in the target's steps."""
    builder.lookup(name, _table(builder, value.quantization, lambda reals: reals))


def requantize(builder: Builder) -> None:
    """Integers whose reals are quantized anew. Raises: Refused."""
    x = builder.values.quantized(builder.node.output[0])
    if x is None or not x.quantization.per_tensor:
        raise Refused("its input has a scale for each channel, or not 8 bits")
    if x.constant is not None:
        raise Refused("it is constant")
    rescale(builder, x, x.name)


def tabulate(builder: Builder) -> None:
    """A function of one quantized tensor, as a table of its 256 values. Raises: Refused."""
    x = builder.per_tensor(0)
    if len([name for name in builder.node.input if name]) != 1:
        constants = [builder.facts.value(name) for name in builder.node.input[1:] if name]
        if any(constant is None or constant.size != 1 for constant in constants):
            raise Refused("it depends on more than its input")
        if builder.facts.shape(str(builder.node.output[0])) != x.shape:
            raise Refused("its result has another shape than its input")
    table = _table(builder, x.quantization, lambda reals: _evaluate(builder, reals))
    builder.lookup(x.name, table)


def _table(
    builder: Builder, quantization: Quantization, function: Callable[[Reals], Reals]
) -> Array:
    """The target's integers for all of 8 bits, by float32 as `QuantizeLinear` computes."""
    order = np.arange(256, dtype=np.uint8).view(quantization.dtype)
    reals = (order.astype(np.int64) - quantization.zero) * quantization.scale
    target = builder.target
    with np.errstate(all="ignore"):
        results = function(reals.astype(np.float32))
        steps = np.rint(results / np.float32(target.quantization.scale))
    if not np.all(np.isfinite(results)):
        raise Refused("it has no finite value somewhere")
    moved = steps.astype(np.float64) + target.quantization.zero
    table: Array = np.clip(moved, target.low, target.high).astype(target.quantization.dtype)
    return table


def _evaluate(builder: Builder, reals: Reals) -> Reals:
    known = _EXACT.get(builder.node.op_type)
    if known is not None:
        return known(reals, builder.options)
    node = onnx.NodeProto()
    node.CopyFrom(builder.node)
    operands: dict[str, Any] = {node.input[0]: reals}
    for name in node.input[1:]:
        if name:
            operands[name] = builder.facts.value(name)
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            [node],
            "table",
            [
                onnx.helper.make_tensor_value_info(
                    name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
                )
                for name, value in operands.items()
            ],
            [
                onnx.helper.make_tensor_value_info(
                    node.output[0], onnx.TensorProto.FLOAT, reals.shape
                )
            ],
        ),
        opset_imports=[onnx.helper.make_opsetid("", builder.opset)],
    )
    try:
        (found,) = ReferenceEvaluator(model).run(None, operands)
    except Exception as error:
        raise Refused(f"onnx cannot evaluate it: {error}") from None
    return np.asarray(found, np.float32).reshape(reals.shape)


def _sigmoid(x: Reals, options: Mapping[str, Any]) -> Reals:  # noqa: ARG001
    return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)


def _tanh(x: Reals, options: Mapping[str, Any]) -> Reals:  # noqa: ARG001
    return np.tanh(x.astype(np.float64)).astype(np.float32)


_EXACT: Final[dict[str, Callable[[Reals, Mapping[str, Any]], Reals]]] = {
    "Sigmoid": _sigmoid,
    "Tanh": _tanh,
}

#: Operators of one tensor whose result at a place depends on that place alone.
TABULATED: Final = (
    *("Abs", "Ceil", "Celu", "Clip", "Div", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid"),
    *("HardSwish", "LeakyRelu", "Log", "Max", "Min", "Mish", "Neg", "Pow", "PRelu", "Reciprocal"),
    *("Relu", "Round", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Tanh"),
)
