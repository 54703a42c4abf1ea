"""One small model for each operator: what is to be computed as LiteRT does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from tflite_making import Making

#: How inputs of integers are quantized: no round figures, which would make halves of a step.
SAME: Final[dict[str, Any]] = {"scale": 0.02113, "zero": 3}

Case = Callable[[Making], int]

CASES: Final[dict[str, Case]] = {}


def case(name: str) -> Callable[[Case], Case]:
    def note(function: Case) -> Case:
        CASES[name] = function
        return function

    return note


def _convolution(
    kind: str,
    *,
    size: tuple[int, ...] = (1, 9, 8, 4),
    weights: tuple[int, ...] = (6, 3, 3, 4),
    result: tuple[int, ...] = (1, 9, 8, 6),
    axis: int = 0,
    channels: bool = True,
    dtype: str = "int8",
    weight_dtype: str = "int8",
    **fields: Any,
) -> Case:
    def make(m: Making) -> int:
        float_model = dtype == "float32"
        x = m.input(size, dtype)
        count = weights[axis]
        scale = m.random.uniform(0.002, 0.01, count if channels else ())
        if float_model:
            w = m.constant(m.random.normal(size=weights), "float32")
            b = m.constant(m.random.normal(size=count), "float32")
        else:
            w = m.weights(weights, scale, axis=axis, dtype=weight_dtype)
            b = m.bias(count, scale * SAME["scale"])
        options = f"{'Conv2D' if kind == 'CONV_2D' else 'DepthwiseConv2D'}Options"
        fields.setdefault("padding", 0)
        fields.setdefault("strideH", 1)
        fields.setdefault("strideW", 1)
        fields.setdefault("dilationHFactor", 1)
        fields.setdefault("dilationWFactor", 1)
        inputs = [x, w, b]
        return m.add(kind, inputs, result, dtype, options=options, scale=0.06137, **fields)

    return make


CASES["conv"] = _convolution("CONV_2D")
CASES["conv of one scale"] = _convolution("CONV_2D", channels=False)
CASES["conv with relu"] = _convolution("CONV_2D", fusedActivationFunction=1)
CASES["conv with relu6"] = _convolution("CONV_2D", fusedActivationFunction=3)
CASES["conv strided"] = _convolution("CONV_2D", result=(1, 5, 4, 6), strideH=2, strideW=2)
CASES["conv valid"] = _convolution("CONV_2D", result=(1, 7, 6, 6), padding=1)
CASES["conv dilated"] = _convolution("CONV_2D", dilationHFactor=2, dilationWFactor=2)
CASES["conv grouped"] = _convolution("CONV_2D", weights=(6, 3, 3, 2))
CASES["conv of 4-bit weights"] = _convolution("CONV_2D", weight_dtype="int4")
CASES["conv float"] = _convolution("CONV_2D", dtype="float32", fusedActivationFunction=1)
CASES["depthwise"] = _convolution(
    "DEPTHWISE_CONV_2D", weights=(1, 3, 3, 4), result=(1, 9, 8, 4), axis=3, depthMultiplier=1
)
CASES["depthwise twofold"] = _convolution(
    "DEPTHWISE_CONV_2D", weights=(1, 3, 3, 8), result=(1, 9, 8, 8), axis=3, depthMultiplier=2
)
CASES["depthwise float"] = _convolution(
    "DEPTHWISE_CONV_2D",
    weights=(1, 3, 3, 4),
    result=(1, 9, 8, 4),
    axis=3,
    depthMultiplier=1,
    dtype="float32",
)


def _transposed(padding: int, result: tuple[int, int], dtype: str = "int8") -> Case:
    def make(m: Making) -> int:
        x = m.input((1, 4, 5, 3), dtype)
        if dtype == "float32":
            w = m.constant(m.random.normal(size=(2, 3, 3, 3)), "float32")
        else:
            w = m.weights((2, 3, 3, 3), 0.01)
        size = m.constant([1, *result, 2])
        return m.add(
            "TRANSPOSE_CONV",
            [size, w, x],
            (1, *result, 2),
            dtype,
            options="TransposeConvOptions",
            padding=padding,
            strideH=2,
            strideW=2,
            scale=0.06137,
        )

    return make


CASES["transposed conv"] = _transposed(0, (8, 10))
CASES["transposed conv valid"] = _transposed(1, (9, 11))
CASES["transposed conv float"] = _transposed(0, (8, 10), "float32")


def _dense(
    shape: tuple[int, ...] = (1, 24),
    *,
    keep: bool = False,
    dtype: str = "int8",
    weight_dtype: str = "int8",
    activation: int = 0,
    biased: bool = True,
) -> Case:
    def make(m: Making) -> int:
        x = m.input(shape, dtype)
        if dtype == "float32":
            w, b = (
                m.constant(m.random.normal(size=(7, 24)), "float32"),
                m.constant(m.random.normal(size=7), "float32"),
            )
        else:
            w, b = (
                m.weights((7, 24), 0.00619, dtype=weight_dtype),
                m.bias(7, SAME["scale"] * 0.00619),
            )
        rows = int(np.prod(shape)) // 24
        result = (*shape[:-1], 7) if keep else (rows, 7)
        return m.add(
            "FULLY_CONNECTED",
            [x, w, b if biased else -1],
            result,
            dtype,
            options="FullyConnectedOptions",
            keepNumDims=keep,
            fusedActivationFunction=activation,
            scale=0.05371,
        )

    return make


CASES["dense"] = _dense()
CASES["dense without bias"] = _dense(biased=False)
CASES["dense with relu"] = _dense(activation=1)
CASES["dense of an image"] = _dense((1, 2, 3, 4))
CASES["dense keeps dimensions"] = _dense((1, 5, 24), keep=True)
CASES["dense of 4-bit weights"] = _dense(weight_dtype="int4")
CASES["dense float"] = _dense(dtype="float32", activation=3)


def _pool(
    kind: str,
    kernel: tuple[int, int],
    stride: int,
    result: tuple[int, ...],
    padding: int = 1,
    dtype: str = "int8",
) -> Case:
    def make(m: Making) -> int:
        x = m.input((1, 8, 6, 3), dtype)
        return m.add(
            kind,
            [x],
            result,
            dtype,
            options="Pool2DOptions",
            padding=padding,
            strideH=stride,
            strideW=stride,
            filterHeight=kernel[0],
            filterWidth=kernel[1],
            **SAME,
        )

    return make


CASES["max pool"] = _pool("MAX_POOL_2D", (2, 2), 2, (1, 4, 3, 3))
CASES["max pool same"] = _pool("MAX_POOL_2D", (3, 3), 2, (1, 4, 3, 3), padding=0)
CASES["average pool"] = _pool("AVERAGE_POOL_2D", (2, 2), 2, (1, 4, 3, 3))
CASES["average pool of odd windows"] = _pool("AVERAGE_POOL_2D", (3, 3), 1, (1, 6, 4, 3))
CASES["average pool of all"] = _pool("AVERAGE_POOL_2D", (8, 6), 1, (1, 1, 1, 3))
CASES["average pool float"] = _pool("AVERAGE_POOL_2D", (2, 2), 2, (1, 4, 3, 3), dtype="float32")


def _mean(
    axes: list[int],
    keep: bool,
    result: tuple[int, ...],
    scale: float = SAME["scale"],
    zero: int = 3,
) -> Case:
    def make(m: Making) -> int:
        x = m.input((1, 6, 8, 3))
        return m.add(
            "MEAN",
            [x, m.constant(axes)],
            result,
            options="ReducerOptions",
            keepDims=keep,
            scale=scale,
            zero=zero,
        )

    return make


CASES["mean"] = _mean([1, 2], False, (1, 3))
CASES["mean that keeps"] = _mean([1, 2], True, (1, 1, 1, 3))
CASES["mean scaled"] = _mean([1, 2], False, (1, 3), 0.013, -4)
CASES["mean of channels"] = _mean([3], True, (1, 6, 8, 1), 0.013)


def _binary(
    kind: str,
    options: str = "",
    scale: float = 0.05,
    dtype: str = "int8",
    other: Any = None,
    **fields: Any,
) -> Case:
    def make(m: Making) -> int:
        left = m.input((1, 5, 4, 3), dtype)
        if other is None:
            right = m.input(
                (1, 5, 4, 3), dtype, **({"scale": 0.031, "zero": -7} if dtype == "int8" else {})
            )
        elif dtype == "int8":
            right = m.constant(m.random.integers(-128, 128, other), "int8", scale=0.031, zero=-7)
        else:
            right = m.constant(m.random.normal(size=other), dtype)
        return m.add(
            kind, [left, right], (1, 5, 4, 3), dtype, options=options, scale=scale, **fields
        )

    return make


for _kind, _options in {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}.items():
    CASES[_kind.lower()] = _binary(_kind, _options)
    CASES[f"{_kind.lower()} with relu"] = _binary(_kind, _options, fusedActivationFunction=1)
    CASES[f"{_kind.lower()} a constant"] = _binary(_kind, _options, other=(3,))
    CASES[f"{_kind.lower()} float"] = _binary(_kind, _options, dtype="float32", other=(3,))
CASES["div float"] = _binary("DIV", "DivOptions", dtype="float32")
CASES["maximum float"] = _binary("MAXIMUM", dtype="float32")
CASES["squared difference float"] = _binary("SQUARED_DIFFERENCE", dtype="float32")


def _unary(
    kind: str,
    dtype: str = "int8",
    options: str = "",
    scale: float = 0.05,
    zero: int = -5,
    shape: tuple[int, ...] = (1, 4, 8, 8),
    **fields: Any,
) -> Case:
    def make(m: Making) -> int:
        x = m.input(shape, dtype, **({"scale": 0.04, "zero": -9} if dtype == "int8" else {}))
        return m.add(kind, [x], shape, dtype, options=options, scale=scale, zero=zero, **fields)

    return make


CASES["logistic"] = _unary("LOGISTIC", scale=1 / 256, zero=-128)
CASES["tanh"] = _unary("TANH", scale=1 / 128, zero=0)
CASES["relu"] = _unary("RELU", scale=0.04, zero=-9)
CASES["relu6"] = _unary("RELU6", scale=0.04, zero=-9)
CASES["leaky relu"] = _unary("LEAKY_RELU", options="LeakyReluOptions", alpha=0.1)
CASES["hard swish"] = _unary("HARD_SWISH")
CASES["elu"] = _unary("ELU")
CASES["softmax"] = _unary(
    "SOFTMAX", options="SoftmaxOptions", beta=1.0, scale=1 / 256, zero=-128, shape=(1, 12)
)
CASES["softmax of rows"] = _unary(
    "SOFTMAX", options="SoftmaxOptions", beta=1.0, scale=1 / 256, zero=-128, shape=(4, 5)
)
CASES["softmax with beta float"] = _unary(
    "SOFTMAX", "float32", options="SoftmaxOptions", beta=0.5, shape=(1, 12)
)
for _kind in (
    "ABS",
    "CEIL",
    "COS",
    "ELU",
    "EXP",
    "FLOOR",
    "HARD_SWISH",
    "LOGISTIC",
    "NEG",
    "RELU",
    "RELU6",
    "SIN",
    "SQUARE",
    "TANH",
):
    CASES[f"{_kind.lower().replace('_', ' ')} float"] = _unary(_kind, "float32")


@case("reshape")
def _reshape(m: Making) -> int:
    return m.add(
        "RESHAPE",
        [m.input((1, 4, 6)), m.constant([1, 8, 3])],
        (1, 8, 3),
        options="ReshapeOptions",
        newShape=[1, 8, 3],
        **SAME,
    )


@case("transpose")
def _transpose(m: Making) -> int:
    return m.add(
        "TRANSPOSE", [m.input((1, 4, 6, 3)), m.constant([0, 2, 3, 1])], (1, 6, 3, 4), **SAME
    )


@case("concatenation of convolutions")
def _concatenation(m: Making) -> int:
    one = _convolution("CONV_2D")(m)
    x = m.graph.inputs[0]
    w, b = m.weights((6, 1, 1, 4), 0.02), m.bias(6, 0.02113 * 0.02)
    other = m.add(
        "CONV_2D",
        [x, w, b],
        (1, 9, 8, 6),
        options="Conv2DOptions",
        padding=0,
        strideH=1,
        strideW=1,
        dilationHFactor=1,
        dilationWFactor=1,
        scale=0.06137,
    )
    return m.add(
        "CONCATENATION",
        [one, other],
        (1, 9, 8, 12),
        options="ConcatenationOptions",
        axis=-1,
        scale=0.06137,
    )


@case("split, and joined the other way round")
def _split(m: Making) -> int:
    x = m.input((1, 4, 6))
    parts = [m.tensor((1, 4, 2), **SAME) for _ in range(3)]
    m.add("SPLIT", [m.constant(2), x], None, options="SplitOptions", numSplits=3, outputs=parts)
    return m.add(
        "CONCATENATION", parts[::-1], (1, 4, 6), options="ConcatenationOptions", axis=2, **SAME
    )


@case("slice")
def _slice(m: Making) -> int:
    return m.add(
        "SLICE",
        [m.input((1, 4, 6)), m.constant([0, 1, 2]), m.constant([1, 2, 4])],
        (1, 2, 4),
        options="SliceOptions",
        **SAME,
    )


@case("strided slice")
def _strided(m: Making) -> int:
    ranges = [m.constant(each) for each in ([0, 1, 5], [0, 4, 0], [1, 2, -2])]
    return m.add(
        "STRIDED_SLICE",
        [m.input((1, 4, 6)), *ranges],
        (2, 3),
        options="StridedSliceOptions",
        shrinkAxisMask=1,
        endMask=4,
        **SAME,
    )


@case("pad before a convolution")
def _pad(m: Making) -> int:
    x = m.input((1, 6, 6, 4))
    widths = m.constant([[0, 0], [1, 2], [0, 1], [0, 0]])
    padded = m.add("PAD", [x, widths], (1, 9, 7, 4), **SAME)
    w, b = m.weights((6, 3, 3, 4), 0.01), m.bias(6, 0.02113 * 0.01)
    return m.add(
        "CONV_2D",
        [padded, w, b],
        (1, 7, 5, 6),
        options="Conv2DOptions",
        padding=1,
        strideH=1,
        strideW=1,
        dilationHFactor=1,
        dilationWFactor=1,
        scale=0.06137,
    )


@case("mirror pad")
def _mirror(m: Making) -> int:
    widths = m.constant([[0, 0], [1, 2], [2, 1], [0, 0]])
    return m.add(
        "MIRROR_PAD",
        [m.input((1, 4, 5, 2), "float32"), widths],
        (1, 7, 8, 2),
        "float32",
        options="MirrorPadOptions",
        mode=0,
    )


@case("pack and unpack")
def _pack(m: Making) -> int:
    one, other = m.input((1, 6)), m.input((1, 6))
    stacked = m.add(
        "PACK", [one, other], (1, 2, 6), options="PackOptions", valuesCount=2, axis=1, **SAME
    )
    parts = [m.tensor((1, 6), **SAME) for _ in range(2)]
    m.add("UNPACK", [stacked], None, options="UnpackOptions", num=2, axis=1, outputs=parts)
    return parts[1]


@case("gather")
def _gather(m: Making) -> int:
    return m.add(
        "GATHER",
        [m.input((1, 6, 3)), m.constant([5, 0, 2])],
        (1, 3, 3),
        options="GatherOptions",
        axis=1,
        **SAME,
    )


@case("quantize and dequantize")
def _quantize(m: Making) -> int:
    x = m.input((1, 4, 6), "float32")
    inner = m.add("QUANTIZE", [x], (1, 4, 6), scale=0.01, zero=4)
    return m.add("DEQUANTIZE", [inner], (1, 4, 6), "float32")


@case("requantize")
def _requantize(m: Making) -> int:
    return m.add("QUANTIZE", [m.input((1, 4, 6))], (1, 4, 6), scale=0.033, zero=11)


def _resize(kind: str, options: str, dtype: str = "int8", **fields: Any) -> Case:
    def make(m: Making) -> int:
        x = m.input((1, 4, 5, 3), dtype)
        return m.add(
            kind, [x, m.constant([7, 10])], (1, 7, 10, 3), dtype, options=options, **SAME, **fields
        )

    return make


_NEAREST = ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions")
CASES["resize nearest"] = _resize(*_NEAREST)
CASES["resize nearest, half pixels"] = _resize(*_NEAREST, halfPixelCenters=True)
CASES["resize nearest, corners aligned"] = _resize(*_NEAREST, alignCorners=True)
_LINEAR = ("RESIZE_BILINEAR", "ResizeBilinearOptions", "float32")
CASES["resize bilinear float"] = _resize(*_LINEAR)
CASES["resize bilinear float, half pixels"] = _resize(*_LINEAR, halfPixelCenters=True)
CASES["resize bilinear float, corners aligned"] = _resize(*_LINEAR, alignCorners=True)


@case("depth to space")
def _depth(m: Making) -> int:
    return m.add(
        "DEPTH_TO_SPACE",
        [m.input((1, 3, 2, 8))],
        (1, 6, 4, 2),
        options="DepthToSpaceOptions",
        blockSize=2,
        **SAME,
    )


@case("space to depth")
def _space(m: Making) -> int:
    return m.add(
        "SPACE_TO_DEPTH",
        [m.input((1, 6, 4, 2))],
        (1, 3, 2, 8),
        options="SpaceToDepthOptions",
        blockSize=2,
        **SAME,
    )


@case("arg max")
def _arg(m: Making) -> int:
    return m.add(
        "ARG_MAX",
        [m.input((3, 9), "float32"), m.constant(1)],
        (3,),
        "int32",
        options="ArgMaxOptions",
        outputType=2,
    )


@case("compared, as numbers")
def _compared(m: Making) -> int:
    flags = m.add(
        "GREATER", [m.input((2, 5), "float32"), m.input((2, 5), "float32")], (2, 5), "bool"
    )
    return m.add(
        "CAST", [flags], (2, 5), "float32", options="CastOptions", inDataType=6, outDataType=0
    )


@case("prelu float")
def _prelu(m: Making) -> int:
    slopes = m.constant(m.random.uniform(0, 1, (1, 1, 3)), "float32")
    return m.add("PRELU", [m.input((1, 4, 5, 3), "float32"), slopes], (1, 4, 5, 3), "float32")


@case("uint8 convolution")
def _unsigned(m: Making) -> int:
    x = m.input((1, 6, 6, 3), "uint8", scale=0.02113, zero=120)
    w = m.constant(m.random.integers(0, 256, (4, 3, 3, 3)), "uint8", scale=0.01, zero=127)
    return m.add(
        "CONV_2D",
        [x, w, m.bias(4, 0.02113 * 0.01)],
        (1, 6, 6, 4),
        "uint8",
        options="Conv2DOptions",
        padding=0,
        strideH=1,
        strideW=1,
        dilationHFactor=1,
        dilationWFactor=1,
        scale=0.06137,
        zero=130,
    )
