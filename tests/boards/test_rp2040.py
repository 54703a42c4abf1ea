"""An image for the Raspberry Pi Pico: how it boots, what it says of a fault."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from spoil import load_address, spoilt
from unicorn import Uc, arm_const, unicorn_const

from pytest_arielml.boards import load_board
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu.runner import EmuRunner
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.wire import Client

BOARD = load_board("rp2040")
# Where the ROM puts the boot block, at the end of RAM.
BLOCK = 0x2004_1F00
SSI = 0x1800_0000
VTOR = 0xE000_ED08


@pytest.fixture(scope="module")
def deployment(lenet5_model: Path) -> Iterator[Deployment]:
    with Workbench("emu-rp2040") as bench:
        yield bench.deploy(lenet5_model, cores=1)


@pytest.fixture(scope="module")
def flash(deployment: Deployment) -> bytes:
    """The first 512 bytes of flash."""
    with deployment.image.elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            if segment["p_paddr"] == BOARD.flash.origin:
                return bytes(segment.data()[:512])
    raise AssertionError("nothing lies at the start of flash")


def crc(data: bytes) -> int:
    """CRC-32 as the RP2040's ROM computes it: not reflected, not inverted."""
    value = 0xFFFF_FFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = value << 1 ^ (0x04C1_1DB7 if value >> 31 else 0)
            value &= 0xFFFF_FFFF
    return value


def test_the_rom_accepts_the_boot_block(flash: bytes) -> None:
    # The check value of CRC-32/MPEG-2, which this is.
    assert crc(b"123456789") == 0x0376_E6E7
    assert crc(flash[:252]) == int.from_bytes(flash[252:256], "little")


def test_the_boot_block_sets_flash_up_and_starts_the_image(
    flash: bytes, deployment: Deployment
) -> None:
    symbols = deployment.image.symbols
    reset = symbols.address("arielml_reset_rp2040") & ~1
    written: list[tuple[int, int]] = []

    def on_write(_: Uc, __: int, address: int, ___: int, value: int, ____: object) -> None:
        written.append((address, value))

    uc = Uc(unicorn_const.UC_ARCH_ARM, unicorn_const.UC_MODE_THUMB)
    uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M0)
    for address, size in ((0x1000_0000, 1 << 20), (SSI, 0x1000), (0x2000_0000, 0x42000)):
        uc.mem_map(address, size)
    uc.mem_map(VTOR & ~0xFFF, 0x1000)
    uc.mem_write(BOARD.flash.origin, flash)
    uc.mem_write(BLOCK, flash[:256])
    uc.hook_add(unicorn_const.UC_HOOK_MEM_WRITE, on_write)
    uc.emu_start(BLOCK | 1, reset, count=1000)

    assert uc.reg_read(arm_const.UC_ARM_REG_PC) == reset
    assert uc.reg_read(arm_const.UC_ARM_REG_SP) == symbols.address("__stack_top")
    off, *settings, on, vectors = written
    # It can be set up only while it is off.
    assert (off, on) == ((SSI + 0x08, 0), (SSI + 0x08, 1))
    assert dict(settings) == {
        SSI + 0x14: 4,  # BAUDR
        SSI + 0x00: 0x001F_0300,  # CTRLR0: 32-bit frames, command then data
        SSI + 0xF4: 0x0300_0218,  # SPI_CTRLR0: 03h of 8 bits, 24 bits of address
        SSI + 0x04: 0,  # CTRLR1: one frame
    }
    assert vectors == (VTOR, BOARD.vectors)


def test_vectors_lie_behind_the_boot_block(flash: bytes, deployment: Deployment) -> None:
    symbols = deployment.image.symbols
    stack, reset, nmi, hard_fault, *others = struct.unpack_from("<16I", flash, 0x100)
    assert stack == symbols.address("__stack_top")
    assert reset == symbols.address("arielml_reset_rp2040") | 1
    assert nmi == hard_fault
    assert nmi & 1
    # The other three are faults that Armv6-M does not have.
    assert others[3:] == [0] * 9


def test_a_fault_on_the_chip_is_reported(
    deployment: Deployment, flash: bytes, tmp_path: Path
) -> None:
    """The emulator stops at a fault; here the program goes where the core would."""
    (handler,) = struct.unpack_from("<I", flash, 0x10C)
    aligned = load_address(deployment.image) % 4 == 0
    jump = (0x4B00, 0x4718) if aligned else (0x4B01, 0x4718, 0x46C0)  # ldr r3, =handler; bx r3
    code = struct.pack(f"<{len(jump)}HI", *jump, handler)
    machine = EmuRunner().boot(spoilt(deployment.image, code, tmp_path), BOARD, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    client.wait_for_greeting()
    with pytest.raises(GuestFault, match="cause unknown"):
        client.load()
    machine.close()
