from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from pytest_arielml.compiler import isa
from pytest_arielml.compiler.opcodes import instructions

FIRMWARE = Path(__file__).parents[2] / "firmware"


@pytest.mark.parametrize(
    ("group", "file"),
    [(0, "core.rs"), (isa.EXTENSION_F32, "ext_f32.rs"), (isa.EXTENSION_F64, "ext_f64.rs")],
)
def test_shapes_are_those_of_the_device(group: int, file: str) -> None:
    source = (FIRMWARE / "vm/src/isa" / file).read_text("utf-8")
    rows = re.findall(r'^    \w+ = (0x[0-9A-F]+), "(\w*)";', source, re.MULTILINE)
    shapes = {int(code, 16): shape or "-" for code, shape in rows}
    assert len(rows) > 60
    assert dict(enumerate(isa.SHAPES[group])) == shapes


def listed(code: bytearray, count: int, size: int = 2) -> None:
    """A list of `count` elements, which begins at an even offset."""
    code.extend(bytes(len(code) % 2) + struct.pack("<H", count) + bytes(size * count))


@pytest.mark.parametrize("odd", [False, True])
def test_every_field_is_walked_over(odd: bool) -> None:
    code = bytearray([isa.BLOCK] * (1 + odd))
    code += bytes([0x0D]) + bytes(4 + 2)  # const.i32
    code += bytes([0x5B, 0, 0, 2, 0]) + b"no"  # fail
    code += bytes([isa.CALL_VARIADIC_YIELDABLE, 0, 0, 0, 0x80])
    listed(code, 3)
    listed(code, 2)
    code += bytes(4)
    listed(code, 1)
    code += bytes([isa.EXTENSION_F32, 0x0A]) + bytes(6)  # add.f32
    code += bytes([isa.BR_TABLE, 0, 0])
    code += bytes(4)
    listed(code, 1, 4)
    code += struct.pack("<H", 2)
    for _ in range(2):
        code += bytes(4)
        listed(code, 2, 4)
    code += bytes([isa.RETURN])
    listed(code, 1)
    found = list(instructions(bytes(code)))
    assert found[odd + 1 :] == [
        (0, 0x0D),
        (0, 0x5B),
        (0, isa.CALL_VARIADIC_YIELDABLE),
        (isa.EXTENSION_F32, 0x0A),
        (0, isa.BR_TABLE),
        (0, isa.RETURN),
    ]


@pytest.mark.parametrize("code", [b"\xff", b"\xe0\x77", b"\x5a"])
def test_what_is_no_bytecode_is_refused(code: bytes) -> None:
    with pytest.raises((ValueError, struct.error)):
        list(instructions(code))
