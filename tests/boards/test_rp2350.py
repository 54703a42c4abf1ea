"""An image for the Raspberry Pi Pico 2: how it boots, what it says of a fault."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from spoil import load_address, spoilt

from pytest_arielml.boards import load_board
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu.runner import EmuRunner
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.wire import Client

BOARD = load_board("rp2350")
# RP2350 Datasheet, "Block Loops": where the ROM searches, and what blocks are made of.
SEARCHED = 4096
BEGIN, END = 0xFFFF_DED3, 0xAB12_3579
LAST = 0xFF


@pytest.fixture(scope="module")
def deployment(lenet5_model: Path) -> Iterator[Deployment]:
    with Workbench("emu-rp2350") as bench:
        yield bench.deploy(lenet5_model, cores=1)


@pytest.fixture(scope="module")
def flash(deployment: Deployment) -> bytes:
    """The bytes of flash that the ROM searches."""
    with deployment.image.elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            if segment["p_paddr"] == BOARD.flash.origin:
                return bytes(segment.data()[:SEARCHED])
    raise AssertionError("nothing lies at the start of flash")


def items(block: bytes) -> tuple[dict[int, bytes], int]:
    """The items of a block behind its marker, by type, and where the next block is."""
    found: dict[int, bytes] = {}
    at = 0
    while block[at] != LAST:
        kind, words = block[at], block[at + 1]
        assert kind < 0x80, "only items of the short kind are read here"
        assert words > 0
        found[kind] = block[at : at + 4 * words]
        at += 4 * words
    (words,) = struct.unpack_from("<H", block, at + 1)
    assert 4 * words == at, "the last item counts the others"
    distance, end = struct.unpack_from("<iI", block, at + 4)
    assert end == END
    return found, distance


def test_the_rom_finds_one_image_definition(flash: bytes, deployment: Deployment) -> None:
    marker = struct.pack("<I", BEGIN)
    places = [at for at in range(0, len(flash) - 4, 4) if flash[at : at + 4] == marker]
    assert len(places) == 1
    found, distance = items(flash[places[0] + 4 :])
    assert distance == 0, "a loop of one block"
    assert set(found) == {0x42, 0x03}
    _, kind = struct.unpack("<HH", found[0x42])
    # Executable, secure, Arm, RP2350; not to be tried before it is bought.
    assert (kind & 15, kind >> 4 & 3, kind >> 8 & 7, kind >> 12 & 7, kind >> 15) == (1, 2, 0, 1, 0)
    _, vectors = struct.unpack("<II", found[0x03])
    assert vectors == BOARD.vectors
    # VTOR has the bits from 7 on.
    assert vectors % 128 == 0
    stack, reset, *others = struct.unpack_from("<16I", flash, vectors - BOARD.flash.origin)
    symbols = deployment.image.symbols
    assert stack == symbols.address("__stack_top")
    assert reset == symbols.address("arielml_reset_rp2350") | 1
    assert len(set(others[:6])) == 1
    assert others[0] & 1
    assert others[6:] == [0] * 8


def test_a_fault_on_the_chip_is_reported(
    deployment: Deployment, flash: bytes, tmp_path: Path
) -> None:
    """The emulator stops at a fault; here the program goes where the core would."""
    (handler,) = struct.unpack_from("<I", flash, 0x8C)
    aligned = load_address(deployment.image) % 4 == 0
    jump = (0x4B00, 0x4718) if aligned else (0x4B01, 0x4718, 0x46C0)  # ldr r3, =handler; bx r3
    code = struct.pack(f"<{len(jump)}HI", *jump, handler)
    machine = EmuRunner().boot(spoilt(deployment.image, code, tmp_path), BOARD, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    client.wait_for_greeting()
    with pytest.raises(GuestFault, match="cause unknown"):
        client.load()
    machine.close()
