"""Element types as IREE numbers them, and numpy dtypes.

The number is IREE's ``iree_hal_element_type_t`` (``iree/hal/buffer_view.h``):
the kind in the top byte, the width in bits in the lowest.
"""

from __future__ import annotations

import importlib

import numpy as np

from pytest_arielml.errors import DeviceError, InputError

_BOOLEAN = 0x13
_BRAIN = 0x22
_KINDS = {
    "b": (_BOOLEAN, (1,)),
    "i": (0x11, (1, 2, 4, 8)),
    "u": (0x12, (1, 2, 4, 8)),
    "f": (0x21, (2, 4, 8)),
    "c": (0x23, (8, 16)),
}
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


def element_type(dtype: np.dtype[np.generic]) -> int:
    """IREE's number for `dtype`.

    Raises: InputError for a dtype that does not travel: of less than a byte
    (int4), of no fixed width (str, object), structured.
    """
    if dtype.name == "bfloat16":
        return _BRAIN << 24 | 16
    kind, sizes = _KINDS.get(dtype.kind, (0, ()))
    # Other packages add dtypes, some under the letters of numpy's own.
    if dtype.itemsize not in sizes or dtype.type.__module__ != "numpy":
        raise InputError(
            f"arrays of {dtype} cannot be sent to a device",
            expected="bool, int8 to int64, uint8 to uint64, float16 to float64, bfloat16, complex",
            found=str(dtype),
            advice="convert the array to a dtype that the model takes",
        )
    return kind << 24 | dtype.itemsize * 8


def numpy_dtype(number: int) -> np.dtype[np.generic]:
    """The dtype of elements that IREE numbers `number`.

    Signless integers, which is what compiled modules say, give signed ones.

    Raises: DeviceError for a type that numpy does not have: of less than a
    byte (int4), opaque, 8-bit floats; bfloat16 without `ml_dtypes` installed.
    """
    kind, bits = number >> 24, number & 0xFF
    if (kind, bits) == (_BRAIN, 16):
        return _bfloat16()
    if (kind, bits) == (_BOOLEAN, 8):
        return np.dtype(np.bool_)
    letter = _LETTERS.get(kind)
    if letter is not None and bits % 8 == 0:
        try:
            return np.dtype(f"<{letter}{bits // 8}")
        except TypeError:
            pass
    raise DeviceError(
        f"the device gave a tensor of {element_name(number)}, which numpy does not have",
        expected="bool, integers of 8 to 64 bits, floats of 16 to 64 bits, bfloat16, complex",
        found=f"element type {number:#010x}",
        advice="let the model convert its output",
    )


def element_name(number: int) -> str:
    """What people call an element type: ``sint8``, ``float32``."""
    kind, bits = number >> 24, number & 0xFF
    name = _NAMES.get(kind)
    return f"{name}{bits}" if name else f"unknown type {number:#010x}"


def is_signless(number: int) -> bool:
    """Whether the elements are integers whose sign the type leaves open."""
    return number >> 24 == 0x10


def _bfloat16() -> np.dtype[np.generic]:
    try:
        module = importlib.import_module("ml_dtypes")
    except ImportError:
        raise DeviceError(
            "the device gave a tensor of bfloat16, which numpy alone does not have",
            advice="pip install ml_dtypes",
        ) from None
    dtype: np.dtype[np.generic] = np.dtype(module.bfloat16)
    return dtype
