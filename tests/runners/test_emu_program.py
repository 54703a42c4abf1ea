"""What is taken from an ELF file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import pytest
from elf import FUNCTION, NOTHING, OBJECT, RISCV, write_elf
from emulated import ORIGIN, RAM, STACK, board, echo
from thumb import Thumb

from pytest_arielml.errors import UsageError
from pytest_arielml.runners.emu import EmuRunner
from pytest_arielml.runners.emu.program import Symbol, load_program

SYMBOLS = [
    ("reset", 0x401, 0x20, FUNCTION),
    ("arielml_call", 0x421, 0x10, FUNCTION),
    ("arielml_load", 0x441, 0, FUNCTION),
    ("main_dispatch_0_conv", 0x501, 0x40, FUNCTION),
    ("memset_dispatch_table", 0x600, 4, OBJECT),
    ("helper", 0x541, 0x10, FUNCTION),
    ("not_a_dispatch_1", 0x601, 8, FUNCTION),
    ("arielml_kernels_start", 0x500, 0, NOTHING),
    ("arielml_kernels_end", 0x580, 0, NOTHING),
    ("__stack_bottom", RAM, 0, NOTHING),
    ("__stack_top", RAM + 0x1000, 0, NOTHING),
]


@dataclass
class Image:
    elf: Path


def test_segments_are_at_their_load_address(tmp_path: Path) -> None:
    segments = [(0, 0, b"vectors."), (RAM + 0x1000, 0x2000, b"data")]
    loaded = load_program(write_elf(tmp_path / "image.elf", segments, []))
    assert loaded.segments == ((0, b"vectors."), (0x2000, b"data"))
    assert loaded.watched == ()
    assert loaded.stack is None


def test_entries_and_dispatch_functions_are_watched(tmp_path: Path) -> None:
    loaded = load_program(write_elf(tmp_path / "image.elf", [(0, 0, b"x")], SYMBOLS))
    assert loaded.watched == (
        Symbol("arielml_call", 0x420, 0x10),
        Symbol("arielml_load", 0x440, 0),
        Symbol("main_dispatch_0_conv", 0x500, 0x40),
    )
    assert loaded.stack == (RAM, RAM + 0x1000)


def test_addresses_have_names(tmp_path: Path) -> None:
    loaded = load_program(write_elf(tmp_path / "image.elf", [(0, 0, b"x")], SYMBOLS))
    assert loaded.describe(0x400) == "reset"
    assert loaded.describe(0x42A) == "arielml_call+0xa"
    assert loaded.describe(0x430) is None  # behind arielml_call
    assert loaded.describe(0x460) == "arielml_load+0x20"  # its size is not known
    assert loaded.describe(0x10) is None


def test_riscv_starts_at_the_entry(tmp_path: Path) -> None:
    path = write_elf(tmp_path / "image.elf", [(0, 0, b"x")], [], machine=RISCV, entry=0x80)
    assert load_program(path).entry == 0x80


@pytest.mark.parametrize("content", [b"", b"not an ELF file at all", b"\x7fELF"])
def test_what_is_no_elf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image.elf"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read") as error:
        load_program(path)
    assert error.value.where == str(path)


def test_a_64_bit_file_is_refused(tmp_path: Path) -> None:
    path = write_elf(tmp_path / "image.elf", [], [], elf_class=2)
    with pytest.raises(UsageError):
        load_program(path)


def test_the_runner_boots_an_image(tmp_path: Path) -> None:
    code = Thumb(ORIGIN)
    echo(code)
    vectors = struct.pack("<II", STACK[1], ORIGIN | 1)
    segments = [(0, 0, vectors), (ORIGIN, ORIGIN, code.finish())]
    image = Image(write_elf(tmp_path / "image.elf", segments, SYMBOLS))
    machine = EmuRunner().boot(image, board(), timeout=5.0)
    machine.stream.write(b"hello")
    assert machine.stream.read(5.0) == b"hello"
    assert set(machine.counters().spans) >= {"arielml_load", "arielml_call"}
    machine.close()
