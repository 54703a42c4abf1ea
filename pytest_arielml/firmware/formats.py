"""An image as a file for tools that do not read ELF."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile

from pytest_arielml.boards import Board
from pytest_arielml.errors import UsageError

# https://github.com/microsoft/uf2: blocks of 512 bytes, 256 of them data.
_UF2_BEGIN: Final = (0x0A324655, 0x9E5D5157)
_UF2_END: Final = 0x0AB16F30
_UF2_HAS_FAMILY: Final = 0x2000
_UF2_DATA: Final = 256
_UF2_ROOM: Final = 476
#: Whose start-up code an image has, to the family that the boot ROM asks for.
_UF2_FAMILIES: Final[Mapping[str, int]] = {"rp2040": 0xE48BFF56, "rp2350": 0xE48BFF59}


def image_bytes(elf: Path, board: Board, form: str) -> bytes:
    """The image as a file: `elf`; `bin`, from the start of flash; or `uf2`, for a USB disk.

    Raises: UsageError for a form that there is not, or not for this board.
    """
    make = _FORMS.get(form)
    if make is None:
        raise UsageError(
            f"images are not written as {form or 'a file without a suffix'}",
            expected="a file that ends in one of: " + ", ".join(f".{each}" for each in _FORMS),
            advice="give the file another suffix",
        )
    return make(elf, board)


def _elf(elf: Path, _: Board) -> bytes:
    return elf.read_bytes()


def _binary(elf: Path, board: Board) -> bytes:
    with elf.open("rb") as file:
        loaded = [
            (segment["p_paddr"], segment.data())
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_filesz"]
        ]
    if board.boot is not None:
        raise UsageError(
            f"an image of {board.name} is in two flashes, which one .bin cannot say",
            expected="a file that ends in .elf",
            advice="write an .elf, which tools that flash both take",
        )
    origin = board.flash.origin
    end = max(address + len(data) for address, data in loaded)
    image = bytearray(b"\xff" * (end - origin))
    for address, data in loaded:
        image[address - origin : address - origin + len(data)] = data
    return bytes(image)


def _uf2(elf: Path, board: Board) -> bytes:
    family = _UF2_FAMILIES.get(board.support)
    if family is None:
        raise UsageError(
            f"{board.name} takes no .uf2",
            expected=f"one of: {', '.join(_UF2_FAMILIES)}",
            advice="write an .elf or a .bin",
        )
    image = _binary(elf, board)
    count = -(-len(image) // _UF2_DATA)
    blocks = []
    for number in range(count):
        data = image[number * _UF2_DATA :][:_UF2_DATA].ljust(_UF2_DATA, b"\xff")
        address = board.flash.origin + number * _UF2_DATA
        blocks.append(
            struct.pack(
                f"<8I{_UF2_ROOM}sI",
                *_UF2_BEGIN,
                _UF2_HAS_FAMILY,
                address,
                _UF2_DATA,
                number,
                count,
                family,
                data,
                _UF2_END,
            )
        )
    return b"".join(blocks)


_FORMS: Final[Mapping[str, Callable[[Path, Board], bytes]]] = {
    "elf": _elf,
    "bin": _binary,
    "uf2": _uf2,
}
