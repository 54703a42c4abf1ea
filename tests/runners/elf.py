"""Writes the smallest ELF files a loader can read, for tests."""

from __future__ import annotations

import struct
from pathlib import Path

ARM, RISCV = 40, 243
FUNCTION, OBJECT, NOTHING = 2, 1, 0


def write_elf(
    path: Path,
    segments: list[tuple[int, int, bytes]],
    symbols: list[tuple[str, int, int, int]],
    *,
    machine: int = ARM,
    entry: int = 0,
    elf_class: int = 1,
) -> Path:
    """Segments: virtual address, load address, bytes. Symbols: name, value, size, type."""
    names = b"\0.symtab\0.strtab\0"
    strings, table = bytearray(b"\0"), bytearray(16)
    for name, value, size, kind in symbols:
        table += struct.pack("<IIIBBH", len(strings), value, size, kind, 0, 0xFFF1)
        strings += name.encode() + b"\0"
    start = 52 + 32 * len(segments)
    body, headers = bytearray(), bytearray()
    for virtual, load, data in segments:
        offset = start + len(body)
        headers += struct.pack("<8I", 1, offset, virtual, load, len(data), len(data) + 8, 7, 4)
        body += data
    places = []
    for part in (bytes(table), bytes(strings), names):
        places.append((start + len(body), len(part)))
        body += part
    sections = bytes(40)
    for title, kind, place, link, size in (
        (1, 2, places[0], 2, 16),
        (9, 3, places[1], 0, 0),
        (9, 3, places[2], 0, 0),
    ):
        sections += struct.pack("<10I", title, kind, 0, 0, *place, link, 0, 1, size)
    header = b"\x7fELF" + bytes([elf_class, 1, 1]) + bytes(9)
    header += struct.pack(
        "<HHIIIIIHHHHHH",
        2, machine, 1, entry, 52, start + len(body), 0, 52, 32, len(segments), 40, 4, 3,
    )  # fmt: skip
    path.write_bytes(header + headers + body + sections)
    return path
