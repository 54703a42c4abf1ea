"""A model as the stages after the frontend see it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pytest_arielml.errors import InputError

#: A size: known, free with a name, or free without one.
Dim = int | str | None
Shape = tuple[Dim, ...]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output.

    Attributes:
        name: in the model.
        dtype: numpy's, or one of ml_dtypes (bfloat16, int4, uint4).
        shape: its sizes; a free one is a name or `None` and takes its value from the
            array of each call. Free sizes of one name are the same in a call.
    """

    name: str
    dtype: np.dtype[Any]
    shape: Shape

    @property
    def is_static(self) -> bool:
        """Whether every size is known."""
        return all(isinstance(size, int) for size in self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor, dense and row-major; at least, when not static.

        A bool takes one, two of int4 and uint4 go into one; a free size counts as 1.
        """
        count = math.prod(size if isinstance(size, int) else 1 for size in self.shape)
        if self.dtype.name in ("int4", "uint4"):
            return (count + 1) // 2
        return count * self.dtype.itemsize

    def takes(self, shape: Sequence[int]) -> bool:
        """Whether an array of `shape` has this rank and these known sizes."""
        return len(shape) == len(self.shape) and all(
            size == found or not isinstance(size, int)
            for size, found in zip(self.shape, shape, strict=True)
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype} {shape_text(self.shape)}"


def shape_text(shape: Sequence[Dim]) -> str:
    """A shape as people write it: `[N, 4]`, with `?` for a free size without a name."""
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


@dataclass(frozen=True)
class Function:
    """One function of a model.

    Attributes:
        name: what a user calls it.
        entry: the export that the compiled module has for it.
        inputs, outputs: in order.
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
        """The function called `main`, else the first."""
        return self.functions[0]

    def find(self, name: str | None, model: str) -> Function:
        """The function called `name`; without one, the only one, or `main`.

        `model` is its name, for messages. Raises: InputError with the names
        that there are.
        """
        names = [function.name for function in self.functions]
        if name in names:
            return self.functions[names.index(name)]
        if name is None:
            if len(names) == 1 or names[0] == "main":
                return self.main
            raise InputError(
                f"{model} has several functions, and none is called main",
                expected="one of: " + ", ".join(names),
                advice=f"name one: function={names[0]!r} in a test, "
                f"--function {names[0]} in a shell",
            )
        near = difflib.get_close_matches(name, names, n=1)
        raise InputError(
            f"{model} has no function {name!r}",
            expected="one of: " + ", ".join(names),
            advice=f"did you mean {near[0]}?" if near else "name one of those",
        )

    @property
    def is_static(self) -> bool:
        """Whether every size of every input and output is known."""
        return all(
            spec.is_static
            for function in self.functions
            for spec in (*function.inputs, *function.outputs)
        )


@dataclass(frozen=True)
class Model:
    """A model that was read and checked.

    Attributes:
        name: for reports; the file's name without its suffix.
        format: of the normal form: `onnx` or `mlir`.
        digest: sha256 in hex of what the user wrote: the file, and the
            files of its external data.
        signature: functions with their inputs and outputs.
        normal: the normal form, which is compiled. Of ONNX and TensorFlow
            Lite: an ONNX file with the sizes that were chosen, its graph named
            after the function's entry. Of MLIR: the file as it is.
        original: the model as its author wrote it, for the reference; a
            file's own bytes, with external data brought in.
        stateful: it keeps values between calls.
        kept_in_float: operators between integers that are computed in float,
            and why: name to reason.
    """

    name: str
    format: str
    digest: str
    signature: Signature
    normal: bytes = field(repr=False)
    original: bytes = field(repr=False)
    stateful: bool = False
    # Follows from the normal form; a dict has no hash.
    kept_in_float: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
