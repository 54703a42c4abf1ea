"""What is loaded and watched of an image, from its ELF file."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from elftools.common.exceptions import ELFError
from elftools.elf.constants import P_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from pytest_arielml.errors import UsageError

_ALWAYS_WATCHED: Final = ("arielml_load", "arielml_call")
_KERNELS: Final = ("arielml_kernels_start", "arielml_kernels_end")
_DISPATCH: Final = "_dispatch_"


@dataclass(frozen=True)
class Symbol:
    """A function: name, address without the Thumb bit, bytes (0: unknown)."""

    name: str
    address: int
    size: int


@dataclass(frozen=True)
class Program:
    """Bytes to load, and names for addresses.

    Attributes:
        segments: address and bytes, as a programmer would flash them.
        functions: sorted by address.
        watched: functions whose calls are counted.
        code: where executable segments run; RAM without any cannot be executed.
        stack: lowest and highest address of the stack, if the image says.
        entry: the first instruction, where the core does not take it from a table.
    """

    segments: tuple[tuple[int, bytes], ...]
    functions: tuple[Symbol, ...] = ()
    watched: tuple[Symbol, ...] = ()
    code: tuple[int, ...] = ()
    stack: tuple[int, int] | None = None
    entry: int = 0
    _addresses: list[int] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._addresses.extend(symbol.address for symbol in self.functions)

    def describe(self, address: int) -> str | None:
        """`function+offset` of the function that `address` is in, else `None`."""
        index = bisect.bisect_right(self._addresses, address) - 1
        if index < 0:
            return None
        symbol = self.functions[index]
        offset = address - symbol.address
        if symbol.size and offset >= symbol.size:
            return None
        return f"{symbol.name}+{offset:#x}" if offset else symbol.name


def load_program(path: Path) -> Program:
    """Reads an image. Raises: UsageError when the file is not a 32-bit ELF program."""
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            if elf.elfclass != 32 or not elf.little_endian:
                raise UsageError(
                    "the image is for another kind of machine",
                    where=str(path),
                    expected="a 32-bit little-endian ELF file",
                    found=f"{elf.elfclass}-bit, {'little' if elf.little_endian else 'big'}-endian",
                    advice="link it for this board",
                )
            # Load addresses: initial data lies in flash, as on a chip.
            segments = tuple(
                (segment["p_paddr"], segment.data())
                for segment in elf.iter_segments("PT_LOAD")
                if segment["p_filesz"]
            )
            code = tuple(
                segment["p_vaddr"]
                for segment in elf.iter_segments("PT_LOAD")
                if segment["p_flags"] & P_FLAGS.PF_X
            )
            functions, values = _symbols(elf)
            entry = elf["e_entry"]
    except (OSError, ELFError) as error:
        raise UsageError(
            "the image cannot be read",
            where=str(path),
            expected="an ELF file",
            found=str(error),
            advice="link it anew with --arielml-no-cache, or remove the cache: arielml doctor",
        ) from None
    stack = None
    if "__stack_bottom" in values and "__stack_top" in values:
        stack = (values["__stack_bottom"], values["__stack_top"])
    watched = _watched(functions, values)
    return Program(segments, functions, watched, code, stack, entry)


def _symbols(elf: ELFFile) -> tuple[tuple[Symbol, ...], dict[str, int]]:
    functions: dict[int, Symbol] = {}
    values: dict[str, int] = {}
    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return (), {}
    thumb = elf["e_machine"] == "EM_ARM"
    for entry in table.iter_symbols():
        if not entry.name or entry["st_shndx"] == "SHN_UNDEF":
            continue
        values[entry.name] = entry["st_value"]
        if entry["st_info"]["type"] == "STT_FUNC":
            address = entry["st_value"] & ~1 if thumb else entry["st_value"]
            known = functions.get(address)
            # Of two names for one place, the one that says its size.
            if known is None or known.size < entry["st_size"]:
                functions[address] = Symbol(entry.name, address, entry["st_size"])
    return tuple(sorted(functions.values(), key=lambda symbol: symbol.address)), values


def _watched(functions: tuple[Symbol, ...], values: dict[str, int]) -> tuple[Symbol, ...]:
    start, end = (values.get(name, 0) for name in _KERNELS)
    return tuple(
        symbol
        for symbol in functions
        if symbol.name in _ALWAYS_WATCHED
        or (start <= symbol.address < end and _DISPATCH in symbol.name)
    )
