"""The tensors that a traced module sends during a request, put together from their pieces."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytest_arielml.errors import DeviceError, WireError
from pytest_arielml.wire.elements import dense_length, numpy_dtype, unpack
from pytest_arielml.wire.messages import Traced


@dataclass(frozen=True)
class Tensor:
    """One tensor: the one numbered `index` of those that the module calls `key`.

    Of element types that numpy does not have it is the bytes.
    """

    key: str
    index: int
    array: npt.NDArray[np.generic]


class Tensors:
    """Collects pieces in the order in which the device sends them."""

    def __init__(self) -> None:
        self._tensors: list[Tensor] = []
        # The first piece of the tensor that is not whole yet, and its bytes so far.
        self._open: Traced | None = None
        self._data = bytearray()

    def add(self, piece: Traced) -> None:
        """Takes the next piece. Raises: WireError when one before it is missing."""
        if piece.offset == 0:
            self._check_whole()
            self._open = piece
            self._data.clear()
        elif (
            self._open is None
            or (piece.key, piece.index) != (self._open.key, self._open.index)
            or piece.offset != len(self._data)
        ):
            raise _lost(piece.key)
        self._data += piece.data
        self._close_if_whole()

    def all(self) -> tuple[Tensor, ...]:
        """All tensors. Raises: WireError when the last one lacks a piece."""
        self._check_whole()
        return tuple(self._tensors)

    def _close_if_whole(self) -> None:
        piece = self._open
        assert piece is not None
        try:
            dtype = numpy_dtype(piece.element_type)
        except DeviceError:
            # Bits of a type of its own: the pieces' lengths are all there is to go by.
            bits = math.prod(piece.shape) * (piece.element_type & 0xFF)
            if len(self._data) >= (bits + 7) // 8:
                self._keep(np.frombuffer(bytes(self._data), np.uint8))
            return
        needed = dense_length(dtype, math.prod(piece.shape))
        if len(self._data) >= needed:
            self._keep(unpack(bytes(self._data[:needed]), dtype, piece.shape))

    def _keep(self, array: npt.NDArray[np.generic]) -> None:
        assert self._open is not None
        self._tensors.append(Tensor(self._open.key, self._open.index, array))
        self._open = None

    def _check_whole(self) -> None:
        if self._open is not None:
            raise _lost(self._open.key)


def _lost(key: str) -> WireError:
    return WireError(
        f"a part of a traced tensor was lost: {key}",
        expected="every piece, in order",
        advice="call again; what is traced is sent once and not asked for again",
    )
