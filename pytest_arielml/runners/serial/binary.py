"""An image as bytes, for tools that do not read ELF."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile

from pytest_arielml.boards import Region


def flat(elf: Path, flash: Region) -> tuple[int, bytes]:
    """Where the image begins in `flash`, and its bytes from there; gaps are as erased.

    Raises: ValueError when a segment lies elsewhere.
    """
    with elf.open("rb") as file:
        segments = [
            (segment["p_paddr"], segment.data())
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_filesz"]
        ]
    for address, data in segments:
        if address < flash.origin or address + len(data) > flash.end:
            raise ValueError(f"{elf} has bytes at {address:#010x}, which is not in flash")
    begin = min(address for address, _ in segments)
    end = max(address + len(data) for address, data in segments)
    image = bytearray(b"\xff" * (end - begin))
    for address, data in segments:
        image[address - begin : address - begin + len(data)] = data
    return begin, bytes(image)
