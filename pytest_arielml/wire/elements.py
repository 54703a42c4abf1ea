"""Element types as IREE numbers them, and numpy dtypes.

The number is IREE's ``iree_hal_element_type_t`` (``iree/hal/buffer_view.h``):
the kind in the top byte, the width in bits in the lowest.
"""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import numpy.typing as npt

from pytest_arielml.errors import DeviceError, InputError

_Dtype = np.dtype[np.generic]
_BFLOAT16: _Dtype = np.dtype(ml_dtypes.bfloat16)
_INT4: _Dtype = np.dtype(ml_dtypes.int4)
_UINT4: _Dtype = np.dtype(ml_dtypes.uint4)
_NIBBLES = (_INT4, _UINT4)

_BOOLEAN = 0x13
_BRAIN = 0x22
_KINDS = {
    "b": (_BOOLEAN, (1,)),
    "i": (0x11, (1, 2, 4, 8)),
    "u": (0x12, (1, 2, 4, 8)),
    "f": (0x21, (2, 4, 8)),
    "c": (0x23, (8, 16)),
}
_TRAVEL = "bool, int8 to int64, uint8 to uint64, float16 to float64, bfloat16, int4, uint4"
_LETTERS = {0x10: "i", 0x11: "i", 0x12: "u", 0x21: "f", 0x23: "c"}
_NAMES = {
    0x00: "opaque",
    0x10: "int",
    0x11: "sint",
    0x12: "uint",
    0x13: "bool",
    0x20: "float",
    0x21: "float",
    0x22: "bfloat",
    0x23: "complex",
    0x24: "float8_e5m2_",
    0x25: "float8_e4m3fn_",
    0x26: "float8_e5m2fnuz_",
    0x27: "float8_e4m3fnuz_",
    0x28: "float8_e8m0fnu_",
}


def element_type(dtype: _Dtype) -> int:
    """IREE's number for `dtype`.

    Raises: InputError for a dtype that does not travel: of no fixed width
    (str, object), structured, 8-bit floats.
    """
    if dtype == _BFLOAT16:
        return _BRAIN << 24 | 16
    if dtype in _NIBBLES:
        return _KINDS[dtype.name[0]][0] << 24 | 4
    kind, sizes = _KINDS.get(dtype.kind, (0, ()))
    # Other packages add dtypes, some under the letters of numpy's own.
    if dtype.itemsize not in sizes or dtype.type.__module__ != "numpy":
        raise InputError(
            f"arrays of {dtype} cannot be sent to a device",
            expected=f"{_TRAVEL}, complex",
            found=str(dtype),
            advice="convert the array to a dtype that the model takes",
        )
    return kind << 24 | dtype.itemsize * 8


def numpy_dtype(number: int) -> _Dtype:
    """The dtype of elements that IREE numbers `number`.

    Signless integers, which is what compiled modules say, give signed ones.

    Raises: DeviceError for a type that numpy does not have: opaque, 8-bit
    floats, integers of a width that is not 4 or whole bytes.
    """
    kind, bits = number >> 24, number & 0xFF
    if (kind, bits) == (_BRAIN, 16):
        return _BFLOAT16
    if (kind, bits) == (_BOOLEAN, 8):
        return np.dtype(np.bool_)
    letter = _LETTERS.get(kind)
    if bits == 4 and letter in ("i", "u"):
        return _INT4 if letter == "i" else _UINT4
    if letter is not None and bits % 8 == 0:
        try:
            return np.dtype(f"<{letter}{bits // 8}")
        except TypeError:
            pass
    raise DeviceError(
        f"the device gave a tensor of {element_name(number)}, which numpy does not have",
        expected=f"{_TRAVEL}, complex",
        found=f"element type {number:#010x}",
        advice="let the model convert its output",
    )


def dense_length(dtype: _Dtype, count: int) -> int:
    """Bytes of `count` elements as they travel: two to a byte of int4 and uint4."""
    return (count + 1) // 2 if dtype in _NIBBLES else count * dtype.itemsize


def pack(array: npt.NDArray[np.generic]) -> bytes:
    """The elements of an array as they travel: row-major, little endian, the first nibble low."""
    if array.dtype not in _NIBBLES:
        return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    nibbles = array.reshape(-1).astype(np.int8).view(np.uint8) & 0xF
    nibbles = np.append(nibbles, np.zeros(nibbles.size % 2, np.uint8))
    return (nibbles[::2] | nibbles[1::2] << 4).tobytes()


def unpack(data: bytes, dtype: _Dtype, shape: tuple[int, ...]) -> npt.NDArray[np.generic]:
    """The array that `pack` made `data` of, whose length is right."""
    if dtype not in _NIBBLES:
        return np.frombuffer(data, dtype=dtype).reshape(shape)
    packed = np.frombuffer(data, np.uint8)
    nibbles = np.stack([packed & 0xF, packed >> 4], axis=-1).reshape(-1)[: math.prod(shape)]
    if dtype == _INT4:
        # Sign extension: the shift back is arithmetic.
        nibbles = (nibbles << 4).view(np.int8) >> 4
    return nibbles.astype(dtype).reshape(shape)


def element_name(number: int) -> str:
    """What people call an element type: ``sint8``, ``float32``."""
    kind, bits = number >> 24, number & 0xFF
    name = _NAMES.get(kind)
    return f"{name}{bits}" if name else f"unknown type {number:#010x}"


def is_signless(number: int) -> bool:
    """Whether the elements are integers whose sign the type leaves open."""
    return number >> 24 == 0x10


def is_integer(number: int) -> bool:
    """Whether the elements are integers, signed or not; booleans are none."""
    return number >> 24 in (0x10, 0x11, 0x12)
