"""What a caller meets when a model's image goes wrong in QEMU."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from test_faults import FOREVER, IMAGE, UNDEFINED, _patched

from pytest_arielml.errors import GuestFault
from pytest_arielml.firmware.symbols import read_symbols
from pytest_arielml.runners.qemu import QemuMachine
from pytest_arielml.session import Deployment, Workbench

pytestmark = pytest.mark.usefixtures("qemu")

Spoil = Callable[[bytes], Deployment]


@pytest.fixture
def bench() -> Iterator[Workbench]:
    with Workbench("qemu-mps2-an386") as workbench:
        yield workbench


@pytest.fixture
def spoilt(bench: Workbench, lenet5_model: Path, tmp_path: Path) -> Iterator[Spoil]:
    """Deploys the example with other code in place of the call."""
    made: list[Deployment] = []

    def deploy(code: bytes) -> Deployment:
        right = bench.deploy(lenet5_model)
        elf = tmp_path / "spoilt.elf"
        elf.write_bytes(_patched(right.image, "arielml_call", code))
        image = dataclasses.replace(right.image, elf=elf)
        made.append(
            Deployment(right.model, right.compiled, image, right.target, bench.runner, timeout=2.0)
        )
        return made[-1]

    yield deploy
    for deployment in made:
        deployment.close()


def test_a_hang_shows_the_command_line_and_the_log(spoilt: Spoil) -> None:
    with pytest.raises(GuestFault, match="no answer to CALL within 2 s") as error:
        spoilt(FOREVER).run(IMAGE)
    found = str(error.value.found)
    assert "last frames:" in found
    assert "-machine mps2-an386" in found
    assert "spoilt.elf" in found
    assert "log of QEMU: " in found


def test_a_fault_shows_its_place_the_command_line_and_the_log(spoilt: Spoil) -> None:
    deployment = spoilt(UNDEFINED)
    for _ in range(2):
        with pytest.raises(GuestFault, match="undefined instruction") as error:
            deployment.run(IMAGE)
        address = deployment.image.symbols.address("arielml_call") & ~1
        assert f"pc {address:#010x}" in str(error.value.where)
        assert "-machine mps2-an386" in str(error.value.found)


def test_the_next_call_boots_afresh_after_qemu_died(bench: Workbench, lenet5_model: Path) -> None:
    lenet5 = bench.deploy(lenet5_model)
    expected = lenet5.run(IMAGE).output
    assert lenet5._booted is not None
    machine = lenet5._booted.machine
    assert isinstance(machine, QemuMachine)
    os.kill(machine.pid, signal.SIGKILL)
    with pytest.raises(GuestFault, match="QEMU ended by SIGKILL"):
        lenet5.run(IMAGE)
    np.testing.assert_array_equal(lenet5.run(IMAGE).output, expected)


def test_a_device_that_resets_is_itself_again(bench: Workbench, models: Path) -> None:
    counter = bench.deploy(models / "counter.mlir")
    assert counter.run(function="tick").output == 1
    assert counter._booted is not None
    greeting = counter._booted.client.reset()
    assert greeting.image_id == counter.image.identity
    counter._booted.client.load()
    assert counter.run(function="tick").output == 1


def test_a_fault_of_another_core_names_it(lenet5_model: Path, tmp_path: Path) -> None:
    """It reports by itself, while the first core waits for it."""
    with Workbench("qemu-mps2-an521") as bench:
        right = bench.deploy(lenet5_model, cores=2)
        elf = tmp_path / "spoilt.elf"
        (name,) = (at.name for at in read_symbols(right.image.elf) if "help_team" in at.name)
        elf.write_bytes(_patched(right.image, name, UNDEFINED))
        image = dataclasses.replace(right.image, elf=elf)
        spoilt = Deployment(
            right.model, right.compiled, image, right.target, bench.runner, timeout=2.0
        )
        with pytest.raises(GuestFault, match="undefined instruction, on core 1") as error:
            spoilt.run(IMAGE)
        assert f"pc {right.image.symbols.address(name) & ~1:#010x}" in str(error.value.where)
        spoilt.close()
