"""Names and addresses of an image."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

_ARM: Final = "EM_ARM"


@dataclass(frozen=True)
class Symbol:
    """A symbol: `size` in bytes, 0 where the linker knows none.

    The address of a function is that of its first instruction (Thumb's bit 0
    is cleared).
    """

    name: str
    address: int
    size: int
    is_function: bool


@dataclass(frozen=True)
class Location:
    """A place in the code: `offset` bytes into the function `name`."""

    name: str
    offset: int

    def __str__(self) -> str:
        return f"{self.name}+{self.offset:#x}"


class Symbols:
    """The symbol table of an ELF file."""

    def __init__(self, elf: Path) -> None:
        self._all = read_symbols(elf)
        self._addresses = {symbol.name: symbol.address for symbol in self._all}
        self._functions = sorted(
            (symbol for symbol in self._all if symbol.is_function and symbol.size),
            key=lambda symbol: symbol.address,
        )
        self._starts = [symbol.address for symbol in self._functions]

    def __contains__(self, name: str) -> bool:
        return name in self._addresses

    def address(self, name: str) -> int:
        """The address of `name`; a function's without Thumb's bit. Raises: KeyError."""
        return self._addresses[name]

    def nearest(self, pc: int) -> Location | None:
        """The function that the instruction at `pc` belongs to, if any does."""
        index = bisect.bisect_right(self._starts, pc & ~1) - 1
        if index < 0:
            return None
        function = self._functions[index]
        offset = (pc & ~1) - function.address
        return Location(function.name, offset) if offset < function.size else None


def read_symbols(elf: Path) -> list[Symbol]:
    """Every named symbol of an ELF file that is on the board.

    Marks of code and data are left out, and names of what is not loaded:
    their addresses are those of something else.
    """
    found = []
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        thumb = file["e_machine"] == _ARM
        unloaded = {
            index
            for index, section in enumerate(file.iter_sections())
            if not section["sh_flags"] & SH_FLAGS.SHF_ALLOC
        }
        for section in file.iter_sections():
            if not isinstance(section, SymbolTableSection):
                continue
            for symbol in section.iter_symbols():
                if not symbol.name or symbol.name.startswith(("$t", "$d", "$a", "$x")):
                    continue
                if symbol["st_shndx"] in unloaded:
                    continue
                is_function = symbol["st_info"]["type"] == "STT_FUNC"
                address = symbol["st_value"] & ~1 if is_function and thumb else symbol["st_value"]
                found.append(Symbol(symbol.name, address, symbol["st_size"], is_function))
    return found
