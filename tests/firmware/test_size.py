from __future__ import annotations

import pytest

from pytest_arielml.boards import Board
from pytest_arielml.compiler import CompiledModel
from pytest_arielml.firmware import Image
from pytest_arielml.firmware.size import _by_crate, crate_of, part_of
from pytest_arielml.firmware.symbols import Symbol


def test_the_parts_are_the_whole(image: Image, board: Board) -> None:
    size = image.size
    assert sum(size.parts.values()) == size.flash
    assert all(count >= 0 for count in size.parts.values())
    address = image.symbols.address
    assert size.flash == address("__data_load") + address("__data_end") - address("__data_start")
    assert size.stacks == board.stack
    assert size.ram_static == (
        address("__data_end")
        - address("__data_start")
        + address("__bss_end")
        - address("__bss_start")
    )


def test_parts_of_the_model(image: Image, lenet5: CompiledModel) -> None:
    parts, address = image.size.parts, image.symbols.address
    assert parts["weights"] + parts["bytecode"] == lenet5.module.stat().st_size
    # External rodata are the constants, and padding before them.
    assert 0 <= parts["weights"] - lenet5.statistics.constant < 128
    assert parts["model code"] == address("arielml_kernels_end") - address("arielml_kernels_start")


def test_most_of_the_runtime_has_an_owner(image: Image) -> None:
    parts = image.size.parts
    ours = parts["VM"] + parts["HAL"] + parts["agent"] + parts["board support"]
    assert 0 < parts["other"] < ours / 4
    assert parts["VM"] > parts["HAL"] > parts["agent"] > parts["board support"] > 0
    assert parts["arena"] > parts["scheduler"] > 0


def test_largest(image: Image) -> None:
    largest = image.size.largest(3)
    assert len(largest) == 3
    assert [count for _, count in largest] == sorted(image.size.parts.values(), reverse=True)[:3]


@pytest.mark.parametrize(
    ("name", "crate", "part"),
    [
        (
            "_RNvMNtCseKO3g4dytmC_10arielml_vm6moduleNtB2_6Module4read",
            "arielml_vm",
            "VM",
        ),
        (
            "_RNvXs1_NtCs2TRDPQP3Wbb_13arielml_arena6sharedINtB5_6SharedNtNtCs4mxeU8PNLZR_"
            "11arielml_hal4view4ViewENtNtNtCsjpmmd4KtVFx_4core3ops4drop4Drop4dropBY_",
            "arielml_arena",
            "arena",
        ),
        (
            "_RINvNtCs5eKYerLESuf_13arielml_agent5reply4sendNtNtCseFFpNhqKvG9_11arielml_bsp"
            "4uart8NrfUarteE",
            "arielml_agent",
            "agent",
        ),
        ("_RNvNtCs78QLLwszWZv_7arielml3run6FRAMES", "arielml", "board support"),
        ("_RNvNtC11arielml_bsp5start4main", "arielml_bsp", "board support"),
        ("_ZN11arielml_bsp4uart5write17h0123456789abcdefE", "arielml_bsp", "board support"),
        (
            "_ZN65_$LT$arielml_agent..Reply$u20$as$u20$core..fmt..Debug$GT$3fmt17h01E",
            "arielml_agent",
            "agent",
        ),
        ("_ZN4core9panicking5panic17h0123456789abcdefE", "core", "libraries"),
        ("arielml_reset_nrf52840", None, "board support"),
        ("memcpy", None, "libraries"),
        ("roundf", None, "libraries"),
        ("arielml_load", None, "VM"),
        ("arielml_part_hal_fence_create", None, "HAL"),
        (
            "_ZN4core3ptr58drop_in_place$LT$arielml_hal..command_buffer..CommandBuffer$GT$17h01E",
            "core",
            "HAL",
        ),
        (".Lanon.aa65a3d3e3af2f3667989fc81432443d.50", None, "other"),
        (".L__unnamed_12", None, "other"),
        (".Lswitch.table._RNvMs2_NtC11arielml_bsp8cortex_m4read.439", None, "board support"),
    ],
)
def test_names(name: str, crate: str | None, part: str) -> None:
    assert crate_of(name) == crate
    assert part_of(name) == part


def test_bytes_of_several_names_count_once() -> None:
    symbols = [
        Symbol("memcpy", 0x100, 0x20, True),
        Symbol("__aeabi_memcpy", 0x100, 0x20, True),
        Symbol("arielml_reset_x", 0x118, 0x10, True),
        Symbol("beyond", 0x138, 0x100, True),
        Symbol("outside", 0x200, 0x10, True),
    ]
    parts = _by_crate(symbols, 0x100, 0x40)
    assert parts == {"libraries": 0x20 + 0x8, "board support": 0x8}
