"""Averages: integer sums, the count in the requantization."""

from __future__ import annotations

import math

import numpy as np
import onnx

from pytest_arielml.frontends.passes.integer.build import Builder, Quantized, Refused


def average_all(builder: Builder) -> None:
    """`GlobalAveragePool`. Raises: Refused."""
    x = builder.signed(builder.per_tensor(0))
    _reduce(builder, x, list(range(2, len(x.shape))), keep=True)


def mean(builder: Builder) -> None:
    """`ReduceMean` over constant axes. Raises: Refused."""
    x = builder.signed(builder.per_tensor(0))
    axes = builder.value(1)
    if axes is None:
        raise Refused("its axes are not constant")
    _reduce(builder, x, [int(axis) for axis in axes], keep=bool(builder.options.get("keepdims", 1)))


def _reduce(builder: Builder, x: Quantized, axes: list[int], *, keep: bool) -> None:
    count = math.prod(x.shape[axis] for axis in axes)
    total = builder.add(
        "ReduceSum",
        builder.add("Cast", x.name, to=onnx.TensorProto.INT32),
        builder.constant(axes),
        keepdims=int(keep),
    )
    _finish(builder, x, total, count)


def average(builder: Builder) -> None:
    """`AveragePool` whose windows all hold as many values. Raises: Refused."""
    x = builder.signed(builder.per_tensor(0))
    options = builder.options
    kernel = options["kernel_shape"]
    auto = builder.text("auto_pad", "NOTSET")
    padded = auto.startswith("SAME") or any(options.get("pads", []))
    if padded or options.get("ceil_mode", 0):
        raise Refused("its windows at the border hold fewer values")
    channels = x.shape[1]
    ones = builder.constant(np.ones([channels, 1, *kernel]), np.int8)
    kept = {name: options[name] for name in ("strides", "dilations") if name in options}
    total = builder.add("ConvInteger", x.name, ones, group=channels, **kept)
    _finish(builder, x, total, math.prod(kernel))


def _finish(builder: Builder, x: Quantized, total: str, count: int) -> None:
    ratio = np.asarray(x.quantization.scale / builder.target.quantization.scale / count)
    scaling = builder.factors(ratio, 255.0 * count)
    if scaling.exact:
        # The float scale's own rounding errors decide there which way it goes.
        raise Refused("its results lie half way between two steps")
    shift = x.quantization.zero * count
    if shift:
        total = builder.add("Sub", total, builder.constant(shift, np.int32))
    builder.requantize(total, scaling)
