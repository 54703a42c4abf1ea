"""An image for QEMU's RISC-V machine: how it is laid out, what it says of faults."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from spoil import spoilt

from pytest_arielml.boards import load_board
from pytest_arielml.errors import GuestFault, UsageError
from pytest_arielml.firmware import Image
from pytest_arielml.runners import create_runner, runner_names
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.wire import Client

BOARD = load_board("riscv-virt")
#: Of these instructions none returns: what the chip's core makes of them.
OVERFLOW = struct.pack("<3I", 0xFF01_0113, 0x0011_2023, 0xFF9F_F06F)  # addi sp; sw ra; j
STORE_TO_FLASH = struct.pack("<2I", 0x8000_0537, 0x0005_2023)  # lui a0; sw zero, 0(a0)
ILLEGAL = struct.pack("<I", 0xFFFF_FFFF)
NO_DEVICE = struct.pack("<2I", 0x0700_0537, 0x0005_2583)  # lui a0; lw a1, 0(a0)
NULL = struct.pack("<I", 0x0000_0067)  # jr zero


@pytest.fixture(scope="module")
def deployment(lenet5_model: Path) -> Iterator[Deployment]:
    with Workbench("emu-riscv-virt") as bench:
        yield bench.deploy(lenet5_model, cores=1)


def fault_of(runner: str, image: Image) -> GuestFault:
    """How the load of the model ends."""
    machine = create_runner(runner).boot(image, BOARD, timeout=20.0)
    try:
        client = Client(machine.stream, timeout=20.0)
        client.wait_for_greeting()
        with pytest.raises(GuestFault) as fault:
            client.load()
        return fault.value
    finally:
        machine.close()


def test_the_image_begins_with_its_first_instruction(deployment: Deployment) -> None:
    symbols = deployment.image.symbols
    assert symbols.address("arielml_reset_riscv_virt") == BOARD.flash.origin
    assert symbols.address("__stack_bottom") == BOARD.ram.origin
    with deployment.image.elf.open("rb") as file:
        assert ELFFile(file).header["e_entry"] == BOARD.flash.origin


def test_kernels_and_runtime_pass_floats_alike(deployment: Deployment) -> None:
    """EF_RISCV_FLOAT_ABI_SINGLE, and compressed code, on both sides of the linker."""
    kernels = deployment.image.elf.with_name("model.o")
    for path in (kernels, deployment.image.elf):
        with path.open("rb") as file:
            header = ELFFile(file).header
        assert header["e_machine"] == "EM_RISCV"
        assert header["e_flags"] == 0x3


@pytest.mark.parametrize(
    ("code", "on_emu", "on_core"),
    [
        (
            OVERFLOW,
            "the stack overflowed: 0x8",
            "store access fault: stack overflow at",
        ),
        (STORE_TO_FLASH, "which is flash", "store access fault: at address 0x80000000"),
        (ILLEGAL, "bytes ff ff ff ff", "illegal instruction: instruction 0xffffffff"),
        (NO_DEVICE, "read 4 bytes at 0x07000000", "load access fault: at address 0x07000000"),
        (NULL, "jumped to 0x00000000", "instruction access fault: at address 0x00000000"),
    ],
    ids=["overflow", "store to flash", "illegal", "no device", "null"],
)
def test_faults_are_told(
    deployment: Deployment, tmp_path: Path, code: bytes, on_emu: str, on_core: str
) -> None:
    """By the emulator, which stops; and by the image itself, where a core takes traps."""
    image = spoilt(deployment.image, code, tmp_path)
    assert on_emu in str(fault_of("emu", image))
    if "qemu" not in runner_names():
        pytest.skip("no runner takes traps here: the image's own report was not seen")
    assert on_core in str(fault_of("qemu", image))


def test_a_board_with_another_core_is_refused(deployment: Deployment) -> None:
    cores = (replace(BOARD.cores[0], cpu="sifive-e31"),)
    with pytest.raises(UsageError, match="cannot emulate the core"):
        create_runner("emu").boot(deployment.image, replace(BOARD, cores=cores), timeout=5.0)
