"""Operators that compute on each element, or reorder elements in place."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import onnx

from pytest_arielml.frontends.passes.operators.build import Rewrite

# Of the approximation by tanh: https://onnx.ai/onnx/operators/onnx__Gelu.html
_CUBE: Final = 0.044715

# The wider type, of those that IREE casts to.
_WIDER: Final = {
    onnx.TensorProto.INT8: onnx.TensorProto.INT32,
    onnx.TensorProto.UINT8: onnx.TensorProto.INT32,
    onnx.TensorProto.INT32: onnx.TensorProto.INT64,
    onnx.TensorProto.UINT32: onnx.TensorProto.INT64,
}


def bitcast(rewrite: Rewrite) -> bool:
    """`BitCast` between integers of 8 or of 32 bits: the same number, modulo 256 or 2**32."""
    given, to = rewrite.facts.dtype(rewrite.input(0)), rewrite.options["to"]
    if given is None or to not in _WIDER or given.kind not in "biu":
        return False
    if given.kind == "b":
        rewrite.add("Cast", rewrite.input(0), output=rewrite.result, to=to)
        return True
    wider = onnx.helper.tensor_dtype_to_np_dtype(_WIDER[to])
    full = 1 << 8 * given.itemsize
    lowest = np.iinfo(onnx.helper.tensor_dtype_to_np_dtype(to)).min
    value = rewrite.add("Cast", rewrite.input(0), to=_WIDER[to])
    # From `lowest` on; not a cast alone, which IREE drops where only the sign changes.
    value = rewrite.add("Sub", value, rewrite.constant(lowest, wider))
    value = rewrite.add("Mod", value, rewrite.constant(full, wider))
    value = rewrite.add("Add", value, rewrite.constant(lowest, wider))
    rewrite.add("Cast", value, output=rewrite.result, to=to)
    return True


def gelu(rewrite: Rewrite) -> bool:
    """`Gelu` by tanh, as x * sigmoid(2u).

    0.5 * (1 + tanh(u)) is sigmoid(2u); where tanh is near -1 the sum cancels,
    and what is left of IREE's approximation of tanh is off by a thousandth.
    """
    dtype = rewrite.facts.dtype(rewrite.input(0))
    if rewrite.text("approximate", "none") != "tanh" or dtype is None:
        return False
    x = rewrite.input(0)
    scale = 2 * math.sqrt(2 / math.pi)
    # 2u = scale * x * (1 + _CUBE * x * x)
    square = rewrite.add("Mul", x, x)
    bent = rewrite.add("Mul", square, rewrite.constant(scale * _CUBE, dtype))
    slope = rewrite.add("Add", bent, rewrite.constant(scale, dtype))
    share = rewrite.add("Sigmoid", rewrite.add("Mul", x, slope))
    rewrite.add("Mul", x, share, output=rewrite.result)
    return True


def normalize(rewrite: Rewrite) -> bool:
    """`LpNormalization`: where the norm is zero so are the values, and IREE divides them."""
    dtype = rewrite.facts.dtype(rewrite.input(0))
    if dtype is None:
        return False
    x = rewrite.input(0)
    axes = rewrite.constant([rewrite.options.get("axis", -1)])
    if rewrite.options.get("p", 2) == 1:
        norm = rewrite.add("ReduceSum", rewrite.add("Abs", x), axes, keepdims=1)
    else:
        squares = rewrite.add("ReduceSum", rewrite.add("Mul", x, x), axes, keepdims=1)
        norm = rewrite.add("Sqrt", squares)
    zero = rewrite.add("Equal", norm, rewrite.constant(0, dtype))
    divisor = rewrite.add("Where", zero, rewrite.constant(1, dtype), norm)
    rewrite.add("Div", x, divisor, output=rewrite.result)
    return True


def rearrange_depth(rewrite: Rewrite) -> bool:
    """`SpaceToDepth` with the channels first, a mode that IREE does not look at."""
    shape = rewrite.shape(0)
    if rewrite.text("mode", "DCR") != "CRD" or shape is None:
        return False
    batch, channels, height, width = shape
    block = rewrite.options["blocksize"]
    rows, columns = height // block, width // block
    split = rewrite.reshape(rewrite.input(0), [batch, channels, rows, block, columns, block])
    moved = rewrite.add("Transpose", split, perm=[0, 1, 3, 5, 2, 4])
    rewrite.reshape(moved, [batch, channels * block * block, rows, columns], rewrite.result)
    return True


def binarize(rewrite: Rewrite) -> bool:
    """`Binarizer`: 1 above the threshold, else 0."""
    known = rewrite.facts.type(rewrite.input(0))
    dtype = rewrite.facts.dtype(rewrite.input(0))
    if known is None or dtype is None:
        return False
    threshold = rewrite.constant(np.float32(rewrite.options.get("threshold", 0.0)), dtype)
    above = rewrite.add("Greater", rewrite.input(0), threshold)
    rewrite.add("Cast", above, output=rewrite.result, to=known.element)
    return True
