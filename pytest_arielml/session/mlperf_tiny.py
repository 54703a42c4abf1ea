"""Images that answer the MLPerf Tiny runner: what the device must know of its model."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

from pytest_arielml.compiler import Cache, CompiledModel
from pytest_arielml.errors import UsageError
from pytest_arielml.firmware import Image, link_mlperf_tiny
from pytest_arielml.frontends import Function, Model, TensorSpec
from pytest_arielml.frontends.model import shape_text
from pytest_arielml.frontends.tflite import Graph, Tensor, is_tflite, read
from pytest_arielml.session.target import Target
from pytest_arielml.wire.elements import element_type

# firmware/mlperf/src/description.rs reads it.
_LAYOUT: Final = 1
_TENSOR, _UNSIGNED, _FLOATS = range(3)
_KINDS: Final = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32")
_POLICIES: Final = {"greedy": 0, "round-robin": 1, "sequential": 0}

#: Bytes of a name: the runner wants it on one line.
_LONGEST_NAME: Final = 64


@dataclass(frozen=True)
class Benchmark:
    """A model of the MLPerf Tiny suite: what its data set has for one input.

    `elements` are of `dtype`; of an autoencoder the result is how far its output is
    from its input.
    """

    elements: int
    dtype: str
    autoencoder: bool = False


#: By the names that the runner takes tests and data by.
BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "ad01": Benchmark(640, "float32", autoencoder=True),
    "ic01": Benchmark(32 * 32 * 3, "uint8"),
    "kws01": Benchmark(49 * 10, "int8"),
    "vww01": Benchmark(96 * 96 * 3, "uint8"),
}


@dataclass(frozen=True)
class Quantization:
    """What integers stand for: `scale` times their distance from `zero_point`."""

    scale: float = 1.0
    zero_point: int = 0


def link_for_runner(
    model: Model,
    compiled: CompiledModel,
    target: Target,
    *,
    benchmark: str,
    name: str,
    scheduler: str = "greedy",
    function: str | None = None,
    cache: Cache | None = None,
) -> Image:
    """Links the image of a model that answers the MLPerf Tiny runner.

    Args:
        model: what it runs.
        compiled: the same, compiled for the target.
        target: for its board and number of cores.
        benchmark: what it tells the runner that the model is: one of `BENCHMARKS`, whose
            data it takes then; or another name, and it takes the input tensor as it
            lies in memory.
        name: what it calls itself.
        scheduler: how work items go onto cores.
        function: which one it runs; may be left out as in `Deployment.run`.
        cache: where the result is kept (default: the user's cache).

    Raises: UsageError for a model with several inputs or free sizes, or one that the
    benchmark's data do not fit; DoesNotFit; InputError without such a function.
    """
    called = model.signature.find(function, model.name)
    shape = _input(model, called)
    kind = _output(model, called)
    known = BENCHMARKS.get(benchmark)
    taken, given = quantizations(model)
    workers = 1 if scheduler == "sequential" else target.cores
    encoding, data = _TENSOR, shape.nbytes
    if known is not None:
        encoding = _encoding(model, benchmark, known, shape, taken)
        data = known.elements * np.dtype(known.dtype).itemsize
    autoencoder = known is not None and known.autoencoder
    if autoencoder and _count(called.outputs[0]) != _count(shape):
        raise _mismatch(model, benchmark, "an output like its input", called.outputs[0])
    sizes = [int(size) for size in shape.shape if isinstance(size, int)]
    description = b"".join(
        (
            struct.pack("<4I", _LAYOUT, workers, _POLICIES[scheduler], data),
            struct.pack("<I", encoding),
            *(struct.pack("<fi", each.scale, each.zero_point) for each in (taken, given)),
            struct.pack("<3I", kind, autoencoder, element_type(shape.dtype)),
            struct.pack(f"<I{len(sizes)}I", len(sizes), *sizes),
            _text(_shown(name, "a name")),
            _text(_shown(benchmark, "a model's name")),
            _text(called.entry),
        )
    )
    return link_mlperf_tiny(compiled, target.board, description, data=data, cache=cache)


def _input(model: Model, function: Function) -> TensorSpec:
    if len(function.inputs) != 1:
        raise UsageError(
            "the MLPerf Tiny runner sends one input",
            where=model.name,
            expected="a model with one input",
            found=f"{len(function.inputs)}: {', '.join(map(str, function.inputs)) or 'none'}",
            advice="name a function that has one, or run the model by arielml's own wire",
        )
    (found,) = function.inputs
    if not found.is_static:
        raise UsageError(
            "the MLPerf Tiny runner sends no sizes",
            where=model.name,
            expected="an input of known sizes",
            found=str(found),
            advice="say them with --dim",
        )
    return found


def _output(model: Model, function: Function) -> int:
    found = function.outputs[0] if function.outputs else None
    if found is None or not found.is_static or found.dtype.name not in _KINDS:
        raise UsageError(
            "the MLPerf Tiny runner cannot be told the model's output",
            where=model.name,
            expected=f"known sizes, and one of: {', '.join(_KINDS)}",
            found=str(found) if found else "no output",
            advice="export the model with such an output, and known sizes",
        )
    return _KINDS.index(found.dtype.name)


def _encoding(
    model: Model, name: str, known: Benchmark, found: TensorSpec, quantization: Quantization | None
) -> int:
    """How the data become the input."""
    ways = {
        (known.dtype, known.dtype): _TENSOR,
        ("uint8", "int8"): _UNSIGNED,
        ("float32", "int8"): _FLOATS,
    }
    way = ways.get((known.dtype, found.dtype.name))
    if _count(found) != known.elements or way is None:
        possible = [to for of, to in ways if of == known.dtype]
        expected = f"an input of {known.elements:,} elements of {' or '.join(possible)}"
        raise _mismatch(model, name, expected, found)
    if way == _FLOATS and quantization == Quantization():
        raise _mismatch(model, name, "an input that says what its integers stand for", found)
    return way


def _count(spec: TensorSpec) -> int:
    return spec.nbytes // spec.dtype.itemsize


def _mismatch(model: Model, name: str, expected: str, found: TensorSpec) -> UsageError:
    return UsageError(
        f"the data of MLPerf Tiny's {name} are not for this model",
        where=model.name,
        expected=expected,
        found=f"{found.dtype} {shape_text(found.shape)}",
        advice=f"give a name of its own instead of {name}: then the tensor is sent as it is",
    )


def _shown(text: str, what: str) -> str:
    printable = text.isascii() and text.isprintable() and "]" not in text
    if not printable or not 0 < len(text) <= _LONGEST_NAME:
        raise UsageError(
            f"{text!r} cannot be {what} on the wire of MLPerf Tiny",
            expected=f"1 to {_LONGEST_NAME} printable characters of ASCII, without ']'",
            advice="choose another",
        )
    return text


def _text(text: str) -> bytes:
    content = text.encode()
    return struct.pack("<I", len(content)) + content


def quantizations(model: Model) -> tuple[Quantization, Quantization]:
    """What the integers of the first input and of the first output stand for.

    Where the model does not say, for themselves.
    """
    if is_tflite(model.original):
        graph = read(model.original, model.name)
        return _of_tensor(graph, graph.inputs), _of_tensor(graph, graph.outputs)
    if model.format != "onnx":
        return Quantization(), Quantization()
    proto = onnx.load_model_from_string(model.original)
    given, wanted = proto.graph.input, proto.graph.output
    constants = {item.name: item for item in proto.graph.initializer}
    names = [item.name for item in given if item.name not in constants]
    readers = (each for each in proto.graph.node if each.input and each.input[0] in names[:1])
    makers = (each for each in proto.graph.node if wanted[0].name in each.output)
    return (
        _of_node(readers, "DequantizeLinear", constants),
        _of_node(makers, "QuantizeLinear", constants),
    )


def _of_tensor(graph: Graph, numbers: tuple[int, ...]) -> Quantization:
    tensor: Tensor = graph.tensors[numbers[0]]
    if tensor.scale is None or tensor.zero_point is None or tensor.per_channel:
        return Quantization()
    return Quantization(float(tensor.scale), int(tensor.zero_point))


def _of_node(nodes: Any, kind: str, constants: Mapping[str, onnx.TensorProto]) -> Quantization:
    for node in nodes:
        values = [numpy_helper.to_array(constants[at]) for at in node.input[1:] if at in constants]
        if node.op_type == kind and values and all(value.size == 1 for value in values):
            zero = int(values[1].item()) if len(values) > 1 else 0
            return Quantization(float(values[0].item()), zero)
    return Quantization()
