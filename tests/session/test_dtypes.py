"""Every element type that travels, to the board and back and through a kernel."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pytest_arielml.errors import ModelError
from pytest_arielml.session import Workbench

MODULE = """
func.func @same(%x: tensor<6x{t}>) -> tensor<6x{t}> {{
  return %x : tensor<6x{t}>
}}
func.func @add(%x: tensor<6x{t}>, %y: tensor<6x{t}>) -> tensor<6x{t}> {{
  %z = {op} %x, %y : tensor<6x{t}>
  return %z : tensor<6x{t}>
}}
"""

TYPES = {
    **{f"i{bits}": ("arith.addi", f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"ui{bits}": ("stablehlo.add", f"uint{bits}") for bits in (8, 16, 32, 64)},
    **{f"f{bits}": ("arith.addf", f"float{bits}") for bits in (16, 32, 64)},
    "bf16": ("arith.addf", ml_dtypes.bfloat16),
    "i1": ("arith.xori", "bool"),
    "i4": ("arith.addi", ml_dtypes.int4),
}


def values(dtype: np.dtype) -> np.ndarray:
    """Extremes and ordinary values."""
    if dtype == np.bool_:
        return np.array([0, 1, 1, 0, 1, 0], bool)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.array([limits.min, limits.max, 1, 2, limits.max // 3, 0], dtype)
    if dtype == ml_dtypes.int4:
        return np.array([-8, 7, 1, -1, 5, 0]).astype(dtype)
    return np.array([0.5, -2, 3e4, np.inf, -0.0, 1 / 3]).astype(dtype)


@pytest.mark.parametrize("name", TYPES)
def test_there_and_back_and_through_a_kernel(bench: Workbench, tmp_path: Path, name: str) -> None:
    operation, kind = TYPES[name]
    dtype = np.dtype(kind)
    path = tmp_path / "types.mlir"
    path.write_text(MODULE.format(t=name, op=operation))
    deployment = bench.deploy(path)
    x = values(dtype)
    same = deployment.run(x, function="same")
    assert same.output.dtype == dtype
    assert same.output.tobytes() == x.tobytes()
    y = x[::-1].copy()
    if dtype == ml_dtypes.int4:
        wide = x.astype(np.int8) + y.astype(np.int8)
        expected = ((wide + 8) % 16 - 8).astype(dtype)
    elif dtype == np.bool_:
        expected = x ^ y
    else:
        with np.errstate(over="ignore"):
            expected = x + y
    result = deployment.run(x, y, function="add")
    result.assert_matches(expected)


def test_unsigned_nibbles(bench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "nibbles.mlir"
    path.write_text(
        "func.func @f(%x: tensor<6xui4>) -> tensor<6xui4> { return %x : tensor<6xui4> }"
    )
    x = np.array([0, 15, 8, 7, 1, 2]).astype(ml_dtypes.uint4)
    bench.deploy(path).run(x).assert_matches(x)


def add(kind: int) -> onnx.ModelProto:
    tensors = [helper.make_tensor_value_info(name, kind, [4]) for name in "xyz"]
    operator = "Xor" if kind == TensorProto.BOOL else "Add"
    node = helper.make_node(operator, ["x", "y"], ["z"])
    graph = helper.make_graph([node], "add", tensors[:2], tensors[2:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    "name",
    ["BOOL", "FLOAT16", "BFLOAT16", "FLOAT", "DOUBLE"]
    + [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)],
)
def test_onnx(bench: Workbench, name: str) -> None:
    kind = getattr(TensorProto, name)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    x, y = np.array([0, 1, 1, 3]).astype(dtype), np.array([1, 1, 0, 2]).astype(dtype)
    expected = x ^ y if name == "BOOL" else x + y
    bench.deploy(add(kind)).run(x, y).assert_matches(expected)


@pytest.mark.parametrize("name", ["STRING", "COMPLEX64", "FLOAT8E4M3FN", "FLOAT8E5M2"])
def test_what_does_not_travel_is_refused_by_name(bench: Workbench, name: str) -> None:
    with pytest.raises(ModelError, match="input 'x' has an element type") as caught:
        bench.deploy(add(getattr(TensorProto, name)))
    assert caught.value.found == name.lower()


@pytest.mark.parametrize("name", ["INT4", "UINT4"])
def test_onnx_with_weights_of_four_bits(bench: Workbench, name: str) -> None:
    kind = getattr(TensorProto, name)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    lowest = int(ml_dtypes.iinfo(dtype).min)
    weights = (np.arange(24).reshape(4, 6) * 7 % 16 + lowest).astype(dtype)
    scale, zero = np.linspace(0.25, 1.5, 6, dtype=np.float32), np.full(6, lowest + 5).astype(dtype)
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["v"], axis=1),
            helper.make_node("Cast", ["x"], ["u"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["u", "v"], ["y"]),
        ],
        "weights",
        [helper.make_tensor_value_info("x", kind, [2, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 6])],
        [
            onnx.numpy_helper.from_array(weights, "w"),
            onnx.numpy_helper.from_array(scale, "scale"),
            onnx.numpy_helper.from_array(zero, "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    x = np.array([[0, 1, 2, 7], [3, 6, 5, 4]]).astype(dtype)
    wide = (weights.astype(np.float32) - zero.astype(np.float32)) * scale
    bench.deploy(model).run(x).assert_matches(x.astype(np.float32) @ wide)
