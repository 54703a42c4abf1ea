"""Each operator of TensorFlow Lite, in ONNX.

A rule makes the nodes of one operator. What none makes goes the way of the
converter to TOSA.
https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pytest_arielml.frontends.tflite.convert import Converter
from pytest_arielml.frontends.tflite.operators import moves, pointwise, products, windows
from pytest_arielml.frontends.tflite.read import Operator

#: Makes the nodes of one operator; raises Unsupported.
Rule = Callable[[Converter, Operator], None]

RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(pointwise.SAME, pointwise.same),
    **dict.fromkeys(pointwise.BINARY, pointwise.binary),
    **dict.fromkeys(pointwise.COMPARED, pointwise.compare),
    **dict.fromkeys(pointwise.REDUCED, pointwise.reduce),
    **dict.fromkeys(moves.RESHAPES, moves.reshape),
    "ARG_MAX": pointwise.arg,
    "ARG_MIN": pointwise.arg,
    "AVERAGE_POOL_2D": windows.pool,
    "BROADCAST_TO": moves.tile,
    "CAST": moves.cast,
    "CONCATENATION": moves.join,
    "CONV_2D": products.convolve,
    "DEPTHWISE_CONV_2D": products.convolve_depthwise,
    "DEPTH_TO_SPACE": windows.shuffle,
    "DEQUANTIZE": pointwise.requantize,
    "FULLY_CONNECTED": products.multiply,
    "GATHER": moves.gather,
    "LEAKY_RELU": pointwise.leak,
    "LOG_SOFTMAX": pointwise.softmax,
    "MAX_POOL_2D": windows.pool,
    "NOT_EQUAL": pointwise.compare,
    "PACK": moves.stack,
    "PAD": moves.pad,
    "PADV2": moves.pad,
    "PRELU": pointwise.prelu,
    "QUANTIZE": pointwise.requantize,
    "RELU6": pointwise.bound,
    "RELU_0_TO_1": pointwise.bound,
    "RELU_N1_TO_1": pointwise.bound,
    "RESIZE_BILINEAR": windows.resize,
    "RESIZE_NEAREST_NEIGHBOR": windows.resize,
    "RSQRT": pointwise.square,
    "SHAPE": moves.shape,
    "SLICE": moves.slice_,
    "SOFTMAX": pointwise.softmax,
    "SPACE_TO_DEPTH": windows.shuffle,
    "SPLIT": moves.split,
    "SPLIT_V": moves.split,
    "SQUARE": pointwise.square,
    "SQUARED_DIFFERENCE": pointwise.binary,
    "STRIDED_SLICE": moves.slice_strided,
    "TILE": moves.tile,
    "TRANSPOSE": moves.transpose,
    "TRANSPOSE_CONV": products.convolve_transposed,
    "UNPACK": moves.unstack,
}
