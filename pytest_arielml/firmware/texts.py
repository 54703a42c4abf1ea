"""The sentences of the runtime in an image's ELF."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile

from pytest_arielml.firmware import script


class Texts:
    """Sentences by where they begin in the section `.arielml.texts`, each NUL-terminated.

    The device sends numbers, so that the sentences take no flash.
    """

    def __init__(self, elf: Path) -> None:
        with elf.open("rb") as stream:
            section = ELFFile(stream).get_section_by_name(script.TEXTS)
            self._bytes: bytes = section.data() if section else b""

    def __call__(self, start: int) -> str:
        """The sentence that begins at `start`; what to say when there is none."""
        # Every sentence follows the NUL of the one before.
        if not 0 < start < len(self._bytes) or self._bytes[start - 1]:
            return f"error {start:#x}, which this image has no sentence for"
        return self._bytes[start : self._bytes.find(0, start)].decode("utf-8", "replace")
