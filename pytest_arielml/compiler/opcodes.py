"""Which instructions a module's bytecode holds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from pytest_arielml.compiler import isa

_SIZES: Final = dict.fromkeys("ilrm", 2) | dict.fromkeys("gGotdc", 4) | {"C": 8}


def instructions(code: bytes) -> Iterator[tuple[int, int]]:
    """The set (0, or the prefix of an extension) and opcode of each operation of a function.

    Raises: ValueError for what is no operation; struct.error where it is cut.
    """
    place = 0
    while place < len(code):
        opcode, group = code[place], 0
        place += 1
        if opcode in (isa.EXTENSION_F32, isa.EXTENSION_F64):
            (group, opcode), place = (opcode, code[place]), place + 1
        shapes = isa.SHAPES[group]
        if opcode >= len(shapes):
            raise ValueError(f"opcode {opcode:#x} at {place - 1}")
        yield group, opcode
        place = _after(code, place, opcode, shapes[opcode])


def _after(code: bytes, place: int, opcode: int, shape: str) -> int:
    if shape == "a":
        return _after_irregular(code, place, opcode)
    fields = iter(shape)
    for field in fields:
        if field == "s":
            place += 2 + _u16(code, place)
        elif field == "b":
            place = _after_list(code, place + 4, 4)
        elif field == "v":
            next(fields)
            place = _after_list(code, place, 2)
        elif field != "-":
            place += _SIZES[field]
    return place


def _after_irregular(code: bytes, place: int, opcode: int) -> int:
    match opcode:
        case isa.RETURN:
            return _after_list(code, place, 2)
        case isa.IMPORT_RESOLVED:
            return place + 6
        case isa.BR_TABLE:
            place = _after_list(code, place + 6, 4)
            count = _u16(code, place)
            place += 2
            for _ in range(count):
                place = _after_list(code, place + 4, 4)
            return place
    place += 4
    if opcode in (isa.CALL_VARIADIC, isa.CALL_VARIADIC_YIELDABLE):
        place = _after_list(code, place, 2)
    place = _after_list(code, place, 2)
    if opcode in (isa.CALL_YIELDABLE, isa.CALL_VARIADIC_YIELDABLE):
        place += 4
    return _after_list(code, place, 2)


def _after_list(code: bytes, place: int, size: int) -> int:
    """Lists begin at even offsets."""
    place += place & 1
    return place + 2 + size * _u16(code, place)


def _u16(code: bytes, place: int) -> int:
    return int(struct.unpack_from("<H", code, place)[0])
