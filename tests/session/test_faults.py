"""What a caller meets when the program on the board misbehaves.

The example's image is spoilt on purpose: the first instruction of the call is
overwritten, so that the board boots and loads, and then goes wrong.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from pytest_arielml.compiler import Cache, compile_model
from pytest_arielml.errors import DeviceError, GuestFault, WireError
from pytest_arielml.firmware import Image, link_image
from pytest_arielml.frontends import load_model
from pytest_arielml.runners import create_runner
from pytest_arielml.session import Deployment, Target

IMAGE = np.zeros((1, 1, 28, 28), np.float32)
FOREVER = b"\xfe\xe7"  # b .
UNDEFINED = b"\x00\xde"  # udf #0
BREAKPOINT = b"\x00\xbe"  # bkpt #0

Spoil = Callable[..., Deployment]


@pytest.fixture
def spoilt(lenet5_model: Path, tmp_path: Path) -> Spoil:
    """Deploys the example with other code at a symbol."""
    target = Target.parse("emu-nrf52840")
    model = load_model(lenet5_model)
    cache = Cache()
    compiled = compile_model(model, target.board, cache=cache)
    image = link_image(compiled, target.board, cache=cache)

    def deploy(code: bytes, *, symbol: str = "arielml_call", timeout: float = 2.0) -> Deployment:
        elf = tmp_path / "spoilt.elf"
        elf.write_bytes(_patched(image, symbol, code))
        changed = dataclasses.replace(image, elf=elf)
        runner = create_runner("emu")
        return Deployment(model, compiled, changed, target, runner, timeout=timeout)

    return deploy


def _patched(image: Image, symbol: str, code: bytes) -> bytes:
    data = bytearray(image.elf.read_bytes())
    address = image.symbols.address(symbol)
    with image.elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            start = segment["p_vaddr"]
            if start <= address < start + segment["p_filesz"]:
                offset = segment["p_offset"] + address - start
                data[offset : offset + len(code)] = code
    return bytes(data)


def test_a_fault_names_its_kind_place_and_registers(spoilt: Spoil) -> None:
    with pytest.raises(GuestFault) as caught:
        spoilt(UNDEFINED).run(IMAGE)
    text = str(caught.value)
    assert "instruction" in text
    assert "arielml_call" in text
    assert "r0" in text
    assert "sp" in text


def test_a_board_that_hangs_ends_at_the_time_limit(spoilt: Spoil) -> None:
    deployment = spoilt(FOREVER, timeout=1.0)
    deployment.boot()
    start = time.monotonic()
    with pytest.raises((GuestFault, WireError)) as caught:
        deployment.run(IMAGE)
    assert time.monotonic() - start < 20
    assert "1" in str(caught.value)
    assert caught.value.advice


def test_a_board_that_never_greets_ends_at_the_time_limit(spoilt: Spoil) -> None:
    with pytest.raises((GuestFault, WireError)):
        spoilt(FOREVER, symbol="arielml_reset_nrf52840", timeout=1.0).boot()


def test_after_a_fault_the_next_call_boots_afresh(spoilt: Spoil, lenet5_model: Path) -> None:
    deployment = spoilt(UNDEFINED)
    for _ in range(2):
        with pytest.raises(GuestFault):
            deployment.run(IMAGE)


def test_another_image_on_the_board_is_noticed(spoilt: Spoil) -> None:
    deployment = spoilt(b"\x00", symbol="arielml_image_id")
    with pytest.raises(DeviceError, match="another image"):
        deployment.boot()


def test_a_module_of_another_bytecode_version_is_refused_by_name(
    spoilt: Spoil, lenet5_model: Path
) -> None:
    deployment = spoilt(b"", symbol="arielml_module_start")
    elf = bytearray(deployment.image.elf.read_bytes())
    # The module is size, root, identifier; its version is its only 17.0.
    module = deployment.compiled.module.read_bytes()
    place = elf.index(module[:64]) + module.index((17 << 16).to_bytes(4, "little"))
    elf[place : place + 4] = (18 << 16).to_bytes(4, "little")
    deployment.image.elf.write_bytes(elf)
    with pytest.raises(DeviceError) as caught:
        deployment.boot()
    text = str(caught.value)
    assert "version" in text
    assert "18" in text
    assert "17" in text
