"""What an object file of kernels holds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from pytest_arielml.errors import CompileError

_QUERY: Final = "_library_query"
#: What the names of our own kernels begin with; a number follows, and what they compute.
KERNEL_NAME: Final = "kernel_dispatch_"
# The end of the name of the section with pointers to the dispatch functions.
_TABLE: Final = "_query_v0_funcs"


def library_symbols(path: Path) -> tuple[str, tuple[str, ...]]:
    """The query function of an object, and its kernels by their numbers in the library.

    Raises: CompileError when there is not exactly one query function, with
    the table of its kernels.
    """
    with path.open("rb") as stream:
        file = ELFFile(stream)
        queries = [
            symbol.name
            for section in file.iter_sections()
            if isinstance(section, SymbolTableSection)
            for symbol in section.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
            and symbol["st_info"]["bind"] == "STB_GLOBAL"
            and symbol.name.endswith(_QUERY)
        ]
        kernels = _kernels(file)
    if len(queries) != 1 or not kernels:
        raise CompileError(
            "the compiled kernels cannot be found",
            where=str(path),
            expected=f"one function whose name ends in {_QUERY}, and a table of kernels",
            found=", ".join(queries) or "none",
            advice="this release works with the iree-base-compiler that it pins",
        )
    return queries[0], kernels


def _kernels(file: ELFFile) -> tuple[str, ...]:
    """The dispatch functions, in the order of the library's table of pointers to them."""
    found: list[tuple[int, str]] = []
    for section in file.iter_sections():
        if not isinstance(section, RelocationSection) or not section.name.endswith(_TABLE):
            continue
        symbols = file.get_section(section["sh_link"])
        assert isinstance(symbols, SymbolTableSection)
        for relocation in section.iter_relocations():
            symbol = symbols.get_symbol(relocation["r_info_sym"])
            name = symbol.name
            if symbol["st_info"]["type"] == "STT_SECTION":
                name = file.get_section(symbol["st_shndx"]).name.removeprefix(".text.")
            found.append((relocation["r_offset"], name))
    return tuple(name for _, name in sorted(found))
