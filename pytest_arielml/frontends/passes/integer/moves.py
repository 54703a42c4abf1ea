"""Operators that move values about: they do to integers what they do to reals."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx

from pytest_arielml.frontends.integer import DOMAIN, FLIP
from pytest_arielml.frontends.passes.integer.build import Builder, Quantized, Refused
from pytest_arielml.frontends.passes.integer.pointwise import rescale

#: Those whose first input alone is data.
MOVES: Final = (
    *("DepthToSpace", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity"),
    *("Reshape", "SpaceToDepth", "Squeeze", "Tile", "Transpose", "Unsqueeze"),
)


def move(builder: Builder) -> None:
    """One of `MOVES`, or `MaxPool`, whose order the integers have too. Raises: Refused."""
    _apply(builder, builder.per_tensor(0), list(builder.node.input)[1:])


def pool(builder: Builder) -> None:
    """`MaxPool` and `GlobalMaxPool`. Raises: Refused."""
    if len([name for name in builder.node.output if name]) > 1:
        raise Refused("its indices are asked for")
    x = builder.per_tensor(0)
    signed = builder.signed(x)
    whole = builder.node.op_type == "GlobalMaxPool"
    if signed is x and not whole:
        move(builder)
        return
    size = x.shape[2:]
    whole_image = {"kernel_shape": size, "strides": size}
    options = whole_image if whole else _attributes(builder.options)
    pooled = builder.add("MaxPool", signed.name, **options)
    if signed is x:
        rescale(builder, x, pooled)
        return
    if x.quantization.same(builder.target.quantization) and _is_open(builder):
        builder.add(FLIP, pooled, output=builder.result, domain=DOMAIN)
    else:
        rescale(builder, signed, pooled)


def pad(builder: Builder) -> None:
    """`Pad`, with the integer that stands for its value. Raises: Refused."""
    x = builder.per_tensor(0)
    rest = list(builder.node.input)[1:]
    if builder.text("mode", "constant") == "constant":
        value = builder.value(2) if builder.input(2) else np.zeros((), np.float32)
        if value is None:
            raise Refused("its value is not constant")
        step = round(float(value) / float(x.quantization.scale)) + x.quantization.zero
        low, high = x.quantization.bounds
        if not low <= step <= high:
            raise Refused("its value is beyond what the integers stand for")
        constant = builder.constant(step, x.quantization.dtype)
        rest = [rest[0], constant, *rest[2:]]
    _apply(builder, x, rest)


def resize(builder: Builder) -> None:
    """`Resize` that repeats values. Raises: Refused."""
    if builder.text("mode", "nearest") != "nearest":
        raise Refused("it interpolates")
    move(builder)


def join(builder: Builder) -> None:
    """`Concat`; parts that are quantized in another way than the first are brought to the result's.

    Raises: Refused.
    """
    parts = [builder.per_tensor(place) for place in range(len(builder.node.input))]
    first = parts[0]
    if all(part.quantization.same(first.quantization) for part in parts):
        _apply(builder, first, [part.name for part in parts[1:]])
        return
    names = [_brought(builder, part) for part in parts]
    builder.add("Concat", *names, output=builder.result, **_attributes(builder.options))


def _brought(builder: Builder, value: Quantized) -> str:
    """The integers of one part in the target's steps."""
    if value.quantization.same(builder.target.quantization) and _is_open(builder):
        return value.name
    aside = builder.aside(value.shape)
    rescale(aside, value, value.name)
    builder.take(aside)
    return aside.result


def part(builder: Builder) -> None:
    """One output of `Split`. Raises: Refused."""
    x = builder.per_tensor(0)
    axis = builder.options.get("axis", 0) % len(x.shape)
    sizes = [builder.facts.shape(name) for name in builder.node.output]
    place = builder.quantized_output
    known = [size[axis] for size in sizes[: place + 1] if size is not None]
    if len(known) != place + 1:
        raise Refused("its sizes are not known")
    start = sum(known[:place])
    piece = builder.slice(x.name, axis, start, start + known[place])
    if x.quantization.same(builder.target.quantization) and _is_open(builder):
        builder.add("Identity", piece, output=builder.result)
    else:
        rescale(builder, x, piece)


def _is_open(builder: Builder) -> bool:
    """Whether no activation bounds the result."""
    target = builder.target
    return (target.low, target.high) == target.quantization.bounds


def _apply(builder: Builder, x: Quantized, rest: list[str]) -> None:
    """The operator on the integers, in the target's steps."""
    kind, options = builder.node.op_type, _attributes(builder.options)
    if x.quantization.same(builder.target.quantization) and _is_open(builder):
        builder.add(kind, x.name, *rest, output=builder.result, **options)
    else:
        rescale(builder, x, builder.add(kind, x.name, *rest, **options))


def _attributes(options: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in options.items() if not isinstance(value, onnx.GraphProto)
    }
