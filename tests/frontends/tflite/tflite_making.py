"""Small `.tflite` files, made by the schema that LiteRT brings."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    "bool": schema.TensorType.BOOL,
    "float16": schema.TensorType.FLOAT16,
    "float32": schema.TensorType.FLOAT32,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
}


#: Versions of operators from which on they take integers of 8 bits, where it is not 2.
_VERSIONS = {
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "DEPTH_TO_SPACE": 1,
    "FULLY_CONNECTED": 4,
    "ELU": 1,
    "GREATER": 1,
    "HARD_SWISH": 1,
    "LEAKY_RELU": 2,
    "RESHAPE": 1,
    "SPACE_TO_DEPTH": 1,
    "TRANSPOSE_CONV": 2,
}


class Making:
    """A model in the making; tensors are known by their numbers."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.operatorCodes = []
        self.model.buffers = [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.graph.inputs, self.graph.outputs = [], []
        self.model.subgraphs = [self.graph]
        self.model.signatureDefs = []

    def tensor(
        self,
        shape: Any,
        dtype: Any = "int8",
        *,
        scale: Any = None,
        zero: Any = 0,
        axis: int = 0,
        value: Any = None,
        free: Any = None,
        name: str = "",
    ) -> int:
        made = schema.TensorT()
        made.shape = list(shape)
        made.shapeSignature = free
        made.type = TYPES[np.dtype(dtype).name] if dtype != "int4" else schema.TensorType.INT4
        made.name = (name or f"t{len(self.graph.tensors)}").encode()
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            quantization = schema.QuantizationParametersT()
            quantization.scale = scales.tolist()
            quantization.zeroPoint = np.broadcast_to(np.asarray(zero), scales.shape).tolist()
            quantization.quantizedDimension = axis
            made.quantization = quantization
        made.buffer = 0
        if value is not None:
            buffer = schema.BufferT()
            buffer.data = list(_bytes(np.asarray(value), dtype))
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def input(self, shape: Any, dtype: Any = "int8", **options: Any) -> int:
        if np.dtype(dtype).kind in "iu" and np.dtype(dtype).itemsize == 1:
            options.setdefault("scale", 0.02113)
            options.setdefault("zero", 3)
        number = self.tensor(shape, dtype, **options)
        self.graph.inputs.append(number)
        return number

    def constant(self, value: Any, dtype: Any = "int32", **options: Any) -> int:
        value = np.asarray(value)
        return self.tensor(value.shape, dtype, value=value, **options)

    def weights(self, shape: Any, scale: Any = 0.01, *, axis: int = 0, dtype: Any = "int8") -> int:
        low, high = (-7, 8) if dtype == "int4" else (-127, 128)
        return self.constant(self.random.integers(low, high, shape), dtype, scale=scale, axis=axis)

    def bias(self, count: int, scale: Any) -> int:
        return self.constant(self.random.integers(-3000, 3000, count), scale=scale)

    def add(
        self,
        kind: str,
        inputs: list[int],
        shape: Any,
        dtype: Any = "int8",
        *,
        options: str = "",
        scale: Any = 0.05,
        zero: int = -5,
        outputs: list[int] | None = None,
        **fields: Any,
    ) -> int:
        """Makes an operator; the number of its first output."""
        code = schema.OperatorCodeT()
        number = getattr(schema.BuiltinOperator, kind)
        code.builtinCode, code.deprecatedBuiltinCode = number, min(number, 127)
        code.version = _VERSIONS.get(kind, 1 if dtype == "float32" else 2)
        self.model.operatorCodes.append(code)
        made = schema.OperatorT()
        made.opcodeIndex = len(self.model.operatorCodes) - 1
        made.inputs = inputs
        if outputs is None:
            quantized = np.dtype(dtype).itemsize == 1 and dtype != "bool"
            parameters = {"scale": scale, "zero": zero} if quantized else {}
            outputs = [self.tensor(shape, dtype, **parameters)]
        made.outputs = outputs
        if options:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            made.builtinOptions = getattr(schema, f"{options}T")()
            for name, value in fields.items():
                setattr(made.builtinOptions, name, value)
        self.graph.operators.append(made)
        return outputs[0]

    def content(self, *outputs: int) -> bytes:
        self.graph.outputs = list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def sign(self, inputs: dict[str, int], outputs: dict[str, int]) -> None:
        """Gives the model a signature."""
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
        signature.inputs, signature.outputs = [
            [_named(name, number) for name, number in names.items()] for names in (inputs, outputs)
        ]
        self.model.signatureDefs = [signature]


def _named(name: str, number: int) -> Any:
    made = schema.TensorMapT()
    made.name, made.tensorIndex = name.encode(), number
    return made


def _bytes(value: Any, dtype: Any) -> bytes:
    if dtype != "int4":
        return bytes(np.ascontiguousarray(value, dtype).tobytes())
    halves = value.reshape(-1).astype(np.uint8) & 15
    halves = np.append(halves, np.zeros(len(halves) % 2, np.uint8))
    return bytes((halves[::2] | halves[1::2] << 4).tobytes())
