"""LiteRT, which was called TensorFlow Lite: the reference for `.tflite` models.

It has three answers. Its interpreter as it comes hands most operators to
XNNPACK, which requantizes by one float product; its own kernels round twice,
and those that it calls its reference round once more differently. The reference
is the interpreter as it comes, as everybody runs it.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.errors import InputError, ModelError, Unavailable
from pytest_arielml.frontends.tflite import Graph, Tensor, check_sizes, read
from pytest_arielml.golden.engine import Engine, Slot

Array = NDArray[Any]

_PACKAGE: Final = "ai-edge-litert"
_WHERE: Final = "the .tflite file"
_MOVES: Final = frozenset({"EXPAND_DIMS", "RESHAPE", "SQUEEZE", "TRANSPOSE"})


class LiteRT(Engine):
    """One `.tflite` model in LiteRT's interpreter; a free batch is 1."""

    name = "LiteRT"
    session: Mapping[str, str] = {"num_threads": "1", "delegates": "default"}

    def __init__(self, model: bytes) -> None:
        """Reads the file and makes room for its tensors.

        Raises: Unavailable without ai-edge-litert; ModelError for a file that
        is damaged, or that LiteRT does not take.
        """
        self.digest = hashlib.sha256(model).hexdigest()
        # It trusts the file; what reads it before does not.
        graph = read(model, _WHERE)
        check_sizes(graph, _WHERE)
        self.inputs = _slots(graph, graph.inputs, graph.input_names)
        self.outputs = _slots(graph, graph.outputs, graph.output_names)
        self.version = metadata.version(_PACKAGE)
        self._numbers = graph.inputs, graph.outputs
        try:
            self._interpreter = _interpreter()(model_content=model, num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                "LiteRT does not take the model",
                found=str(error).strip().splitlines()[0][:300],
                advice="the reference is LiteRT's answer; check the model with it alone",
            ) from None

    def _call(self, arrays: Sequence[Array]) -> Sequence[Array]:
        inputs, outputs = self._numbers
        try:
            # What the model keeps between calls has its initial values at each.
            self._interpreter.reset_all_variables()
            for number, array in zip(inputs, arrays, strict=True):
                self._interpreter.set_tensor(number, array)
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            found = str(error).strip().splitlines()[0][:300]
            raise InputError(
                "LiteRT refused the call",
                found=found,
                advice="check that the model takes these values, in LiteRT alone",
            ) from error
        # A copy: the tensor itself lies in the interpreter's memory.
        return [np.array(self._interpreter.get_tensor(number)) for number in outputs]


def steps(content: bytes) -> list[tuple[str, float | None]]:
    """Name and quantization step of each output; None when it has none."""
    graph = read(content, _WHERE)
    makers = {number: each for each in graph.operators for number in each.outputs}
    found: list[tuple[str, float | None]] = []
    for number, name in zip(graph.outputs, graph.output_names, strict=True):
        at, maker = number, makers.get(number)
        while maker is not None and maker.kind in _MOVES:
            at = maker.inputs[0]
            maker = makers.get(at)
        source = graph.tensors[maker.inputs[0]] if maker and maker.kind == "DEQUANTIZE" else None
        dtype = graph.tensors[number].dtype
        if dtype is not None and dtype.kind in "iub":
            found.append((name, 1.0))
        else:
            found.append((name, _step(source)))
    return found


def ranges(content: bytes) -> dict[str, tuple[float, float]]:
    """Of inputs that are quantized first, by name: what their integers stand for."""
    graph = read(content, _WHERE)
    names = dict(zip(graph.inputs, graph.input_names, strict=True))
    found = {}
    for operator in graph.operators:
        if operator.kind != "QUANTIZE" or operator.inputs[0] not in names:
            continue
        result = graph.tensors[operator.outputs[0]]
        step = _step(result)
        if step is not None and result.dtype is not None and result.zero_point is not None:
            bounds, zero = np.iinfo(result.dtype), int(result.zero_point)
            extent = (bounds.min - zero) * step, (bounds.max - zero) * step
            found[names[operator.inputs[0]]] = extent
    return found


def _step(tensor: Tensor | None) -> float | None:
    known = tensor is not None and tensor.scale is not None and tensor.scale.ndim == 0
    return float(tensor.scale) if known and tensor is not None else None  # type: ignore[arg-type]


def _slots(graph: Graph, numbers: Sequence[int], names: Sequence[str]) -> tuple[Slot, ...]:
    slots = []
    for number, name in zip(numbers, names, strict=True):
        tensor = graph.tensors[number]
        if tensor.dtype is None:
            raise ModelError(
                f"{name!r} has an element type that is not supported",
                expected="integers, floats or booleans",
                found=tensor.kind,
                advice="convert the model with integers, floats or booleans as inputs and outputs",
            )
        slots.append(Slot(name, tensor.dtype, tensor.shape))
    return tuple(slots)


def _interpreter() -> Any:
    try:
        return importlib.import_module("ai_edge_litert.interpreter").Interpreter
    except ImportError as error:
        raise Unavailable(
            "the reference for .tflite models is not installed",
            expected=_PACKAGE,
            found=str(error),
            advice="pip install 'pytest-arielml[tflite]', or give the expected arrays yourself",
        ) from None
