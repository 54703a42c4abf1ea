"""Random inputs for a model that comes without data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends import TensorSpec
from pytest_arielml.frontends.tflite import is_tflite
from pytest_arielml.golden import litert
from pytest_arielml.golden.engine import Slot
from pytest_arielml.golden.reference import reference

Range = tuple[float, float]
_DEFAULT: Final[Range] = (-1.0, 1.0)
_NIBBLES: Final = {"int4": (-8, 7), "uint4": (0, 15)}


def random_inputs(model: bytes, *, seed: int, samples: int) -> tuple[NDArray[Any], ...]:
    """Uniform random inputs, the same for the same seed on every machine.

    Integers and booleans cover their whole range. A float input that is
    quantized first covers the range its quantization can hold, so that all of
    it is exercised and little is clamped; other floats cover -1 to 1. A free
    size (a dynamic batch) is 1.

    Args:
        model: the bytes of an .onnx or .tflite file.
        seed: of the generator (PCG64), at least 0.
        samples: how many, at least 1.

    Returns:
        One array an input, each [samples, *shape].

    Raises:
        ModelError: the model's runtime does not take it.
        UsageError: `seed` or `samples` is out of range.
    """
    return random_arrays(
        reference(model).inputs, seed=seed, samples=samples, ranges=input_ranges(model)
    )


def random_arrays(
    specs: Sequence[TensorSpec | Slot],
    *,
    seed: int,
    samples: int,
    ranges: Mapping[str, Range] | None = None,
) -> tuple[NDArray[Any], ...]:
    """As `random_inputs`, for inputs that are known by their specs.

    Args:
        specs: names, dtypes and shapes; a free size is 1.
        seed: of the generator (PCG64), at least 0.
        samples: how many, at least 1.
        ranges: of float inputs by name, where they are not -1 to 1.

    Raises: ModelError for a dtype without random values; UsageError when
    `seed` or `samples` is out of range.
    """
    if samples < 1 or seed < 0:
        raise UsageError(
            "random inputs need at least one sample and a seed from 0 on",
            found=f"{samples} samples, seed {seed}",
            advice="such as --samples 16 --seed 0",
        )
    rng = np.random.default_rng(seed)
    extents = ranges or {}
    return tuple(_random(spec, extents.get(spec.name, _DEFAULT), samples, rng) for spec in specs)


def _random(
    slot: TensorSpec | Slot, extent: Range, samples: int, rng: np.random.Generator
) -> NDArray[Any]:
    shape = (samples, *(size if isinstance(size, int) else 1 for size in slot.shape))
    kind = slot.dtype.kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(np.bool_)
    if slot.dtype.name in _NIBBLES:
        return rng.integers(*_NIBBLES[slot.dtype.name], shape, endpoint=True).astype(slot.dtype)
    if kind in "iu":
        bounds = np.iinfo(slot.dtype)
        return rng.integers(bounds.min, bounds.max, shape, dtype=slot.dtype, endpoint=True)
    if kind == "f" or slot.dtype.name == "bfloat16":
        return rng.uniform(*extent, shape).astype(slot.dtype)
    raise ModelError(
        f"no random values for input {slot}", advice="pass inputs of your own: --input F.npy"
    )


def input_ranges(content: bytes) -> dict[str, Range]:
    """For each input that goes into QuantizeLinear: the values its integers stand for.

    Args:
        content: the bytes of an .onnx or .tflite file.
    """
    if is_tflite(content):
        return litert.ranges(content)
    model = onnx.load_from_string(content)
    constants = {each.name: each for each in model.graph.initializer}
    ranges = {}
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear" or len(node.input) < 3:
            continue
        name, scale, zero = node.input[:3]
        if scale in constants and zero in constants:
            zero_point = numpy_helper.to_array(constants[zero])
            if zero_point.size != 1 or zero_point.dtype.kind not in "iu":
                continue
            step, origin = float(numpy_helper.to_array(constants[scale]).item()), zero_point.item()
            bounds = np.iinfo(zero_point.dtype)
            ranges[name] = ((bounds.min - origin) * step, (bounds.max - origin) * step)
    return ranges
