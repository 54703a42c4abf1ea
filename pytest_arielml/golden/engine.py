"""What computes a reference's outputs: one model in a runtime of its own on this machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.errors import InputError
from pytest_arielml.golden.outputs import Outputs

Array = NDArray[Any]


@dataclass(frozen=True)
class Slot:
    """An input or an output as the model declares it; a size that is free is None."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {self.dtype} [{sizes}]"


class Engine(ABC):
    """One model in a runtime.

    Attributes:
        digest: sha256 of the model's bytes, in hex.
        inputs: what `run` takes.
        outputs: what `run` gives.
        name: of the runtime.
        version: of the runtime.
        session: the options that it runs with.
    """

    digest: str
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    name: str
    version: str
    session: Mapping[str, str]

    @property
    def source(self) -> str:
        """The runtime and its version."""
        return f"{self.name} {self.version}"

    @abstractmethod
    def _call(self, arrays: Sequence[Array]) -> Sequence[Array]:
        """The outputs; the inputs fit `self.inputs`. Raises: InputError."""

    def run(self, *inputs: Array | Mapping[str, Array]) -> Outputs:
        """The model's outputs for one call.

        Args:
            inputs: one array for each of `self.inputs`, of its data type and
                shape; a free size takes any. Or one mapping of their names
                to arrays.

        Raises:
            InputError: the inputs are not what the model declares.
        """
        arrays = self._checked(inputs)
        outputs = self._call(arrays)
        return Outputs(
            (np.asarray(output) for output in outputs),
            [slot.name for slot in self.outputs],
            self.source,
        )

    def run_samples(self, *inputs: Array) -> tuple[Array, ...]:
        """One call a sample, the results stacked.

        Args:
            inputs: each [samples, *shape of that input].

        Returns:
            One array an output, [samples, *shape of that output].

        Raises:
            InputError: see `run`; or the inputs differ in their number of samples.
        """
        calls = [self.run(*sample) for sample in samples(inputs)]
        return tuple(np.stack(column) for column in zip(*calls, strict=True))

    def _checked(self, inputs: Sequence[object]) -> list[Array]:
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            inputs = self._in_order(inputs[0])
        arrays = [np.asarray(value) for value in inputs]
        given = ", ".join(f"{array.dtype} {list(array.shape)}" for array in arrays)
        if len(arrays) != len(self.inputs):
            raise InputError(
                f"the model takes {len(self.inputs)} inputs, {len(arrays)} are given",
                expected=", ".join(map(str, self.inputs)) or "no input",
                found=given or "no input",
                advice="pass one array for each input, in order, or a mapping of names to arrays",
            )
        for slot, array in zip(self.inputs, arrays, strict=True):
            fits = len(array.shape) == len(slot.shape) and all(
                size in (None, real) for size, real in zip(slot.shape, array.shape, strict=True)
            )
            same = array.dtype == slot.dtype
            if not (same and fits):
                raise InputError(
                    f"input {slot.name!r} has the wrong {'shape' if same else 'data type'}",
                    expected=str(slot),
                    found=f"{array.dtype} {list(array.shape)}",
                    advice="convert it on purpose: array.astype(...), array.reshape(...)",
                )
        return [np.ascontiguousarray(array) for array in arrays]

    def _in_order(self, inputs: Mapping[str, object]) -> list[object]:
        names = [slot.name for slot in self.inputs]
        if set(inputs) != set(names):
            raise InputError(
                "the inputs' names are not the model's",
                expected=", ".join(map(str, self.inputs)) or "no input",
                found=", ".join(map(str, inputs)) or "no input",
                advice="use the names that the model has",
            )
        return [inputs[name] for name in names]


def samples(inputs: Sequence[Array]) -> Iterator[tuple[Array, ...]]:
    """The samples of stacked inputs, each a tuple with one array an input.

    Raises:
        InputError: there is none, or the inputs differ in their number.
    """
    counts = [len(array) if array.ndim else 0 for array in inputs]
    if not counts or 0 in counts or len(set(counts)) != 1:
        raise InputError(
            "stacked inputs need one and the same number of samples",
            expected="every input [samples, *shape]",
            found=", ".join(str(list(array.shape)) for array in inputs) or "no input",
            advice="stack the samples along a first axis, as many for each input",
        )
    return zip(*inputs, strict=True)
