"""Operators that work on each value for itself, and those that reduce an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from pytest_arielml.frontends.integer import DOMAIN, LOOKUP
from pytest_arielml.frontends.tflite.convert import FIRST, Converter, Unsupported
from pytest_arielml.frontends.tflite.read import Operator

_BYTES: Final = (np.dtype(np.int8), np.dtype(np.uint8))
#: Between these ratios LiteRT multiplies by factors of few bits.
_LEAST: Final = 2.0**-8
_MOST: Final = 2.0**7

#: Functions of one value that ONNX has too.
SAME: Final = {
    "ABS": "Abs",
    "CEIL": "Ceil",
    "COS": "Cos",
    "ELU": "Elu",
    "EXP": "Exp",
    "FLOOR": "Floor",
    "HARD_SWISH": "HardSwish",
    "LOG": "Log",
    "LOGISTIC": "Sigmoid",
    "NEG": "Neg",
    "RELU": "Relu",
    "SIN": "Sin",
    "SQRT": "Sqrt",
    "TANH": "Tanh",
}
#: Functions of two values; and those that give truth values.
BINARY: Final = {
    "ADD": "Add",
    "DIV": "Div",
    "MAXIMUM": "Max",
    "MINIMUM": "Min",
    "MUL": "Mul",
    "POW": "Pow",
    "SUB": "Sub",
}
COMPARED: Final = {
    "EQUAL": "Equal",
    "GREATER": "Greater",
    "GREATER_EQUAL": "GreaterOrEqual",
    "LESS": "Less",
    "LESS_EQUAL": "LessOrEqual",
}
#: Reductions.
REDUCED: Final = {
    "MEAN": "ReduceMean",
    "REDUCE_MAX": "ReduceMax",
    "REDUCE_MIN": "ReduceMin",
    "REDUCE_PROD": "ReduceProd",
    "SUM": "ReduceSum",
}


def same(maker: Converter, operator: Operator) -> None:
    """One of `SAME`."""
    _unary(maker, operator, lambda x: maker.add(SAME[operator.kind], x))


def bound(maker: Converter, operator: Operator) -> None:
    """`RELU6`, `RELU_N1_TO_1` and `RELU_0_TO_1`."""
    low, high = {"RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}[
        operator.kind
    ]
    _unary(maker, operator, lambda x: maker.clipped(x, low, high))


def leak(maker: Converter, operator: Operator) -> None:
    """`LEAKY_RELU`."""
    slope = float(operator.options.alpha)
    if _tabulated(maker, operator, slope):
        return
    _unary(maker, operator, lambda x: maker.add("LeakyRelu", x, alpha=slope))


def square(maker: Converter, operator: Operator) -> None:
    """`SQUARE` and `RSQRT`."""
    if operator.kind == "SQUARE":
        _unary(maker, operator, lambda x: maker.add("Mul", x, x))
    else:
        _unary(maker, operator, lambda x: maker.add("Reciprocal", maker.add("Sqrt", x)))


def binary(maker: Converter, operator: Operator) -> None:
    """One of `BINARY`, or `SQUARED_DIFFERENCE`. Raises: Unsupported."""
    (target,) = operator.outputs
    first, left, right = _operands(maker, operator)
    if operator.kind == "SQUARED_DIFFERENCE":
        less = maker.add("Sub", left, right)
        name = maker.add("Mul", less, less)
    else:
        name = maker.add(BINARY[operator.kind], left, right)
    activation = getattr(operator.options, "fusedActivationFunction", 0)
    if maker.tensor(target).dtype == np.float32 or maker.tensor(target).quantized:
        maker.give_real(target, name, first=first, activation=activation)
    else:
        maker.give(target, name, first=first)


def compare(maker: Converter, operator: Operator) -> None:
    """One of `COMPARED`, or `NOT_EQUAL`. Raises: Unsupported."""
    first, left, right = _operands(maker, operator)
    if operator.kind == "NOT_EQUAL":
        name = maker.add("Not", maker.add("Equal", left, right))
    else:
        name = maker.add(COMPARED[operator.kind], left, right)
    maker.give(operator.outputs[0], name, first=first)


def reduce(maker: Converter, operator: Operator) -> None:
    """One of `REDUCED`. Raises: Unsupported."""
    x, axes = operator.inputs
    (target,) = operator.outputs
    rank = len(maker.shape(x))
    along = sorted({int(axis) % rank for axis in maker.value(axes).reshape(-1)})
    keep = bool(operator.options.keepDims)
    first = maker.is_first(x) and (keep or along in ([1, 2], [1, 2, 3]))
    if first:
        along = sorted(FIRST.index(axis) for axis in along)
    kind = REDUCED[operator.kind]
    name, options = maker.real(x, first=first), {"keepdims": int(keep)}
    name = maker.add(kind, name, maker.constant(along, np.int64), **options)
    first = first and keep
    if maker.tensor(target).dtype == np.float32 or maker.tensor(target).quantized:
        maker.give_real(target, name, first=first)
    else:
        maker.give(target, name, first=first)


def softmax(maker: Converter, operator: Operator) -> None:
    """`SOFTMAX` and `LOG_SOFTMAX`, over the last axis."""
    x, (target,) = operator.inputs[0], operator.outputs
    name = maker.real(x)
    beta = float(getattr(operator.options, "beta", 1.0))
    if beta != 1.0:
        name = maker.add("Mul", name, maker.constant(beta, np.float32))
    kind = "Softmax" if operator.kind == "SOFTMAX" else "LogSoftmax"
    maker.give_real(target, maker.add(kind, name, axis=-1))


def prelu(maker: Converter, operator: Operator) -> None:
    """`PRELU`. Raises: Unsupported."""
    first, left, right = _operands(maker, operator)
    maker.give_real(operator.outputs[0], maker.add("PRelu", left, right), first=first)


def arg(maker: Converter, operator: Operator) -> None:
    """`ARG_MAX` and `ARG_MIN`. Raises: Unsupported."""
    x, axis = operator.inputs
    (target,) = operator.outputs
    kind = "ArgMax" if operator.kind == "ARG_MAX" else "ArgMin"
    along = int(maker.value(axis).reshape(()))
    name = maker.add(kind, maker.real(x), axis=along % len(maker.shape(x)), keepdims=0)
    if maker.tensor(target).dtype != np.int64:
        name = maker.add("Cast", name, to=6)
    maker.give(target, name)


def requantize(maker: Converter, operator: Operator) -> None:
    """`QUANTIZE` and `DEQUANTIZE`: what a tensor stands for, held in another way."""
    (x,), (target,) = operator.inputs, operator.outputs
    if _tabulated(maker, operator, 1.0):
        return
    first = maker.is_first(x)
    maker.give_real(target, maker.real(x, first=first), first=first)


def _tabulated(maker: Converter, operator: Operator, slope: float) -> bool:
    """Values of 8 bits to others, negative ones times `slope`; whether LiteRT does it so.

    Its factors have 8 bits behind the point, so that a result may be a step
    from the nearest one.
    """
    (x,), (target,) = operator.inputs, operator.outputs
    source, result = maker.tensor(x), maker.tensor(target)
    if source.scale is None or result.scale is None or source.constant is not None:
        return False
    if source.dtype not in _BYTES or result.dtype not in _BYTES or source.scale.ndim:
        return False
    ratio = np.float32(source.scale) / np.float32(result.scale)
    ratios = np.array([ratio, ratio * np.float32(slope)], np.float32)
    if np.any(np.abs(ratios) < _LEAST) or np.any(np.abs(ratios) > _MOST):
        return False
    up, down = np.rint(ratios * 256).astype(np.int64)
    order = np.arange(256, dtype=np.uint8).view(source.dtype).astype(np.int64)
    values = order - int(source.zero_point)  # type: ignore[arg-type]
    steps = (values * np.where(values >= 0, up, down) + 128) >> 8
    bounds = np.iinfo(np.dtype(result.dtype))
    table = np.clip(steps + int(result.zero_point), bounds.min, bounds.max)  # type: ignore[arg-type]
    first = maker.is_first(x)
    operands = maker.stored(x, first=first), maker.constant(table, result.dtype)
    maker.give(target, maker.add(LOOKUP, *operands, domain=DOMAIN), first=first)
    return True


def _unary(maker: Converter, operator: Operator, function: Callable[[str], str]) -> None:
    x, (target,) = operator.inputs[0], operator.outputs
    first = maker.is_first(x)
    if maker.tensor(x).dtype != np.float32 and not maker.tensor(x).quantized:
        raise Unsupported(f"an input of {maker.tensor(x).kind}")
    maker.give_real(target, function(maker.real(x, first=first)), first=first)


def _operands(maker: Converter, operator: Operator) -> tuple[bool, str, str]:
    """Whether channels are first, and two operands that broadcast in that order."""
    left, right = operator.inputs[:2]
    tensors = [maker.tensor(number) for number in (left, right)]
    computed = [
        number
        for number, tensor in zip((left, right), tensors, strict=True)
        if tensor.constant is None and tensor.shape
    ]
    first = bool(computed) and maker.is_first(*computed)
    return first, _operand(maker, left, first), _operand(maker, right, first)


def _operand(maker: Converter, number: int, first: bool) -> str:
    tensor: Any = maker.tensor(number)
    if not first or len(tensor.shape) == 4:
        return maker.real(number, first=first)
    if not tensor.shape:
        return maker.real(number)
    if tensor.per_channel:
        raise Unsupported("an operand with a scale for each channel")
    # It has fewer dimensions: those that it lacks are the first ones.
    shape = (1,) * (4 - len(tensor.shape)) + tensor.shape
    value = maker.constant(maker.value(number).reshape(shape).transpose(FIRST))
    return maker.dequantized(value, tensor) if tensor.quantized else value
