"""Where an image has what its core reads first, and that it has the parts of one board."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from pytest_arielml.boards import board_names
from pytest_arielml.session import Workbench


@pytest.mark.parametrize("name", ["nrf52840", "nrf5340", "stm32f4", "stm32h745", "nucleo-h745zi-q"])
def test_vectors_lie_at_the_start_of_flash(name: str, lenet5_model: Path) -> None:
    with Workbench(f"emu-{name}") as bench:
        image = bench.deploy(lenet5_model, cores=1).image
        board = bench.target.board
    with image.elf.open("rb") as file:
        (data,) = (
            segment.data()
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_paddr"] == board.flash.origin and segment["p_filesz"]
        )
    stack, reset = struct.unpack_from("<2I", data)
    assert stack == image.symbols.address("__stack_top")
    assert reset == image.symbols.address(f"arielml_reset_{name.replace('-', '_')}") | 1
    assert image.symbols.address("__stack_bottom") == board.ram.origin


BOARDS = sorted(set(board_names()) - {"host"})


@pytest.mark.parametrize("name", sorted(set(BOARDS) - {"microbit"}))
def test_an_image_has_one_board(name: str, lenet5_model: Path) -> None:
    """The archive has all boards of an architecture, each with an agent of its own."""
    with Workbench(f"emu-{name}") as bench:
        elf = bench.deploy(lenet5_model).image.elf
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        names = [symbol.name for symbol in table.iter_symbols()]
    resets = {f"arielml_reset_{board.replace('-', '_')}" for board in BOARDS}
    assert resets & set(names) == {f"arielml_reset_{name.replace('-', '_')}"}
    for part in (r"6boards.*6PLACES", r"arielml_agent5agent6answer"):
        assert len([name for name in names if re.search(part, name)]) == 1, part
