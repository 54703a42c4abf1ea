"""Images for the MPS2 boards: their files, how they are laid out, how they start."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from unicorn import Uc, arm_const, unicorn_const

from pytest_arielml.boards import Board, Core, Region, Timer, Uart, load_board
from pytest_arielml.session import Deployment, Workbench

MIB = 1 << 20
MPU = 0xE000_ED90


@dataclass(frozen=True)
class Expected:
    """A board by its application note."""

    core: Core
    architecture: str
    flash: int
    ram: int
    uart: int
    timer: int
    model: int
    cores: int = 1


BOARDS = {
    "mps2-an385": Expected(
        core=Core("cortex-m3", False, 25_000_000),
        architecture="thumbv7m-none-eabi",
        flash=0,
        ram=0x2000_0000,
        uart=0x4000_4000,
        timer=0x4000_0000,
        model=arm_const.UC_CPU_ARM_CORTEX_M3,
    ),
    "mps2-an386": Expected(
        core=Core("cortex-m4", True, 25_000_000),
        architecture="thumbv7em-none-eabihf",
        flash=0,
        ram=0x2000_0000,
        uart=0x4000_4000,
        timer=0x4000_0000,
        model=arm_const.UC_CPU_ARM_CORTEX_M4,
    ),
    "mps2-an500": Expected(
        core=Core("cortex-m7", True, 25_000_000),
        architecture="thumbv7em-none-eabihf",
        flash=0,
        ram=0x2000_0000,
        uart=0x4000_4000,
        timer=0x4000_0000,
        model=arm_const.UC_CPU_ARM_CORTEX_M7,
    ),
    "mps2-an505": Expected(
        core=Core("cortex-m33", True, 20_000_000),
        architecture="thumbv8m.main-none-eabihf",
        flash=0x1000_0000,
        ram=0x3800_0000,
        uart=0x5020_0000,
        timer=0x5000_0000,
        model=arm_const.UC_CPU_ARM_CORTEX_M33,
    ),
    # Its first core has neither an FPU nor the DSP extension: both do without.
    "mps2-an521": Expected(
        core=Core("cortex-m33", False, 20_000_000),
        architecture="thumbv8m.main-none-eabi",
        flash=0x1000_0000,
        ram=0x3800_0000,
        uart=0x5020_0000,
        timer=0x5000_0000,
        model=arm_const.UC_CPU_ARM_CORTEX_M33,
        cores=2,
    ),
}
ARMV8_M = ("mps2-an505", "mps2-an521")


@pytest.fixture(scope="module", params=BOARDS)
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(request.param)


@pytest.fixture(scope="module")
def deployment(board: Board, lenet5_model: Path) -> Iterator[Deployment]:
    with Workbench(f"emu-{board.name}") as bench:
        yield bench.deploy(lenet5_model, cores=1)


@pytest.fixture(scope="module")
def loaded(deployment: Deployment) -> dict[int, bytes]:
    """What a loader writes: content by load address."""
    with deployment.image.elf.open("rb") as file:
        return {
            segment["p_paddr"]: bytes(segment.data())
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_filesz"]
        }


def test_the_file_is_as_the_application_note_says(board: Board) -> None:
    expected = BOARDS[board.name]
    assert board.cores == (expected.core,) * expected.cores
    assert board.architecture == expected.architecture
    assert board.flash == Region(expected.flash, 4 * MIB)
    assert board.ram == Region(expected.ram, 4 * MIB)
    assert board.vectors == expected.flash
    # No FIFO: 115,200 baud leaves some time to take a byte.
    assert board.uart == Uart("cmsdk-uart", expected.uart, 115_200)
    assert board.timer == Timer("cmsdk-timer", expected.timer, expected.core.clock_hz)
    assert board.qemu is not None
    assert (board.qemu.system, board.qemu.machine) == ("arm", board.name)


def test_it_is_laid_out_as_the_file_says(
    board: Board, deployment: Deployment, loaded: dict[int, bytes]
) -> None:
    for address, data in loaded.items():
        assert board.flash.origin <= address <= address + len(data) <= board.flash.end
    symbols = deployment.image.symbols
    stack, reset, *others = struct.unpack_from("<16I", loaded[board.vectors])
    assert stack == symbols.address("__stack_top")
    assert reset == symbols.address(f"arielml_reset_{board.name.replace('-', '_')}") | 1
    # Only Armv8-M has a secure fault, the sixth.
    faults = 6 if board.name in ARMV8_M else 5
    assert len(set(others[:faults])) == 1
    assert others[0] & 1
    assert others[faults:] == [0] * (14 - faults)


@pytest.fixture(scope="module")
def started(
    board: Board, deployment: Deployment, loaded: dict[int, bytes]
) -> list[tuple[int, int]]:
    """What start-up writes to the MPU of a core that has one with eight regions."""
    written: list[tuple[int, int]] = []

    def on_write(uc: Uc, _: int, address: int, __: int, value: int, ___: object) -> None:
        if MPU <= address < MPU + 0x40:
            written.append((address - MPU, value))
        if address == MPU + 4:
            uc.emu_stop()

    uc = Uc(unicorn_const.UC_ARCH_ARM, unicorn_const.UC_MODE_THUMB)
    uc.ctl_set_cpu_model(BOARDS[board.name].model)
    for base in (board.flash.origin, board.ram.origin):
        uc.mem_map(base, 4 * MIB)
    for base in (board.uart.base, board.timer.base, 0xE000_E000):
        uc.mem_map(base, 0x1000)
    for address, data in loaded.items():
        uc.mem_write(address, data)
    uc.mem_write(MPU, struct.pack("<I", 8 << 8))
    uc.hook_add(unicorn_const.UC_HOOK_MEM_WRITE, on_write)
    start = struct.unpack_from("<I", loaded[board.vectors], 4)[0]
    uc.reg_write(arm_const.UC_ARM_REG_SP, deployment.image.symbols.address("__stack_top"))
    uc.emu_start(start, 0, count=1_000_000)
    assert uc.reg_read(arm_const.UC_ARM_REG_PC) & ~1 < board.flash.end
    return written


def test_the_mpu_forbids_what_the_board_leaves_open(
    board: Board, started: list[tuple[int, int]]
) -> None:
    """Emulated here is a core without an MPU: the emulated board faults by itself."""
    *regions, on = started
    assert on == (0x04, 1 | 1 << 2)
    if board.name in ARMV8_M:
        # Armv8-M: MAIR0, RNR, RBAR, RLAR.
        assert regions == [
            (0x30, 0x44),
            (0x08, 0),
            (0x0C, board.flash.origin | 2 << 1),
            (0x10, (board.flash.end - 32) | 1),
        ]
        return
    # Armv7-M: RNR, RBAR, RASR.
    assert len(regions) == 6
    found = []
    for number in range(2):
        assert regions[3 * number] == (0x08, number)
        base, attributes = regions[3 * number + 1], regions[3 * number + 2]
        assert (base[0], attributes[0]) == (0x0C, 0x10)
        assert attributes[1] & 1
        size = 2 << (attributes[1] >> 1 & 31)
        assert base[1] % size == 0
        found.append((Region(base[1], size), attributes[1] >> 24 & 7))
    (image, read_only), (below, nothing) = found
    assert (image, read_only) == (board.flash, 6)
    assert (below.end, nothing) == (board.ram.origin, 0)
    assert below.length >= MIB
