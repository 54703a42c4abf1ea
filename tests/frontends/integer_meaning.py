"""What the operators of the integer form mean, for onnx's reference evaluator."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper
from onnx.reference.op_run import OpRun

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
        axis: int = 0,
    ) -> tuple[Any]:
        wide = accumulator.astype(np.int64)
        if factors is not None:
            spread = [-1 if at == axis else 1 for at in range(wide.ndim)] if factors.ndim else []
            wide = wide * factors.astype(np.int64).reshape(spread)
        steps = (wide + (1 << (shift - 1))) >> shift
        half_way = (wide + (1 << (shift - 1))) & ((1 << shift) - 1) == 0
        if even:
            steps = steps - np.where(half_way, steps & 1, 0)
        bounded = np.clip(steps + zero_point, low, high)
        return (bounded.astype(helper.tensor_dtype_to_np_dtype(to)),)


class Lookup(OpRun):  # type: ignore[misc]
    op_domain = DOMAIN

    def _run(self, x: Any, table: Any) -> tuple[Any]:
        return (table[x.view(np.uint8)],)


class Flip(OpRun):  # type: ignore[misc]
    op_domain = DOMAIN

    def _run(self, x: Any) -> tuple[Any]:
        other = np.uint8 if x.dtype == np.int8 else np.int8
        return ((x.view(np.uint8) ^ 0x80).view(other),)


OPS = [Requantize, Lookup, Flip]
