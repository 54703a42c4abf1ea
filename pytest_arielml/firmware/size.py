"""Where the bytes of an image go."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile

from pytest_arielml.boards import Board
from pytest_arielml.firmware import script
from pytest_arielml.firmware.symbols import Symbol, read_symbols

VM: Final = "VM"
HAL: Final = "HAL"
ARENA: Final = "arena"
SCHEDULER: Final = "scheduler"
AGENT: Final = "agent"
LIBRARIES: Final = "libraries"
BOARD_SUPPORT: Final = "board support"
MODEL_CODE: Final = "model code"
KERNEL_CONSTANTS: Final = "kernel constants"
WEIGHTS: Final = "weights"
BYTECODE: Final = "bytecode"
INITIAL_DATA: Final = "initial data"
OTHER: Final = "other"

# What has no crate of these in its name (memcpy, roundf, what `core` has) is
# the libraries'.
_CRATES: Final = {
    "arielml_vm": VM,
    "arielml_hal": HAL,
    "arielml_arena": ARENA,
    "linked_list_allocator": ARENA,
    "arielml_scheduler": SCHEDULER,
    "arielml_agent": AGENT,
    "arielml_mlperf": AGENT,
    "arielml_bsp": BOARD_SUPPORT,
    "arielml": BOARD_SUPPORT,
}
# The measured entries, which have most of the loader inlined, and the parts
# that the linker picks.
_PREFIXES: Final = {
    "arielml_load": VM,
    "arielml_call": VM,
    "arielml_part_vm_": VM,
    "arielml_part_hal_": HAL,
    "arielml_reset_": BOARD_SUPPORT,
}
# What `core` makes for a type (how to drop it, a closure) is the type's.
_CORE: Final = ("core", "alloc")
_TYPE: Final = re.compile(r"arielml_(?:vm|hal|arena|scheduler|agent|mlperf|bsp)(?![a-z_])")

# https://doc.rust-lang.org/rustc/symbol-mangling/v0.html: the first crate root
# of a symbol is where it was written. Legacy names begin with it.
_V0: Final = re.compile(r"_R.*?C(?:s[0-9A-Za-z]*_)?(\d+)_?([0-9A-Za-z_]+)")
_LEGACY: Final = re.compile(r"_ZN(\d+)(.*)")
_LEGACY_CRATE: Final = re.compile(r"(?:_\$LT\$)?([0-9A-Za-z_]*[0-9A-Za-z])")
# LLVM's names for constants that have none: they could be any crate's.
_ANONYMOUS: Final = (".Lanon.", "anon.", ".L__unnamed_")
# And for the tables of a function, whose name follows.
_TABLE: Final = ".Lswitch.table."


@dataclass(frozen=True)
class SizeReport:
    """Sizes of an image, in bytes.

    Attributes:
        flash: from the start of flash to the end of the image.
        ram_static: `.data` and `.bss`.
        stacks: reserved for the stacks of all cores.
        parts: what makes up `flash`, to which they sum; `other` is padding
            and constants that carry no name.
    """

    flash: int
    ram_static: int
    stacks: int
    parts: Mapping[str, int]

    def largest(self, count: int = 4) -> list[tuple[str, int]]:
        """The largest parts of flash, largest first."""
        return Counter(self.parts).most_common(count)


def measure(elf: Path, board: Board) -> SizeReport:
    """The sizes of an image that was linked with the board's script."""
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        sections = {
            section.name: (section["sh_addr"], section["sh_size"])
            for section in file.iter_sections()
        }
        # The image's end in flash: the load addresses say it, `.data` included.
        end = max(
            segment["p_paddr"] + segment["p_filesz"]
            for segment in file.iter_segments()
            if segment["p_type"] == "PT_LOAD"
            and segment["p_filesz"]
            and not (board.boot and segment["p_paddr"] == board.boot.origin)
        )
        contents = file.get_section_by_name(script.MODULE)
        module: bytes = contents.data() if contents else b""

    def size(name: str) -> int:
        return sections.get(name, (0, 0))[1]

    bytecode = bytecode_length(module)
    flash = end - board.flash.origin
    parts = Counter(
        {
            BOARD_SUPPORT: size(script.VECTORS),
            MODEL_CODE: size(script.KERNELS),
            KERNEL_CONSTANTS: size(script.KERNEL_CONSTANTS),
            BYTECODE: bytecode,
            WEIGHTS: len(module) - bytecode,
            INITIAL_DATA: size(script.DATA),
        }
    )
    symbols = read_symbols(elf)
    for name in (script.TEXT, script.RODATA):
        if name in sections:
            parts.update(_by_crate(symbols, *sections[name]))
    parts[OTHER] += flash - parts.total()
    return SizeReport(
        flash=flash,
        ram_static=size(script.DATA) + size(script.BSS),
        stacks=size(script.STACK),
        parts=dict(parts),
    )


def bytecode_length(module: bytes) -> int:
    """Bytes of a .vmfb before its weights.

    A .vmfb is a FlatBuffer with its size in the first four bytes; rodata
    that is large follows it, aligned to 64 bytes.
    """
    if len(module) < 4:
        return len(module)
    (length,) = struct.unpack_from("<I", module)
    return min(len(module), 4 + int(length))


def _by_crate(symbols: list[Symbol], start: int, size: int) -> Counter[str]:
    """Bytes of a section by part; bytes that several symbols name count once."""
    parts: Counter[str] = Counter()
    end = start + size
    within = (symbol for symbol in symbols if start <= symbol.address < end and symbol.size)
    for symbol in sorted(within, key=lambda symbol: (symbol.address, -symbol.size)):
        until = min(symbol.address + symbol.size, end)
        if until > start:
            parts[part_of(symbol.name)] += until - max(symbol.address, start)
            start = until
    return parts


def part_of(name: str) -> str:
    """The part that a symbol of the runtime archive belongs to."""
    name = name.removeprefix(_TABLE)
    if name.startswith(_ANONYMOUS):
        return OTHER
    for prefix, part in _PREFIXES.items():
        if name.startswith(prefix):
            return part
    crate = crate_of(name)
    if crate in _CORE and (owner := _TYPE.search(name)):
        crate = owner[0]
    return _CRATES.get(crate or "", LIBRARIES)


def crate_of(name: str) -> str | None:
    """The crate in a mangled Rust name; None for a name that is not Rust's."""
    if match := _V0.match(name):
        return match[2][: int(match[1])]
    if match := _LEGACY.match(name):
        crate = _LEGACY_CRATE.match(match[2][: int(match[1])])
        return crate[1] if crate else None
    return None
