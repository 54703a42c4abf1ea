"""Quantized models for tests, and what their integer form means."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference.op_run import OpRun

from pytest_arielml.frontends import load_model
from pytest_arielml.frontends.integer import DOMAIN


class Requantize(OpRun):  # type: ignore[misc]
    op_domain = DOMAIN

    def _run(
        self,
        accumulator: Any,
        factors: Any = None,
        shift: int = 0,
        zero_point: int = 0,
        low: int = 0,
        high: int = 0,
        to: int = 0,
        even: int = 0,
        near: int = 0,
        axis: int = 0,
    ) -> tuple[Any]:
        wide = accumulator.astype(np.int64)
        if factors is not None:
            spread = [-1 if at == axis else 1 for at in range(wide.ndim)] if factors.ndim else []
            wide = wide * factors.astype(np.int64).reshape(spread)
        moved = wide + (1 << (shift - 1)) + near
        steps = moved >> shift
        half_way = moved & ((1 << shift) - 1) <= 2 * near
        if even:
            steps = steps - np.where(half_way, steps & 1, 0)
        bounded = np.clip(steps + zero_point, low, high)
        return (bounded.astype(helper.tensor_dtype_to_np_dtype(to)),)


class Lookup(OpRun):  # type: ignore[misc]
    op_domain = DOMAIN

    def _run(self, x: Any, table: Any) -> tuple[Any]:
        return (table[x.view(np.uint8)],)


class Softmax(OpRun):  # type: ignore[misc]
    op_domain = DOMAIN

    def _run(
        self,
        x: Any,
        table: Any,
        axis: int = 0,
        steps: int = 0,
        zero_point: int = 0,
        low: int = 0,
        high: int = 0,
        to: int = 0,
    ) -> tuple[Any]:
        wide = x.astype(np.int64)
        powers = table.astype(np.int64)[wide.max(axis=axis, keepdims=True) - wide]
        total = powers.sum(axis=axis, keepdims=True)
        assert total.max() < 2**31
        assert powers.max() * steps < 2**32
        quotient, rest = np.divmod(powers * steps, total)
        up = (2 * rest > total) | ((2 * rest == total) & (quotient & 1 == 1))
        bounded = np.clip(quotient + up + zero_point, low, high)
        return (bounded.astype(helper.tensor_dtype_to_np_dtype(to)),)


class Flip(OpRun):  # type: ignore[misc]
    op_domain = DOMAIN

    def _run(self, x: Any) -> tuple[Any]:
        other = np.uint8 if x.dtype == np.int8 else np.int8
        return ((x.view(np.uint8) ^ 0x80).view(other),)


OPS = [Requantize, Lookup, Softmax, Flip]


class Graph:
    """A quantized graph in the making: every value has 8 bits."""

    def __init__(self, dtype: Any = np.int8, seed: int = 0) -> None:
        self.dtype = np.dtype(dtype)
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.opset = 18

    def name(self) -> str:
        return f"v{len(self.nodes)}_{len(self.constants)}_{len(self.inputs)}"

    def constant(self, value: Any) -> str:
        name = self.name()
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, **options: Any) -> str:
        name = self.name()
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **options))
        return name

    def parameters(self, scale: Any, zero: Any, dtype: Any = None) -> list[str]:
        kind = self.dtype if dtype is None else np.dtype(dtype)
        return [self.constant(np.asarray(scale, np.float32)), self.constant(np.asarray(zero, kind))]

    def input(self, shape: list[int], scale: float = 0.02, zero: int | None = None) -> str:
        name = self.name()
        element = helper.np_dtype_to_tensor_dtype(self.dtype)
        self.inputs.append(helper.make_tensor_value_info(name, element, shape))
        return self.add("DequantizeLinear", name, *self.parameters(scale, self.middle(zero)))

    def middle(self, zero: int | None) -> int:
        if zero is None:
            zero = 3
        return zero + (128 if self.dtype == np.uint8 else 0)

    def weights(self, shape: list[int], scale: Any = 0.010417, axis: int = 0) -> str:
        values = self.random.integers(-127, 128, shape).astype(np.int8)
        zeros = np.zeros(np.shape(scale), np.int8)
        options = {"axis": axis} if np.ndim(scale) else {}
        return self.add(
            "DequantizeLinear",
            self.constant(values),
            *self.parameters(scale, zeros, np.int8),
            **options,
        )

    def unsigned_weights(self, shape: list[int]) -> str:
        """Less their zero point they take nine bits."""
        values = self.random.integers(0, 256, shape).astype(np.uint8)
        return self.add(
            "DequantizeLinear", self.constant(values), *self.parameters(0.010417, 93, np.uint8)
        )

    def narrow_weights(self, shape: list[int], scale: Any, *, signed: bool = True) -> str:
        """Of 4 bits."""
        self.opset = 21
        least = -8 if signed else 0
        kind = TensorProto.INT4 if signed else TensorProto.UINT4
        names = [self.name()]
        values = self.random.integers(least, least + 16, shape)
        self.constants.append(helper.make_tensor(names[0], kind, shape, values.reshape(-1)))
        names.append(self.constant(np.asarray(scale, np.float32)))
        names.append(self.name())
        zeros = np.full(np.shape(scale), least + 8)
        self.constants.append(helper.make_tensor(names[2], kind, zeros.shape, zeros.reshape(-1)))
        return self.add("DequantizeLinear", *names, **({"axis": 0} if np.ndim(scale) else {}))

    def bias(self, count: int, scale: Any) -> str:
        values = self.random.integers(-3000, 3000, count).astype(np.int32)
        zeros = np.zeros(np.shape(scale), np.int32)
        return self.add(
            "DequantizeLinear",
            self.constant(values),
            *self.parameters(scale, zeros, np.int32),
            **({"axis": 0} if np.ndim(scale) else {}),
        )

    def quantize(self, value: str, scale: float, zero: int = -5) -> str:
        return self.add("QuantizeLinear", value, *self.parameters(scale, self.middle(zero)))

    def requantized(self, value: str, scale: float, zero: int = -5) -> str:
        """A value between two operators."""
        parameters = self.parameters(scale, self.middle(zero))
        quantized = self.add("QuantizeLinear", value, *parameters)
        return self.add("DequantizeLinear", quantized, *parameters)

    def model(self, result: str) -> onnx.ModelProto:
        element = helper.np_dtype_to_tensor_dtype(self.dtype)
        output = helper.make_tensor_value_info(result, element, None)
        graph = helper.make_graph(self.nodes, "main", self.inputs, [output], self.constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=10
        )
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def normal(model: onnx.ModelProto) -> onnx.ModelProto:
    return onnx.load_model_from_string(load_model(model).normal)


def feeds(model: onnx.ModelProto, seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    found = {}
    for value in model.graph.input:
        dtype = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        info = np.iinfo(dtype)
        found[value.name] = random.integers(info.min, info.max + 1, shape).astype(dtype)
    return found
