"""The tensors around the dispatches of a traced call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pytest_arielml.compiler import KERNEL_NAME
from pytest_arielml.wire import Tensor

INPUT: Final = "input"
OUTPUT: Final = "output"
# The compiler's words at the end of a key.
_KINDS: Final = {" inputs": INPUT, " outputs": OUTPUT}


@dataclass(frozen=True)
class Transient:
    """One tensor that a dispatch was given, or gave.

    Attributes:
        dispatch: name of the dispatch function.
        occurrence: which of its dispatches in the call, counted from 0.
        kind: `input` or `output`.
        index: which of the dispatch's inputs, or outputs.
        array: the values; of element types that numpy does not have, the bytes.
    """

    dispatch: str
    occurrence: int
    kind: str
    index: int
    array: npt.NDArray[np.generic]


def transients(tensors: Iterable[Tensor]) -> tuple[Transient, ...]:
    """The traced tensors of a call, in program order."""
    found = []
    begun: Counter[str] = Counter()
    last = ("", "")
    for tensor in tensors:
        dispatch, kind = _read(tensor.key)
        # Constants of our own kernels lie as the core at hand reads them:
        # they are no tensors of the model.
        if dispatch.startswith(KERNEL_NAME) and kind == INPUT and tensor.index:
            continue
        group = (dispatch, kind)
        # Inputs are traced before, outputs after: a dispatch begins with its
        # inputs, or with its outputs where it has none.
        if group != last or tensor.index == 0:
            begun[dispatch] += kind == INPUT or last != (dispatch, INPUT)
        last = group
        found.append(Transient(dispatch, begun[dispatch] - 1, kind, tensor.index, tensor.array))
    return tuple(found)


def _read(key: str) -> tuple[str, str]:
    """Dispatch and kind of `executable::dispatch inputs`; any other key is an output's."""
    # What it says of tensors in an encoding of their own: theirs are decoded.
    key = key.partition(" with {")[0]
    for suffix, kind in _KINDS.items():
        if key.endswith(suffix):
            return key.removesuffix(suffix).rpartition("::")[2], kind
    return key, OUTPUT
