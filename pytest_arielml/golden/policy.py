"""How far an output may be from its reference, by data type.

Integers are exact: a quantized network is integer arithmetic, and two right
implementations of it agree. Floats are compared by units in the last place and
by relative error, because the order of a sum is free. Where a network is
quantized and its output is not, a *step* (the output's quantization scale) is
the unit that says something: "off by one step" is a rounding, "off by seven"
is a defect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends.tflite import is_tflite
from pytest_arielml.golden import litert

#: Distance of two float values, in steps, that is rounding of float32 itself.
STEP_SLACK: Final = 0.01


@dataclass(frozen=True)
class Tolerance:
    """One value agrees with its reference when any of these bounds holds.

    Attributes:
        rtol: bound on `|actual - expected|` as a share of `|expected|`.
        atol: bound on `|actual - expected|`, added to the former.
        peak_rtol: the same, as a share of the largest `|expected|` in the tensor:
            below it a value is the rounding noise of its larger neighbours.
        ulp: bound on the distance in representable values of the data type.
        steps: bound on the distance in quantization steps of size `step`.
        step: what one quantization step is in the output's own unit; None when unknown.
    """

    rtol: float = 0.0
    atol: float = 0.0
    peak_rtol: float = 0.0
    ulp: int = 0
    steps: float = 0.0
    step: float | None = None


# Relative bounds are 10 roundings of a 16-bit type (2**-11 and 2**-8 of a
# value), and 100 and more of the others; 4 ULP covers what is small enough for
# a relative bound to be below one representable value.
_FLOATS: Final[Mapping[str, Tolerance]] = {
    "float16": Tolerance(rtol=5e-3, peak_rtol=1e-3, ulp=4),
    "bfloat16": Tolerance(rtol=4e-2, peak_rtol=1e-2, ulp=4),
    "float32": Tolerance(rtol=1e-5, peak_rtol=1e-6, ulp=4),
    "float64": Tolerance(rtol=1e-12, peak_rtol=1e-13, ulp=4),
}


def is_integer(dtype: np.dtype[Any]) -> bool:
    """True for integers, those of 4 bits among them, and booleans."""
    return dtype.kind in "iub" or dtype.name in ("int4", "uint4")


def is_float(dtype: np.dtype[Any]) -> bool:
    """True for the float types that are compared here, bfloat16 among them."""
    return dtype.name in _FLOATS


def tolerance(
    dtype: np.dtype[Any],
    *,
    rtol: float | None = None,
    atol: float | None = None,
    steps: float | None = None,
    step: float | None = None,
) -> Tolerance:
    """The bounds for outputs of `dtype`: the caller's, or this policy's when none is given.

    Args:
        dtype: the reference's data type.
        rtol: relative bound; with it the policy's own bounds no longer hold.
        atol: absolute bound; likewise.
        steps: bound in quantization steps; likewise.
        step: size of one step, see `output_policies`; integers have steps of 1.

    Raises:
        UsageError: a bound is negative or not a number, `steps` is asked for an
            output whose step is unknown, or the data type is not comparable.
    """
    if not (is_integer(dtype) or is_float(dtype)):
        raise UsageError(
            "outputs of this data type cannot be compared",
            expected="integers, booleans or " + ", ".join(_FLOATS),
            found=str(dtype),
            advice="compare them in the test with numpy: result.outputs are arrays",
        )
    for name, value in (("rtol", rtol), ("atol", atol), ("steps", steps)):
        if value is not None and not (value >= 0 and np.isfinite(value)):
            raise UsageError(
                f"{name} is not a tolerance",
                expected="a number from 0 on",
                found=repr(value),
                advice="give a finite number, or leave it out for the bound of the dtype",
            )
    if is_integer(dtype):
        step = 1.0
    elif steps is not None and step is None:
        raise UsageError(
            "steps is given for an output whose quantization step is unknown",
            expected="an integer output, or a float output of DequantizeLinear",
            found=f"a {dtype} output without one",
            advice="use rtol= and atol= for this output",
        )
    if rtol is None and atol is None and steps is None:
        base = _FLOATS.get(dtype.name, Tolerance())
        return Tolerance(base.rtol, base.atol, base.peak_rtol, base.ulp, 0.0, step)
    return Tolerance(rtol=rtol or 0.0, atol=atol or 0.0, steps=steps or 0.0, step=step)


@dataclass(frozen=True)
class OutputPolicy:
    """What is known of an output beside its data type.

    Attributes:
        name: its name in the model.
        step: its quantization step in its own unit; None when it has none.
    """

    name: str
    step: float | None


def output_policies(model: bytes | onnx.ModelProto) -> tuple[OutputPolicy, ...]:
    """Name and quantization step of each output of an ONNX model, or of a `.tflite`.

    An integer output has steps of 1. A float output that comes from
    DequantizeLinear (`DEQUANTIZE`; through nodes that only move values) has that node's
    scale; with a scale per channel, the smallest, which is the strictest.

    Raises:
        ModelError: `model` is not an ONNX file.
    """
    if isinstance(model, bytes):
        if is_tflite(model):
            return tuple(OutputPolicy(name, step) for name, step in litert.steps(model))
        try:
            model = onnx.load_from_string(model)
        except Exception as error:  # protobuf's DecodeError, a class that onnx does not name
            raise ModelError(
                "the model is not an ONNX file",
                found=str(error),
                advice="export the model again, or check the copy",
            ) from None
    graph = model.graph
    producers = {name: node for node in graph.node for name in node.output}
    constants = {item.name: item for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    constants[node.output[0]] = attribute.t
    return tuple(
        OutputPolicy(output.name, _step(output, producers, constants)) for output in graph.output
    )


_MOVES: Final = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})


def _step(
    output: onnx.ValueInfoProto,
    producers: Mapping[str, onnx.NodeProto],
    constants: Mapping[str, onnx.TensorProto],
) -> float | None:
    element = output.type.tensor_type.elem_type
    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(element))
    except (KeyError, TypeError):
        return None
    if is_integer(dtype):
        return 1.0
    node = producers.get(output.name)
    while node is not None and node.op_type in _MOVES:
        node = producers.get(node.input[0])
    if node is None or node.op_type != "DequantizeLinear" or node.input[1] not in constants:
        return None
    scale = numpy_helper.to_array(constants[node.input[1]])
    return float(np.min(scale))
