"""A `.tflite` file as plain data: tensors, operators, and the names of its signature."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.errors import ModelError, Unavailable

Array = NDArray[Any]

#: The file's mark, at its bytes 4 to 8.
_MARK: Final = b"TFL3"
#: What operators that the schema does not know are called, before their own name.
CUSTOM: Final = "CUSTOM"
#: Names of element types, as far as numpy has them.
_DTYPES: Final = {
    "BOOL": "bool",
    "FLOAT16": "float16",
    "FLOAT32": "float32",
    "FLOAT64": "float64",
    # Two to a byte in the file, one to a byte here.
    "INT4": "int8",
    **{f"{sign}INT{bits}": f"{sign}int{bits}".lower() for sign in ("", "U") for bits in (8, 16)},
    **{f"{sign}INT{bits}": f"{sign}int{bits}".lower() for sign in ("", "U") for bits in (32, 64)},
}


@dataclass(frozen=True)
class Tensor:
    """One tensor.

    Attributes:
        name: as the file has it.
        kind: the schema's name of its element type, such as `INT8`.
        dtype: numpy's; None where numpy has none.
        shape: with the sizes that the file was converted with: 1 for a free batch.
        signature: the same with None for sizes that are free.
        scale: float32 [] or [channels]; None when it is not quantized.
        zero_point: int64, of the same shape.
        axis: of the channels.
        constant: its value; None when it is computed.
        odd: why it is none of the tensors that are understood; "" when it is one.
    """

    name: str
    kind: str
    dtype: np.dtype[Any] | None
    shape: tuple[int, ...]
    signature: tuple[int | None, ...]
    scale: Array | None = None
    zero_point: Array | None = None
    axis: int = 0
    constant: Array | None = field(default=None, repr=False)
    odd: str = ""

    @property
    def quantized(self) -> bool:
        """Whether its integers stand for reals."""
        return self.scale is not None

    @property
    def per_channel(self) -> bool:
        """Whether each channel has a scale of its own."""
        return self.scale is not None and self.scale.ndim > 0

    def same_quantization(self, other: Tensor) -> bool:
        """Whether the integers of both stand for the same reals, or those of neither for any."""
        if self.scale is None or other.scale is None:
            return self.scale is other.scale
        assert self.zero_point is not None
        assert other.zero_point is not None
        return bool(
            self.dtype == other.dtype
            and np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero_point, other.zero_point)
        )


@dataclass(frozen=True)
class Operator:
    """One operator: its name in the schema, tensors by number (-1: left out), and options."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any


@dataclass(frozen=True)
class Graph:
    """What LiteRT runs when nothing else is asked for: the first subgraph.

    `inputs` and `outputs` are numbers of tensors, `input_names` and
    `output_names` what the signature calls them, or else the tensors' names.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]


def is_tflite(content: bytes) -> bool:
    """Whether the bytes are those of a `.tflite` file, by its mark."""
    return content[4:8] == _MARK


def read(content: bytes, where: str) -> Graph:
    """The first subgraph of a `.tflite` file; the same bytes give the same one.

    Raises: Unavailable without ai-edge-litert, whose schema reads the file;
    ModelError for a file that is damaged or something else.
    """
    return _read(content, where)


@lru_cache(maxsize=8)
def _read(content: bytes, where: str) -> Graph:
    if not is_tflite(content):
        raise _damaged(where, _found(content))
    known = schema(where)
    try:
        model = known.ModelT.InitFromPackedBuf(content, 0)
        graph = _graph(model, known)
        _check(graph)
    # Whatever the reader stumbles over: it trusts every offset in the file.
    except Exception as error:
        raise _damaged(where, f"{type(error).__name__}: {error}"[:200]) from None
    return graph


def schema(where: str) -> Any:
    """LiteRT's classes for what is in a file. Raises: Unavailable without ai-edge-litert."""
    try:
        return importlib.import_module("ai_edge_litert.schema_py_generated")
    except ImportError as error:
        raise Unavailable(
            "what .tflite files need is not installed",
            where=where,
            expected="ai-edge-litert",
            found=str(error),
            advice="pip install 'pytest-arielml[tflite]'",
        ) from None


def _found(content: bytes) -> str:
    if not content:
        return "an empty file"
    if content.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer in place of the file (git lfs pull fetches it)"
    return f"{len(content):,} bytes without the mark TFL3"


def _damaged(where: str, found: str) -> ModelError:
    return ModelError(
        "this is not a .tflite file, or a part of one",
        where=where,
        expected="a TensorFlow Lite model (FlatBuffer with the mark TFL3)",
        found=found,
        advice="convert the model again, or check the copy",
    )


def _graph(model: Any, known: Any) -> Graph:
    kinds = _names(known.BuiltinOperator)
    types = _names(known.TensorType)
    codes = [_code(each, kinds) for each in model.operatorCodes or ()]
    subgraph = model.subgraphs[0]
    tensors = tuple(_tensor(each, model.buffers, types) for each in subgraph.tensors)
    operators = tuple(
        Operator(
            codes[each.opcodeIndex],
            _numbers(each.inputs),
            _numbers(each.outputs),
            each.builtinOptions or each.builtinOptions2,
        )
        for each in subgraph.operators or ()
    )
    inputs, outputs = _numbers(subgraph.inputs), _numbers(subgraph.outputs)
    signatures = [each for each in model.signatureDefs or () if each.subgraphIndex == 0]
    named = signatures[0] if signatures else None
    return Graph(
        tensors,
        operators,
        inputs,
        outputs,
        _called(inputs, tensors, named.inputs if named else None),
        _called(outputs, tensors, named.outputs if named else None),
    )


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _code(code: Any, kinds: dict[int, str]) -> str:
    # Numbers up to 127 are in the old field, for old readers.
    kind = kinds.get(max(code.builtinCode, code.deprecatedBuiltinCode), "UNKNOWN")
    if kind == CUSTOM:
        return f"{CUSTOM} {_text(code.customCode)}"
    return kind


def _tensor(tensor: Any, buffers: Any, types: dict[int, str]) -> Tensor:
    kind = types.get(tensor.type, "UNKNOWN")
    known = _DTYPES.get(kind)
    dtype = None if known is None else np.dtype(known)
    shape = _numbers(tensor.shape)
    free = _numbers(tensor.shapeSignature) or shape
    if len(free) != len(shape) or min(shape, default=0) < 0:
        raise ValueError(f"tensor {_text(tensor.name)!r} has no shape")
    odd = "" if dtype is not None else f"{kind} elements"
    if tensor.isVariable:
        odd = "a variable that is kept between calls"
    if tensor.sparsity is not None:
        odd = "sparse weights"
    scale = zero = None
    axis = 0
    quantization = tensor.quantization
    if quantization is not None and quantization.scale is not None and len(quantization.scale):
        scale = np.asarray(quantization.scale, np.float32)
        zeros = quantization.zeroPoint
        zero = np.zeros(scale.shape, np.int64) if zeros is None else np.asarray(zeros, np.int64)
        zero = np.broadcast_to(zero, scale.shape)
        axis = int(quantization.quantizedDimension)
        if scale.size == 1:
            scale, zero = scale.reshape(()), zero.reshape(())
        if quantization.details is not None:
            odd = "quantization in blocks, or of one's own"
    return Tensor(
        name=_text(tensor.name),
        kind=kind,
        dtype=dtype,
        shape=shape,
        signature=tuple(None if size < 0 else size for size in free),
        scale=scale,
        zero_point=zero,
        axis=axis,
        constant=None if odd else _constant(buffers[tensor.buffer], kind, dtype, shape),
        odd=odd,
    )


def _constant(
    buffer: Any, kind: str, dtype: np.dtype[Any] | None, shape: tuple[int, ...]
) -> Array | None:
    if buffer.data is None or len(buffer.data) == 0 or dtype is None:
        return None
    data = np.ascontiguousarray(buffer.data, np.uint8)
    if kind == "INT4":
        # The lower half first; shifted to the top and back, its sign fills the rest.
        halves = np.stack([data << 4, data & 0xF0], axis=-1).view(np.int8) >> 4
        count = int(np.prod(shape))
        return halves.reshape(-1)[:count].reshape(shape)
    return data.view(dtype.newbyteorder("<")).astype(dtype).reshape(shape)


def _called(numbers: tuple[int, ...], tensors: tuple[Tensor, ...], named: Any) -> tuple[str, ...]:
    known = {int(each.tensorIndex): _text(each.name) for each in named or ()}
    names: list[str] = []
    for number in numbers:
        name = stem = known.get(number) or tensors[number].name or f"tensor_{number}"
        while name in names:
            name = f"{stem}_{names.count(stem) + len(names)}"
        names.append(name)
    return tuple(names)


def _check(graph: Graph) -> None:
    """Raises: ValueError for tensors that are not there, or used before they are computed."""
    known = set(graph.inputs) | {-1}
    known |= {at for at, tensor in enumerate(graph.tensors) if tensor.constant is not None}
    for operator in graph.operators:
        for number in operator.inputs + operator.outputs:
            if not -1 <= number < len(graph.tensors):
                raise ValueError(f"{operator.kind} has tensor {number} of {len(graph.tensors)}")
        known |= set(operator.outputs)
    if not graph.outputs or not set(graph.outputs) <= known - {-1}:
        raise ValueError("its outputs are not computed")


def _numbers(values: Any) -> tuple[int, ...]:
    return () if values is None else tuple(int(value) for value in values)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
