"""What a compiled module says of itself, read from its FlatBuffer.

The layout is IREE's schema ``bytecode_module_def.fbs``: a field's number is
its place in the table, counted from 0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flatbuffers.table import Table

from pytest_arielml.compiler.opcodes import instructions
from pytest_arielml.errors import CompileError

_IDENTIFIER: Final = b"IREE"

# BytecodeModuleDef
_REQUIREMENTS: Final = 2
_TYPES: Final = 4
_IMPORTS: Final = 6
_DESCRIPTORS: Final = 12
_BYTECODE_VERSION: Final = 13
_BYTECODE: Final = 14
# TypeDef, ImportFunctionDef
_FULL_NAME: Final = 0

#: Bytes of a FunctionDescriptor.
_DESCRIPTOR_SIZE: Final = 20

_F32: Final = 1 << 0
_F64: Final = 1 << 1


@dataclass(frozen=True)
class ModuleFacts:
    """What a module needs of the runtime.

    Attributes:
        bytecode_version: major and minor.
        floats: it computes with floats outside of its kernels.
        types: full names of the types that it uses, such as `!hal.buffer`.
        imports: full names of the functions that it imports.
        instructions: set (0, or the prefix of an extension) and opcode of
            each instruction that it holds.
    """

    bytecode_version: tuple[int, int]
    floats: bool
    types: tuple[str, ...]
    imports: tuple[str, ...]
    instructions: frozenset[tuple[int, int]] = frozenset()


def read_module(path: Path) -> ModuleFacts:
    """Reads a module. Raises: CompileError when it is not one."""
    data = path.read_bytes()
    try:
        return _read(data)
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise CompileError(
            "the compiled module cannot be read",
            where=str(path),
            expected="a size-prefixed FlatBuffer with the identifier IREE",
            found=str(error),
            advice="compile it anew with --arielml-no-cache, or remove the cache: arielml doctor",
        ) from None


def _read(data: bytes) -> ModuleFacts:
    if data[8:12] != _IDENTIFIER:
        raise ValueError(f"identifier {data[8:12]!r}")
    size, root = struct.unpack_from("<II", data)
    buffer = data[4 : 4 + size]
    module = Table(buffer, root)
    requirements = _u32(module, _REQUIREMENTS)
    version = _u32(module, _BYTECODE_VERSION)
    return ModuleFacts(
        bytecode_version=(version >> 16, version & 0xFFFF),
        floats=bool(requirements & (_F32 | _F64)),
        types=_names(module, _TYPES),
        imports=_names(module, _IMPORTS),
        instructions=frozenset(
            instruction for code in _functions(module) for instruction in instructions(code)
        ),
    )


def _offset(table: Table, field: int) -> int:
    """Where a field stands, 0 when it is left out; a vtable starts with two sizes."""
    return int(table.Offset(4 + 2 * field))


def _u32(table: Table, field: int) -> int:
    offset = _offset(table, field)
    return int(struct.unpack_from("<I", table.Bytes, table.Pos + offset)[0]) if offset else 0


def _functions(module: Table) -> Iterator[bytes]:
    """The bytecode of each function; a descriptor begins with offset and length."""
    bytecode, descriptors = _offset(module, _BYTECODE), _offset(module, _DESCRIPTORS)
    if not bytecode or not descriptors:
        return
    code, first = module.Vector(bytecode), module.Vector(descriptors)
    for place in range(module.VectorLen(descriptors)):
        start, length = struct.unpack_from("<ii", module.Bytes, first + _DESCRIPTOR_SIZE * place)
        yield bytes(module.Bytes[code + start : code + start + length])


def _names(table: Table, field: int) -> tuple[str, ...]:
    """The full names of the tables in a vector."""
    offset = _offset(table, field)
    if not offset:
        return ()
    start, count = table.Vector(offset), table.VectorLen(offset)
    names = []
    for place in range(count):
        element = Table(table.Bytes, table.Indirect(start + 4 * place))
        name = _offset(element, _FULL_NAME)
        names.append(element.String(element.Pos + name).decode() if name else "")
    return tuple(names)
