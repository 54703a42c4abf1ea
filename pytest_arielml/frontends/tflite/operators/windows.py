"""Pools and resizing; how a window that may reach over the border is padded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from onnx import TensorProto, helper

from pytest_arielml.frontends.integer import DOMAIN, REQUANTIZE
from pytest_arielml.frontends.tflite.convert import Converter, Unsupported
from pytest_arielml.frontends.tflite.read import Operator

#: Of the factor that divides a sum by its count.
_SHIFT: Final = 31


def same_pads(
    sizes: Sequence[int],
    results: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int] = (1, 1),
) -> list[int]:
    """ONNX's `pads` for the padding `SAME`: half before, the greater half behind."""
    begin, end = [], []
    for size, result, width, stride, dilation in zip(
        sizes, results, kernel, strides, dilations, strict=True
    ):
        needed = max((result - 1) * stride + (width - 1) * dilation + 1 - size, 0)
        begin.append(needed // 2)
        end.append(needed - needed // 2)
    return [*begin, *end]


def pool(maker: Converter, operator: Operator) -> None:
    """`MAX_POOL_2D` and `AVERAGE_POOL_2D`. Raises: Unsupported."""
    (x,), (target,) = operator.inputs, operator.outputs
    options: Any = operator.options
    kernel = (options.filterHeight, options.filterWidth)
    strides = (options.strideH, options.strideW)
    found: dict[str, Any] = {"kernel_shape": kernel, "strides": strides}
    if options.padding == 0:
        found["pads"] = same_pads(maker.shape(x)[1:3], maker.shape(target)[1:3], kernel, strides)
    average = operator.kind == "AVERAGE_POOL_2D"
    activation = options.fusedActivationFunction
    if average and maker.tensor(x).quantized and activation == 0 and not any(found.get("pads", [])):
        same_quantization(maker, x, target)
        maker.give(target, _averaged(maker, x, kernel, strides), first=True)
        return
    name = maker.add("AveragePool" if average else "MaxPool", maker.real(x, first=True), **found)
    maker.give_real(target, name, first=True, activation=activation)


def _averaged(maker: Converter, x: int, kernel: tuple[int, int], strides: tuple[int, int]) -> str:
    """Integers averaged as TensorFlow Lite does: half a step goes away from zero."""
    tensor = maker.tensor(x)
    count = kernel[0] * kernel[1]
    source = maker.stored(x, first=True)
    if kernel == tensor.shape[1:3]:
        wide = maker.add("Cast", source, to=TensorProto.INT32)
        axes = maker.constant([2, 3], np.int64)
        total = maker.add("ReduceSum", wide, axes, keepdims=1)
    else:
        ones = maker.constant(np.ones((tensor.shape[3], 1, *kernel)), tensor.dtype)
        total = maker.add("ConvInteger", source, ones, group=tensor.shape[3], strides=strides)
    if count == 1:
        return maker.add("Cast", total, to=helper.np_dtype_to_tensor_dtype(tensor.dtype))
    if count % 2 == 0:
        # Counted in halves, and negative sums one half lower: then none of them is half a step.
        halves = maker.add("Add", total, total)
        negative = maker.add("Less", total, maker.constant(0, np.int32))
        total = maker.add("Sub", halves, maker.add("Cast", negative, to=TensorProto.INT32))
        count *= 2
    bounds = np.iinfo(np.dtype(tensor.dtype))
    # Rounded up, or what is half a step above zero would fall short of it.
    factor = -((-1 << _SHIFT) // count)
    return maker.add(
        REQUANTIZE,
        total,
        maker.constant(factor, np.int32),
        domain=DOMAIN,
        shift=_SHIFT,
        zero_point=0,
        low=int(bounds.min),
        high=int(bounds.max),
        to=helper.np_dtype_to_tensor_dtype(tensor.dtype),
        even=0,
    )


def resize(maker: Converter, operator: Operator) -> None:
    """`RESIZE_NEAREST_NEIGHBOR` and `RESIZE_BILINEAR`. Raises: Unsupported."""
    x, (target,) = operator.inputs[0], operator.outputs
    options: Any = operator.options
    nearest = operator.kind == "RESIZE_NEAREST_NEIGHBOR"
    how: dict[str, Any] = {"mode": "nearest" if nearest else "linear"}
    if options.alignCorners:
        how["coordinate_transformation_mode"] = "align_corners"
        rounding = "round_prefer_ceil"
    elif options.halfPixelCenters:
        # The middle of a pixel, rounded down: half a pixel up and down again.
        how["coordinate_transformation_mode"] = "half_pixel"
        rounding = "round_prefer_ceil"
    else:
        how["coordinate_transformation_mode"] = "asymmetric"
        rounding = "floor"
    if nearest:
        how["nearest_mode"] = rounding
    sizes = maker.constant(maker.shape(target, first=True), np.int64)
    name = maker.add("Resize", maker.real(x, first=True), "", "", sizes, **how)
    maker.give_real(target, name, first=True)


def shuffle(maker: Converter, operator: Operator) -> None:
    """`DEPTH_TO_SPACE` and `SPACE_TO_DEPTH`. Raises: Unsupported."""
    (x,), (target,) = operator.inputs, operator.outputs
    same_quantization(maker, x, target)
    kind = "DepthToSpace" if operator.kind == "DEPTH_TO_SPACE" else "SpaceToDepth"
    options = {"mode": "DCR"} if kind == "DepthToSpace" else {}
    name = maker.add(
        kind, maker.stored(x, first=True), blocksize=operator.options.blockSize, **options
    )
    maker.give(target, name, first=True)


def same_quantization(maker: Converter, one: int, other: int) -> None:
    """Raises: Unsupported where two tensors hold the same reals in two ways."""
    if not maker.tensor(one).same_quantization(maker.tensor(other)):
        raise Unsupported("a result that is quantized in another way than what it is moved from")
