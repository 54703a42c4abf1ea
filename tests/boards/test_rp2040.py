"""An image for the Raspberry Pi Pico: how it starts, what it computes, what it costs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from unicorn import Uc, arm_const, unicorn_const

from pytest_arielml.boards import load_board
from pytest_arielml.errors import GuestFault
from pytest_arielml.golden import read
from pytest_arielml.runners.emu.runner import EmuRunner
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.wire import Client

ROOT = Path(__file__).parents[2]
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


def digits(lenet5_model: Path, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with np.load(lenet5_model.parent / "digits-500.npz") as file:
        images: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = (
            file["images"][:count].astype(np.float32)[:, None, None] / 255
        )
    return images


def test_digits_are_those_of_the_golden(deployment: Deployment, lenet5_model: Path) -> None:
    # A fifth of them: a digit takes five times as long as on a Cortex-M4F.
    count = 100
    golden = read(ROOT / "golden" / "lenet5-int8.npz")
    expected = golden.outputs[0][:count]
    found = np.stack([deployment.run(image).output for image in digits(lenet5_model, count)])
    np.testing.assert_array_equal(found, expected)


def test_costs(deployment: Deployment, lenet5_model: Path) -> None:
    """Ceilings that a change may lower and must not raise unawares."""
    (image,) = digits(lenet5_model, 1)
    deployment.run(image)
    first, second = deployment.run(image), deployment.run(image)
    assert first.instructions == second.instructions
    assert first.memory == second.memory
    assert first.instructions is not None
    assert first.overhead is not None
    assert first.instructions <= 3_800_000
    assert first.overhead <= 32_000
    # By DDI 0484, at 125 MHz.
    assert first.seconds is not None
    assert first.seconds <= 0.050
    assert deployment.size.flash <= 130 * 1024
    assert deployment.size.ram <= 19 * 1024


def test_it_says_what_it_is_and_resets(deployment: Deployment) -> None:
    machine = EmuRunner().boot(deployment.image, BOARD, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    first = client.wait_for_greeting()
    assert (first.board, first.cores) == ("rp2040", 2)
    assert (first.clock_hz, first.ticks_hz) == (125_000_000, BOARD.timer.hz)
    assert first.stack_size == BOARD.stack
    before = client.load()
    assert client.reset() == first
    assert machine.resets == 1
    assert client.load().heap_peak == before.heap_peak
    machine.close()


def test_ticks_are_microseconds(deployment: Deployment) -> None:
    machine = EmuRunner().boot(deployment.image, BOARD, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    client.wait_for_greeting()
    loaded = client.load()
    span = machine.counters().spans["arielml_load"]
    # The ticks are of a little more than the function that is counted.
    assert span.cycles / 125 - 1 <= loaded.ticks <= span.cycles / 125 * 1.05
    machine.close()


def test_a_fault_on_the_chip_is_reported(
    deployment: Deployment, flash: bytes, tmp_path: Path
) -> None:
    """The emulator stops at a fault; here the program goes where the core would."""
    (handler,) = struct.unpack_from("<I", flash, 0x10C)
    address = deployment.image.symbols.address("arielml_load") & ~1
    aligned = address % 4 == 0
    jump = (0x4B00, 0x4718) if aligned else (0x4B01, 0x4718, 0x46C0)  # ldr r3, =handler; bx r3
    code = struct.pack(f"<{len(jump)}HI", *jump, handler)
    data = bytearray(deployment.image.elf.read_bytes())
    with deployment.image.elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            offset = address - segment["p_vaddr"]
            if 0 <= offset < segment["p_filesz"]:
                start = segment["p_offset"] + offset
                data[start : start + len(code)] = code
    spoilt = tmp_path / "spoilt.elf"
    spoilt.write_bytes(data)
    machine = EmuRunner().boot(replace(deployment.image, elf=spoilt), BOARD, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    client.wait_for_greeting()
    with pytest.raises(GuestFault, match="cause unknown"):
        client.load()
    machine.close()
