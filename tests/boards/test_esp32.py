"""Images for the ESP32-C3 and the ESP32-C6: how they are laid out, start, sleep and fault."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from spoil import spoilt

from pytest_arielml.boards import Board, load_board
from pytest_arielml.compiler import CompiledModel
from pytest_arielml.errors import DoesNotFit, GuestFault
from pytest_arielml.firmware import Image, link_image
from pytest_arielml.firmware.symbols import read_symbols
from pytest_arielml.runners.emu.machine import EmuMachine
from pytest_arielml.runners.emu.runner import EmuRunner
from pytest_arielml.runners.serial.binary import flat
from pytest_arielml.runners.serial.port import Port
from pytest_arielml.runners.serial.tools import TOOLS, Job
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.wire import Client

BOARDS = ("esp32c3", "esp32c6")
#: By which the chip's ROM knows an image that runs in place.
DIRECT_BOOT = struct.pack("<2I", 0xAEDB_041D, 0xAEDB_041D)
#: Of these instructions none returns.
OVERFLOW = struct.pack("<3I", 0xFF01_0113, 0x0011_2023, 0xFF9F_F06F)  # addi sp; sw ra; j
ATOMIC = struct.pack("<I", 0x1001_252F)  # lr.w a0, (sp)
FLOAT = struct.pack("<I", 0x0000_0053)  # fadd.s ft0, ft0, ft0
# Where no code has run: Unicorn lets what was fetched be read, too.
READ_CODE = struct.pack("<2I", 0x4210_0537, 0x0005_4503)  # lui a0; lbu a0, 0(a0)
STORE_TO_FLASH = struct.pack("<2I", 0x4200_0537, 0x0005_2023)  # lui a0; sw zero, 0(a0)


@pytest.fixture(scope="module", params=BOARDS)
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(str(request.param))


@pytest.fixture(scope="module")
def deployment(board: Board, lenet5_model: Path) -> Iterator[Deployment]:
    with Workbench(f"emu-{board.name}") as bench:
        yield bench.deploy(lenet5_model)


def started(image: Image, board: Board) -> tuple[EmuMachine, Client]:
    machine = EmuRunner().boot(image, board, timeout=5.0)
    return machine, Client(machine.stream, timeout=5.0)


def fault_of(image: Image, board: Board) -> str:
    """How the load of the model ends."""
    machine, client = started(image, board)
    try:
        client.wait_for_greeting()
        with pytest.raises(GuestFault) as fault:
            client.load()
        return str(fault.value)
    finally:
        machine.close()


def test_the_rom_finds_the_image_and_goes_on_behind_the_mark(
    deployment: Deployment, board: Board
) -> None:
    begin, data = flat(deployment.image.elf, board.flash)
    assert (begin, data[:8]) == (board.flash.origin, DIRECT_BOOT)
    reset = deployment.image.symbols.address(f"arielml_reset_{board.name}")
    assert reset == board.vectors == board.flash.origin + 8
    with deployment.image.elf.open("rb") as file:
        assert ELFFile(file).header["e_entry"] == reset


def test_it_is_flashed_as_it_is_from_the_start(
    deployment: Deployment, board: Board, tmp_path: Path
) -> None:
    assert board.serial is not None
    (tool,) = board.serial.tools
    port = Port("/dev/ttyUSB0", board.serial.usb[0], "A1")
    job = Job(deployment.image.elf, board.flash, tool.chip, port, tmp_path)
    (run,) = TOOLS[tool.name].flash(job)
    written = tmp_path / "image.bin"
    assert run[:4] == ["--chip", board.name, "--port", "/dev/ttyUSB0"]
    assert run[-2:] == ["0x0", str(written)]
    assert written.read_bytes() == flat(deployment.image.elf, board.flash)[1]


def test_kernels_and_runtime_pass_floats_alike(deployment: Deployment) -> None:
    """EF_RISCV_FLOAT_ABI_SOFT, and compressed code, on both sides of the linker."""
    kernels = deployment.image.elf.with_name("model.o")
    for path in (kernels, deployment.image.elf):
        with path.open("rb") as file:
            header = ELFFile(file).header
        assert header["e_machine"] == "EM_RISCV"
        assert header["e_flags"] == 0x1


def test_constants_lie_in_flash_where_they_are_read(deployment: Deployment, board: Board) -> None:
    """The module, by the address that the board has for it, and in flash."""
    symbols = deployment.image.symbols
    _, data = flat(deployment.image.elf, board.flash)
    start, end = (symbols.address(f"arielml_module_{edge}") for edge in ("start", "end"))
    view = board.flash_data or board.flash.origin
    assert start % 64 == 0
    module = deployment.image.elf.with_name("model.vmfb").read_bytes()
    assert data[start - view : end - view] == module
    load = symbols.address("__data_load")
    assert view + len(data) >= load >= symbols.address("arielml_module_end")
    with deployment.image.elf.open("rb") as file:
        copied = ELFFile(file).get_section_by_name(".data").data()
    assert data[load - view :][: len(copied)] == copied
    assert deployment.size.flash == len(data)


def test_traps_go_to_a_table_of_256_bytes_alignment(
    deployment: Deployment, board: Board, tmp_path: Path
) -> None:
    """The core takes no other. There the fault is reported by the board itself."""
    symbols = read_symbols(deployment.image.elf)
    (address,) = {symbol.address for symbol in symbols if symbol.name.endswith("5traps")}
    assert address % 256 == 0
    offset = address - deployment.image.symbols.address("arielml_load")
    low = offset & 0xFFF
    high = offset + 0x800 & 0xFFFF_F000
    jump = struct.pack("<2I", high | 0x297, low << 20 | 0x28067)  # auipc t0; jr low(t0)
    said = fault_of(spoilt(deployment.image, jump, tmp_path), board)
    assert "during LOAD: misaligned jump: at address 0x00000000" in said


def test_it_sleeps_until_a_byte_comes(deployment: Deployment, board: Board) -> None:
    machine, client = started(deployment.image, board)
    client.wait_for_greeting()
    assert not machine.advance(instructions=1 << 20)
    counted = machine.counters().instructions
    assert not machine.advance(instructions=1 << 20)
    assert machine.counters().instructions == counted
    assert client.echo(b"awake") == b"awake"
    assert machine.counters().instructions < counted + 100_000
    machine.close()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (OVERFLOW, "the stack overflowed"),
        (STORE_TO_FLASH, "which is flash"),
        (FLOAT, "bytes 53 00 00 00"),
    ],
    ids=["overflow", "store to flash", "float"],
)
def test_faults_are_told(
    deployment: Deployment, board: Board, tmp_path: Path, code: bytes, said: str
) -> None:
    assert said in fault_of(spoilt(deployment.image, code, tmp_path), board)


def test_code_is_not_read_as_data_where_only_words_could_be(
    deployment: Deployment, board: Board, tmp_path: Path
) -> None:
    image = spoilt(deployment.image, READ_CODE + OVERFLOW, tmp_path)
    said = fault_of(image, board)
    assert ("0x42100000" in said) == (board.name == "esp32c3")
    assert ("the stack overflowed" in said) == (board.name == "esp32c6")


def test_one_of_them_has_atomics(deployment: Deployment, board: Board, tmp_path: Path) -> None:
    said = fault_of(spoilt(deployment.image, ATOMIC + OVERFLOW, tmp_path), board)
    assert ("2f 25 01 10" in said) == (board.name == "esp32c3")
    assert ("the stack overflowed" in said) == (board.name == "esp32c6")


def test_what_does_not_fit_flash_is_told(board: Board, deployment: Deployment) -> None:
    """Also where the linker counts code and constants apart."""
    compiled = deployment.compiled
    assert isinstance(compiled, CompiledModel)
    length = deployment.size.flash & ~0xFFF
    for room in (length, length // 2):
        memory = {**board.memory, "flash": replace(board.flash, length=room)}
        with pytest.raises(DoesNotFit, match="flash") as caught:
            link_image(compiled, replace(board, memory=memory))
        assert f"({deployment.size.flash:,} bytes)" in str(caught.value)
