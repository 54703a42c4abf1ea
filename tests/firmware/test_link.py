from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from elftools.elf.elffile import ELFFile

from pytest_arielml.boards import Board, Region
from pytest_arielml.compiler import Cache, CompiledModel, compile_model
from pytest_arielml.errors import CompileError, DoesNotFit, Unavailable, UsageError
from pytest_arielml.firmware import Image, archive_path, link, link_bringup, link_image
from pytest_arielml.frontends import load_model


def memory(image: Image) -> dict[int, bytes]:
    """What a loader writes: content by load address."""
    with image.elf.open("rb") as file:
        return {
            segment["p_paddr"]: segment.data()
            for segment in ELFFile(file).iter_segments()
            if segment["p_type"] == "PT_LOAD" and segment["p_filesz"]
        }


def at(image: Image, address: int, length: int) -> bytes:
    for start, content in memory(image).items():
        if start <= address and address + length <= start + len(content):
            return content[address - start : address - start + length]
    raise AssertionError(f"nothing is loaded at {address:#x}")


def test_it_starts(image: Image, board: Board) -> None:
    symbols = image.symbols
    stack, reset = struct.unpack("<II", at(image, board.flash.origin, 8))
    assert stack == symbols.address("__stack_top")
    assert reset == symbols.address("arielml_reset_nrf52840") | 1


def test_the_module_is_in_flash_as_it_was_compiled(image: Image, lenet5: CompiledModel) -> None:
    start, end = (image.symbols.address(f"arielml_module_{edge}") for edge in ("start", "end"))
    assert start % 64 == 0
    assert at(image, start, end - start) == lenet5.module.read_bytes()


def test_it_knows_its_identity(image: Image) -> None:
    assert at(image, image.symbols.address("arielml_image_id"), 8) == image.identity


def test_the_kernels_are_between_their_marks(image: Image, lenet5: CompiledModel) -> None:
    symbols = image.symbols
    start, end = (symbols.address(f"arielml_kernels_{edge}") for edge in ("start", "end"))
    assert image.kernels == lenet5.kernels
    for name in (*lenet5.kernels, str(lenet5.library)):
        assert start <= symbols.address(name) < end
    assert not start <= symbols.address("arielml_call") < end
    assert symbols.address("arielml_library_query") == symbols.address(str(lenet5.library))


def test_ram(image: Image, board: Board) -> None:
    address = image.symbols.address
    assert address("__stack_bottom") == board.ram.origin
    assert address("__stack_top") == board.ram.origin + board.stack
    edges = ("stack_top", "data_start", "data_end", "bss_start", "bss_end", "arena_start")
    addresses = [address(f"__{edge}") for edge in edges]
    assert addresses == sorted(addresses)
    assert address("__arena_start") % 64 == 0
    assert address("__arena_end") == board.ram.end
    # Start-up copies and clears words.
    assert all(address(f"__{edge}") % 4 == 0 for edge in edges)


def test_a_model_without_kernels(
    without_kernels: CompiledModel, board: Board, cache: Cache
) -> None:
    image = link_image(without_kernels, board, cache=cache)
    assert image.symbols.address("arielml_library_query") == 0
    assert image.kernels == ()
    assert image.size.parts["model code"] == 0


def test_what_it_was_made_from_is_beside_it(image: Image) -> None:
    names = {path.name for path in image.elf.parent.iterdir()}
    assert {"image.elf", "image.map", "layout.ld", "model.o", "model.vmfb"} <= names


def test_a_hit_is_fast_and_equal(
    image: Image, lenet5: CompiledModel, board: Board, cache: Cache
) -> None:
    start = time.perf_counter()
    assert link_image(lenet5, board, cache=Cache(cache.root)) == image
    assert time.perf_counter() - start < 0.2


def test_the_same_in_another_folder(
    image: Image, lenet5: CompiledModel, board: Board, tmp_path: Path
) -> None:
    other = link_image(lenet5, board, cache=Cache(tmp_path))
    assert other.identity == image.identity
    assert other.elf.read_bytes() == image.elf.read_bytes()


def test_identities_differ(
    image: Image, without_kernels: CompiledModel, board: Board, cache: Cache
) -> None:
    assert link_image(without_kernels, board, cache=cache).identity != image.identity


def small(board: Board, *, flash: int = 1 << 20, ram: int = 256 << 10) -> Board:
    origins = board.flash.origin, board.ram.origin
    return replace(
        board, memory={"flash": Region(origins[0], flash), "ram": Region(origins[1], ram)}
    )


def test_too_little_flash(image: Image, lenet5: CompiledModel, board: Board, cache: Cache) -> None:
    with pytest.raises(DoesNotFit, match="does not fit the flash of nrf52840") as caught:
        link_image(lenet5, small(board, flash=64 << 10), cache=cache)
    assert "64.0 KiB (65,536 bytes)" in str(caught.value.expected)
    assert f"({image.size.flash:,} bytes)" in str(caught.value.found)
    assert "weights 61." in str(caught.value.found)
    # Boards that have as much, those with least first.
    assert str(caught.value.advice).endswith(
        "more flash: microbit, nrf52840, nrf5340, nucleo-h745zi-q"
    )


def test_flash_that_just_fits(
    image: Image, lenet5: CompiledModel, board: Board, cache: Cache
) -> None:
    just = small(board, flash=image.size.flash)
    assert link_image(lenet5, just, cache=cache).size == image.size
    with pytest.raises(DoesNotFit):
        link_image(lenet5, small(board, flash=image.size.flash - 4), cache=cache)


@pytest.mark.parametrize("again", [False, True])
def test_too_little_ram_for_the_tensors(
    lenet5: CompiledModel, board: Board, cache: Cache, again: bool
) -> None:
    with pytest.raises(DoesNotFit, match="does not fit the RAM of nrf52840") as caught:
        link_image(lenet5, small(board, ram=22 << 10), cache=cache)
    found = str(caught.value.found)
    assert found.startswith("at least ")
    assert f"transients and results {lenet5.statistics.transient / 1024:.1f} KiB" in found
    assert "stacks 16.0 KiB" in found


def test_too_little_ram_for_static_data(lenet5: CompiledModel, board: Board, cache: Cache) -> None:
    with pytest.raises(DoesNotFit, match="does not fit the RAM"):
        link_image(lenet5, small(board, ram=(16 << 10) + 64), cache=cache)


def test_a_board_that_the_runtime_does_not_support(
    lenet5: CompiledModel, board: Board, cache: Cache
) -> None:
    mine = replace(board, name="mine", support="stm32-mine")
    with pytest.raises(UsageError, match="does not support board mine") as caught:
        link_image(lenet5, mine, cache=cache)
    assert caught.value.found == "none for 'stm32-mine'"
    assert "nrf52840" in str(caught.value.expected)
    relative = replace(board, name="mine", support="nrf52840")
    assert link_image(lenet5, relative, cache=cache).size.flash > 0


def test_a_function_that_the_runtime_has_not(board: Board, tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[4] x) => (float[4] y) {y = Round(x)}'
    onnx.save(onnx.parser.parse_model(text), tmp_path / "round.onnx")
    cache = Cache(tmp_path / "cache")
    compiled = compile_model(load_model(tmp_path / "round.onnx"), board, cache=cache)
    assert compiled.object is not None
    content = compiled.object.read_bytes()
    assert content.count(b"\0roundf\0") == 1
    wanting = tmp_path / "model.o"
    wanting.write_bytes(content.replace(b"\0roundf\0", b"\0roundg\0"))
    with pytest.raises(CompileError, match="functions that the device runtime has not") as caught:
        link_image(replace(compiled, object=wanting), board, cache=cache)
    assert caught.value.found == "roundg"
    kept = Path(str(caught.value.advice).rpartition(" ")[2])
    assert "roundg" in kept.read_text()


def test_a_damaged_runtime(lenet5: CompiledModel, board: Board, tmp_path: Path) -> None:
    archive = tmp_path / "libarielml.a"
    archive.write_text("not an archive")
    with pytest.raises(CompileError, match="iree-lld cannot link") as caught:
        link_image(lenet5, board, archive=archive, cache=Cache(tmp_path / "cache"))
    assert caught.value.found


def test_no_runtime_for_an_architecture() -> None:
    with pytest.raises(Unavailable, match="no device runtime for z80-none-elf") as caught:
        archive_path("z80-none-elf")
    assert "make setup" in str(caught.value.advice)


def test_an_image_without_a_model_has_the_checks_and_needs_no_compiler(
    board: Board, cache: Cache, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = link.run_tool

    def run_tool(command: Sequence[str | Path], **options: Any) -> Any:
        assert "iree-compile" not in str(command[0])
        return real(command, **options)

    monkeypatch.setattr(link, "run_tool", run_tool)
    bringup = link_bringup(board, cache=cache)
    assert bringup == link_bringup(board, cache=cache)
    assert bringup.identity != image.identity
    assert bringup.kernels == ()
    start = bringup.symbols.address("arielml_module_start")
    assert bringup.symbols.address("arielml_module_end") == start
    assert bringup.size.parts["bytecode"] == bringup.size.parts["weights"] == 0
    assert "arielml_reset_nrf52840_checks" in bringup.symbols
    assert "arielml_check_data" in bringup.symbols


def test_an_image_of_a_model_has_no_checks(image: Image) -> None:
    assert "arielml_reset_nrf52840_checks" not in image.symbols
    assert "arielml_check_data" not in image.symbols


def test_an_image_without_a_model_says_which_boards_are_supported(board: Board) -> None:
    unknown = replace(board, support="other")
    with pytest.raises(UsageError, match="does not support board nrf52840"):
        link_bringup(unknown, cache=Cache.temporary())
