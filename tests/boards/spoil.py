"""Images whose load of a model goes wrong in a way of the test's choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from elftools.elf.elffile import ELFFile

from pytest_arielml.firmware import Image


def load_address(image: Image) -> int:
    """Where the load of a model begins, without Thumb's bit."""
    return image.symbols.address("arielml_load") & ~1


def spoilt(image: Image, code: bytes, folder: Path) -> Image:
    """The image with `code` where the load of a model begins."""
    address = load_address(image)
    data = bytearray(image.elf.read_bytes())
    with image.elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            offset = address - segment["p_vaddr"]
            if 0 <= offset < segment["p_filesz"]:
                start = segment["p_offset"] + offset
                data[start : start + len(code)] = code
    path = folder / "spoilt.elf"
    path.write_bytes(data)
    return replace(image, elf=path)
