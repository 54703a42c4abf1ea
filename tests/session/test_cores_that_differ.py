"""Models on boards whose cores differ: code that both run, and more for the faster one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from elftools.elf.elffile import ELFFile
from onnx import helper, numpy_helper

from pytest_arielml.compiler import compile_model
from pytest_arielml.errors import GuestFault
from pytest_arielml.firmware import link_image
from pytest_arielml.frontends import load_model
from pytest_arielml.runners import create_runner
from pytest_arielml.runners.emu import EmuRunner
from pytest_arielml.session import Deployment, Result, Target, Workbench
from pytest_arielml.wire import Client

Digits = npt.NDArray[np.float32]
BOARDS = ("stm32h745", "nucleo-h745zi-q", "nrf5340")


@pytest.fixture(scope="module", params=BOARDS)
def bench(request: pytest.FixtureRequest) -> Iterator[Workbench]:
    with Workbench(f"emu-{request.param}") as workbench:
        yield workbench


@pytest.fixture(scope="module")
def images(lenet5_model: Path) -> Digits:
    with np.load(lenet5_model.parent / "digits-500.npz") as digits:
        images: Digits = digits["images"][:3].astype(np.float32)
    return images[:, None, None] / 255


def run(deployment: Deployment, images: Digits) -> list[Result]:
    return [deployment.run(image) for image in images]


def instructions(deployment: Deployment, core: int) -> int:
    booted = deployment._booted
    assert booted is not None
    counters = booted.machine.counters()
    assert counters is not None
    return counters.cores[core].instructions


def test_both_cores_give_the_bytes_of_one(
    bench: Workbench, lenet5_model: Path, images: Digits
) -> None:
    alone = run(bench.deploy(lenet5_model, cores=1), images)
    for scheduler in ("greedy", "round-robin", "sequential"):
        shared = run(bench.deploy(lenet5_model, cores=2, scheduler=scheduler), images)
        for one, other in zip(alone, shared, strict=True):
            assert one.output.tobytes() == other.output.tobytes()


def test_greedy_gives_the_slower_core_less(
    bench: Workbench, lenet5_model: Path, images: Digits
) -> None:
    """At half the clock, half of the items are more than it can do in time."""
    alone = bench.deploy(lenet5_model, cores=2, scheduler="sequential").run(images[0]).seconds
    greedy = bench.deploy(lenet5_model, cores=2).run(images[0]).seconds
    fixed = bench.deploy(lenet5_model, cores=2, scheduler="round-robin").run(images[0]).seconds
    assert greedy < alone / 1.15
    assert greedy < fixed / 1.25


def test_one_core_has_code_of_its_own(bench: Workbench, lenet5_model: Path) -> None:
    one, two = (bench.deploy(lenet5_model, cores=cores) for cores in (1, 2))
    assert one.compiled.digest != two.compiled.digest
    board = bench.target.board
    assert one.compiled.architecture == board.architecture
    assert two.compiled.architecture == board.common_architecture


def test_the_second_core_sleeps_until_it_is_wanted(
    bench: Workbench, lenet5_model: Path, images: Digits
) -> None:
    alone = bench.deploy(lenet5_model, cores=1)
    run(alone, images)
    # Of the STM32H745 it starts with the first, and waits.
    assert instructions(alone, 1) < 200
    shared = bench.deploy(lenet5_model, cores=2)
    run(shared, images)
    assert instructions(shared, 1) > 100_000


def test_the_chip_finds_the_second_cores_vectors(bench: Workbench, lenet5_model: Path) -> None:
    image = bench.deploy(lenet5_model, cores=2).image
    board = bench.target.board
    assert board.boot is not None
    with image.elf.open("rb") as file:
        (data,) = (
            segment.data()
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_paddr"] == board.boot.origin and segment["p_filesz"]
        )
    stack, entry, *faults = struct.unpack_from("<7I", data)
    assert stack == image.symbols.address("__stack_top_1")
    assert board.flash.origin <= entry < board.flash.end
    assert entry & 1
    assert len(set(faults)) == 1
    # It is not counted as part of flash, which ends long before.
    assert image.size.flash < 256 << 10


def test_both_cores_come_back_from_a_reset(bench: Workbench, lenet5_model: Path) -> None:
    deployment = bench.deploy(lenet5_model, cores=2)
    machine = create_runner("emu").boot(deployment.image, bench.target.board, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    client.wait_for_greeting()
    first = client.load(2)
    assert len(first.stack_peaks) == 2
    for _ in range(3):
        client.reset()
        again = client.load(2)
        assert again.heap_peak == first.heap_peak
        assert len(again.stack_peaks) == 2
    machine.close()


def test_interleavings_give_the_same_bytes(
    bench: Workbench, lenet5_model: Path, images: Digits
) -> None:
    deployment = bench.deploy(lenet5_model, cores=2)
    expected = deployment.run(images[0]).output.tobytes()
    for seed in range(1, 6):
        other = Deployment(
            deployment.model,
            deployment.compiled,
            deployment.image,
            deployment.target,
            EmuRunner(seed),
            timeout=20.0,
        )
        assert other.run(images[0]).output.tobytes() == expected
        other.close()


@pytest.fixture(scope="module")
def floats() -> onnx.ModelProto:
    """A product of a vector and a matrix, wide enough for several work items."""
    weights = np.random.default_rng(1).standard_normal((64, 512), np.float32)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "floats",
        [value("x", onnx.TensorProto.FLOAT, [1, 64])],
        [value("y", onnx.TensorProto.FLOAT, [1, 512])],
        [numpy_helper.from_array(weights, "w")],
    )
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8)


def test_floats_are_computed_by_the_core_without_an_fpu_too(floats: onnx.ModelProto) -> None:
    x = np.random.default_rng(2).standard_normal((1, 64), np.float32)
    with Workbench("emu-nrf5340") as bench:
        both = bench.deploy(floats, cores=2)
        found = both.run(x).output
        assert instructions(both, 1) > 10_000
        np.testing.assert_array_equal(
            found, bench.deploy(floats, cores=2, scheduler="sequential").run(x).output
        )
        expected = bench.reference(floats, x)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_float_code_on_the_core_without_an_fpu_is_a_fault_of_that_core(
    floats: onnx.ModelProto,
) -> None:
    """What compiling for all cores is for: here the second one gets the first one's code."""
    target = Target.parse("emu-nrf5340", cores=2)
    model = load_model(floats)
    compiled = compile_model(model, target.board, cores=1)
    image = link_image(compiled, target.board)
    wrong = Deployment(model, compiled, image, target, create_runner("emu"), timeout=5.0)
    with pytest.raises(GuestFault, match="on a core without an FPU") as caught:
        wrong.run(np.ones((1, 64), np.float32))
    assert "core 1" in str(caught.value)
    wrong.close()
