"""A linked program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_arielml.firmware.size import SizeReport
from pytest_arielml.firmware.symbols import Symbols
from pytest_arielml.firmware.texts import Texts


@dataclass(frozen=True)
class Image:
    """A program for a board, with everything that it needs.

    Attributes:
        elf: the program. Beside it are what it was linked from and its map.
        size: where its bytes go.
        identity: the 8 bytes that it names itself by on the wire.
        kernels: symbols of the model's dispatch functions.
        digest: of everything that it was made from, in hex.
    """

    elf: Path
    size: SizeReport
    identity: bytes
    kernels: tuple[str, ...]
    digest: str

    @cached_property
    def symbols(self) -> Symbols:
        """Names and addresses, read when first asked for."""
        return Symbols(self.elf)

    @cached_property
    def texts(self) -> Texts:
        """What the runtime's errors say, read when first asked for."""
        return Texts(self.elf)
