from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto
from rewriting import check, floats, stays

X = floats(3, 8) * np.float32(40)
SCALES = abs(floats(3, 4)) + np.float32(0.1)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_blocks(dtype: Any) -> None:
    zeros = np.arange(12).reshape(3, 4).astype(dtype)
    check("QuantizeLinear", [X, SCALES, zeros], axis=1, block_size=2)
    whole = np.arange(24).reshape(3, 8).astype(dtype)
    check("DequantizeLinear", [whole, SCALES, zeros], axis=-1, block_size=2)


def test_blocks_without_a_zero_point() -> None:
    options = {"axis": 1, "block_size": 2, "output_dtype": TensorProto.INT8}
    check("QuantizeLinear", [X, SCALES], **options)


@pytest.mark.parametrize(("scale", "axis"), [((), 1), ((8,), 1), ((3,), 0)])
@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
def test_from_sixteen_bits(scale: tuple[int, ...], axis: int, dtype: Any) -> None:
    whole = np.arange(24).reshape(3, 8).astype(dtype) * dtype(1000)
    inputs = [whole, np.asarray(abs(floats(*scale)), np.float32), np.full(scale, 9, dtype)]
    check("DequantizeLinear", inputs, axis=axis)


@pytest.mark.parametrize(("scale", "axis"), [((), 1), ((8,), 1), ((3,), 0)])
@pytest.mark.parametrize("dtype", [ml_dtypes.int4, ml_dtypes.uint4])
def test_from_four_bits(scale: tuple[int, ...], axis: int, dtype: Any) -> None:
    lowest = int(ml_dtypes.iinfo(dtype).min)
    whole = (np.arange(24).reshape(3, 8) % 16 + lowest).astype(dtype)
    zeros = np.full(scale, lowest + 3).astype(dtype)
    check("DequantizeLinear", [whole, abs(floats(*scale)), zeros], axis=axis)
    check("DequantizeLinear", [whole, abs(floats(*scale))], axis=axis)


def test_blocks_from_four_bits() -> None:
    whole = (np.arange(24).reshape(3, 8) % 16 - 8).astype(ml_dtypes.int4)
    zeros = (np.arange(12).reshape(3, 4) - 6).astype(ml_dtypes.int4)
    check("DequantizeLinear", [whole, SCALES, zeros], axis=1, block_size=2)


def test_what_stays() -> None:
    stays("QuantizeLinear", [X, np.float32(0.5).reshape(()), np.asarray(3, np.int8)])
    stays("QuantizeLinear", [X, np.float32(0.5).reshape(()), np.asarray(3, np.int16)])
    whole = np.zeros((3, 8), np.int8)
    stays("DequantizeLinear", [whole, np.float32(0.5).reshape(()), np.asarray(3, np.int8)])
