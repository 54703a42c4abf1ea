"""What an object file of kernels holds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from pytest_arielml.errors import CompileError

_QUERY: Final = "_library_query"
#: What the names of our own kernels begin with; a number follows, and what they compute.
KERNEL_NAME: Final = "kernel_dispatch_"
_DISPATCH: Final = "_dispatch_"


def library_symbols(path: Path) -> tuple[str, tuple[str, ...]]:
    """The query function of an object, and its kernels in the order of their numbers.

    Raises: CompileError when there is not exactly one query function.
    """
    queries, kernels = [], []
    with path.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            if not isinstance(section, SymbolTableSection):
                continue
            for symbol in section.iter_symbols():
                if symbol["st_info"]["type"] != "STT_FUNC":
                    continue
                if symbol["st_info"]["bind"] == "STB_GLOBAL" and symbol.name.endswith(_QUERY):
                    queries.append(symbol.name)
                elif _DISPATCH in symbol.name:
                    kernels.append(symbol.name)
    if len(queries) != 1:
        raise CompileError(
            "the compiled kernels cannot be found",
            where=str(path),
            expected=f"one function whose name ends in {_QUERY}",
            found=", ".join(queries) or "none",
            advice="this release works with the iree-base-compiler that it pins",
        )
    return queries[0], tuple(sorted(kernels, key=_number))


def _number(kernel: str) -> tuple[int, str]:
    """`main$async_dispatch_3_conv...` is the third dispatch function."""
    digits = kernel.partition(_DISPATCH)[2].partition("_")[0]
    return (int(digits) if digits.isdigit() else -1, kernel)
