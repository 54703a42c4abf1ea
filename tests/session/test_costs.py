"""What the example costs on the emulated nRF52840: counts and bytes, the same everywhere.

The bounds are ceilings that a change may lower and must not raise unawares.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.session import Deployment, Result, Workbench


@pytest.fixture(scope="module")
def called(lenet5_model: Path) -> Iterator[tuple[Deployment, Result]]:
    with np.load(lenet5_model.parent / "digits-500.npz") as digits:
        image = digits["images"][:1].astype(np.float32)[:, None] / 255
    with Workbench("emu-nrf52840") as bench:
        deployment = bench.deploy(lenet5_model)
        deployment.run(image)
        yield deployment, deployment.run(image)


def test_instructions_of_a_call(called: tuple[Deployment, Result]) -> None:
    _, result = called
    assert result.instructions is not None
    assert result.overhead is not None
    assert result.instructions <= 750_000
    assert result.overhead <= 25_000
    assert result.instructions == result.overhead + sum(d.instructions for d in result.dispatches)


def test_instructions_of_init(called: tuple[Deployment, Result]) -> None:
    deployment, _ = called
    assert deployment.init_instructions is not None
    assert deployment.init_instructions <= 126_000


def test_bytes(called: tuple[Deployment, Result]) -> None:
    deployment, _ = called
    size = deployment.size
    assert size.flash <= 121 * 1024
    assert size.ram <= 14 * 1024
    assert size.parts["ram: stack"] <= 4 * 1024
    assert size.parts["ram: static data"] <= 3 * 1024
    runtime = size.parts["VM"] + size.parts["HAL"] + size.parts["agent"]
    assert runtime <= 38 * 1024
    flash = {name: part for name, part in size.parts.items() if not name.startswith("ram: ")}
    assert sum(flash.values()) == size.flash
    assert sum(size.parts.values()) == size.flash + size.ram


def test_bytes_of_code_in_the_profile_for_size(lenet5_model: Path) -> None:
    with Workbench("emu-nrf52840") as bench:
        parts = bench.deploy(lenet5_model, profile="size").size.parts
    assert parts["model code"] + parts["kernel constants"] <= 3 * 1024


def test_stack_of_a_call(called: tuple[Deployment, Result]) -> None:
    _, result = called
    assert max(result.memory.stack_peak) <= 2 * 1024


def test_a_call_costs_the_same_every_time(called: tuple[Deployment, Result]) -> None:
    deployment, result = called
    image = np.zeros((1, 1, 28, 28), np.float32)
    first, second = deployment.run(image), deployment.run(image)
    assert first.instructions == second.instructions
    assert first.memory == second.memory == result.memory
    np.testing.assert_array_equal(first.output, second.output)
