"""A model as the stages after the frontend see it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TensorSpec:
    """One input or output: its name, numpy dtype and static shape."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor, dense and row-major (a bool takes one)."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Function:
    """One function of a model.

    `name` is what a user calls it, `entry` the export that the compiled
    module has for it.
    """

    name: str
    entry: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True)
class Signature:
    """The functions of a model, the main one first."""

    functions: tuple[Function, ...]

    @property
    def main(self) -> Function:
        """The function that is called when none is named."""
        return self.functions[0]


@dataclass(frozen=True)
class Model:
    """A model that was read and checked.

    Attributes:
        name: for reports; the file's name without its suffix.
        format: `onnx`.
        digest: sha256 in hex of what the user wrote: the file, and the
            files of its external data.
        signature: functions with their inputs and outputs.
        onnx_bytes: the normal form: an ONNX file with static shapes, its
            graph named after the function's entry.
        original: the model as its author wrote it, for the reference; a
            file's own bytes, with external data brought in.
    """

    name: str
    format: str
    digest: str
    signature: Signature
    onnx_bytes: bytes = field(repr=False)
    original: bytes = field(repr=False)
