from __future__ import annotations

import cbor2
import numpy as np
import pytest

from pytest_arielml.errors import WireError
from pytest_arielml.wire.codec import decode_message
from pytest_arielml.wire.messages import Traced
from pytest_arielml.wire.tensors import Tensors

FLOAT32 = 0x2100_0020
FLOAT8 = 0x2400_0008
VALUES = np.arange(6, dtype=np.float32)


def piece(offset: int, data: bytes, *, key: str = "k", index: int = 0) -> Traced:
    return Traced(key, index, FLOAT32, (2, 3), offset, data)


def test_pieces_make_a_tensor() -> None:
    data, tensors = VALUES.tobytes(), Tensors()
    tensors.add(piece(0, data[:10]))
    tensors.add(piece(10, data[10:]))
    tensors.add(piece(0, data, index=1))
    first, second = tensors.all()
    assert (first.key, first.index, second.index) == ("k", 0, 1)
    np.testing.assert_array_equal(first.array, VALUES.reshape(2, 3))
    np.testing.assert_array_equal(first.array, second.array)


def test_an_empty_tensor_is_one() -> None:
    tensors = Tensors()
    tensors.add(Traced("k", 0, FLOAT32, (0, 3), 0, b""))
    assert tensors.all()[0].array.shape == (0, 3)


def test_a_type_that_numpy_has_not_gives_bytes() -> None:
    tensors = Tensors()
    tensors.add(Traced("k", 0, FLOAT8, (3,), 0, b"\1\2\3"))
    assert tensors.all()[0].array.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, bytes(10))],
        [piece(10, bytes(14))],
        [piece(0, bytes(10)), piece(12, bytes(12))],
        [piece(0, bytes(10)), piece(0, bytes(24))],
        [piece(0, bytes(10)), piece(10, bytes(14), key="other")],
        [piece(0, bytes(10)), piece(10, bytes(14), index=1)],
        [piece(0, bytes(24)), piece(10, bytes(14))],
    ],
)
def test_a_piece_that_is_missing_is_told(pieces: list[Traced]) -> None:
    def collect() -> None:
        tensors = Tensors()
        for each in pieces:
            tensors.add(each)
        tensors.all()

    with pytest.raises(WireError, match="was lost"):
        collect()


def test_the_notice_is_decoded() -> None:
    body = cbor2.dumps([0, 4, "d inputs", 2, FLOAT32, [2, 3], 8, b"abcd"])
    assert decode_message(body) == Traced("d inputs", 2, FLOAT32, (2, 3), 8, b"abcd")


@pytest.mark.parametrize(
    "items",
    [
        [0, 4],
        [0, 4, "k", 0, FLOAT32, 3, 0, b""],
        [0, 4, "k", -1, FLOAT32, [3], 0, b""],
        [0, 4, b"k", 0, FLOAT32, [3], 0, b""],
        [0, 4, "k", 0, FLOAT32, [True], 0, b""],
        [0, 4, "k", 0, FLOAT32, [3], 0, "text"],
    ],
)
def test_another_notice_is_refused(items: list[object]) -> None:
    with pytest.raises(WireError):
        decode_message(cbor2.dumps(items))
