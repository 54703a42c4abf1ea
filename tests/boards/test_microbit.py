"""An image for the micro:bit: what fits its 16 KiB of RAM, what that computes and costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from pytest_arielml.boards import load_board
from pytest_arielml.errors import DoesNotFit
from pytest_arielml.runners import create_runner, runner_names
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.wire import Client

BOARD = load_board("microbit")


def write_model(path: Path) -> Path:
    """A convolution, a pooling and a dense layer on 8 by 8 floats."""
    chance = np.random.default_rng(4)
    weights = {
        "kernel": chance.normal(size=(4, 1, 3, 3)) / 2,
        "dense": chance.normal(size=(36, 10)) / 3,
        "bias": chance.normal(size=10),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "kernel"], ["convolved"]),
            helper.make_node("Relu", ["convolved"], ["positive"]),
            helper.make_node(
                "MaxPool", ["positive"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]
            ),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("Gemm", ["flat", "dense", "bias"], ["y"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(value.astype(np.float32), n) for n, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("microbit") / "small.onnx")


@pytest.fixture(scope="module")
def deployment(model: Path) -> Iterator[Deployment]:
    with Workbench("emu-microbit") as bench:
        yield bench.deploy(model)


def images(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(1).normal(size=(count, 1, 1, 8, 8)).astype(np.float32)


def test_outputs_are_those_of_onnxruntime(deployment: Deployment, model: Path) -> None:
    session = onnxruntime.InferenceSession(model)
    for image in images(20):
        (expected,) = session.run(None, {"x": image})
        found = deployment.run(image).output
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_costs(deployment: Deployment) -> None:
    """Ceilings that a change may lower and must not raise unawares."""
    (image,) = images(1)
    deployment.run(image)
    first, second = deployment.run(image), deployment.run(image)
    assert first.instructions == second.instructions
    assert first.memory == second.memory
    assert first.instructions is not None
    assert first.overhead is not None
    assert first.instructions <= 320_000
    assert first.overhead <= 26_000
    assert deployment.size.flash <= 59 * 1024
    assert deployment.size.ram <= 10 * 1024
    # Of the 4 KiB, loading a module takes most: a kernel may put 2 KiB on it.
    assert deployment.size.parts["ram: stack"] <= 2_860
    assert max(first.memory.stack_peak) <= 2_048


def test_what_does_not_fit_is_told_before_it_boots() -> None:
    kinds = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1600]) for n in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", kinds[:1], kinds[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with (
        Workbench("emu-microbit") as bench,
        pytest.raises(DoesNotFit, match="does not fit the RAM of microbit") as error,
    ):
        bench.deploy(model)
    assert error.value.expected == "at most 16.0 KiB (16,384 bytes)"
    found = str(error.value.found)
    assert found.startswith("at least 18.")
    assert "transients and results 6.2 KiB" in found
    assert "stacks 4.0 KiB" in found


@pytest.mark.parametrize("runner", ["emu", "qemu"])
def test_it_says_what_it_is_and_resets(deployment: Deployment, runner: str) -> None:
    if runner not in runner_names():
        pytest.skip(f"there is no runner {runner}")
    machine = create_runner(runner).boot(deployment.image, BOARD, timeout=20.0)
    try:
        client = Client(machine.stream, timeout=20.0)
        first = client.wait_for_greeting()
        assert (first.board, first.cores) == ("microbit", 1)
        assert (first.clock_hz, first.ticks_hz) == (BOARD.cores[0].clock_hz, BOARD.timer.hz)
        assert first.stack_size == BOARD.stack
        before = client.load()
        assert client.reset() == first
        assert client.load().heap_peak == before.heap_peak
        assert client.echo(bytes(range(256)) * 3) == bytes(range(256)) * 3
    finally:
        machine.close()


def test_ticks_are_the_cores_cycles(deployment: Deployment) -> None:
    machine = create_runner("emu").boot(deployment.image, BOARD, timeout=5.0)
    client = Client(machine.stream, timeout=5.0)
    client.wait_for_greeting()
    loaded = client.load()
    counters = machine.counters()
    assert counters is not None
    span = counters.spans["arielml_load"]
    assert span.cycles - 1 <= loaded.ticks <= span.cycles * 1.05
    assert "Cortex-M0 Technical Reference Manual" in counters.cycles_from
    machine.close()
