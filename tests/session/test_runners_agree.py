"""The same image on every emulator that has its board: the same bytes, the same counts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.boards import board_names, load_board
from pytest_arielml.errors import DoesNotFit, Refused, Unavailable
from pytest_arielml.runners import Runners, check_available, runner_names, runs
from pytest_arielml.session import Deployment, Result, Workbench

#: Runners that run another program than the emulators, or have no count.
APART: Final = ("host", "serial")
TOLERANCE: Final = 0.02

PAIRS: Final = [
    pytest.param((board, pair), id=f"{board}-{'-'.join(pair)}")
    for board in board_names()
    for pair in combinations(
        [name for name in runner_names() if name not in APART and runs(name, load_board(board))], 2
    )
]


@dataclass(frozen=True)
class Agreeing:
    """A model on two emulators of one board."""

    first: Deployment
    second: Deployment

    def call(self, *inputs: Any, function: str | None = None) -> Result:
        """Calls both; what they give and take must be the same."""
        one = self.first.run(*inputs, function=function)
        other = self.second.run(*inputs, function=function)
        names = f"{one.where} and {other.where}"
        for index, (left, right) in enumerate(zip(one.outputs, other.outputs, strict=True)):
            assert left.dtype == right.dtype, names
            assert left.shape == right.shape, names
            assert left.tobytes() == right.tobytes(), f"output {index} of {names}"
        assert_near(one.instructions, other.instructions, f"instructions of {names}")
        assert one.memory == other.memory, names
        return one


def assert_near(one: int | None, other: int | None, what: str) -> None:
    assert one is not None, what
    assert other is not None, what
    assert abs(one - other) <= TOLERANCE * one, f"{what}: {one} and {other}"


@pytest.fixture(scope="module")
def runners() -> Iterator[Runners]:
    shared = Runners()
    yield shared
    shared.close()


@pytest.fixture(scope="module")
def benches(runners: Runners) -> Iterator[Callable[[str], Workbench]]:
    made: dict[str, Workbench] = {}

    def bench(target: str) -> Workbench:
        if target not in made:
            made[target] = Workbench(target, runners=runners)
        return made[target]

    yield bench
    for workbench in made.values():
        workbench.close()


@pytest.fixture(params=PAIRS)
def agree(
    request: pytest.FixtureRequest, benches: Callable[[str], Workbench]
) -> Callable[[Any], Agreeing]:
    """Deploys a model on both emulators of a pair."""
    board, pair = request.param
    for name in pair:
        try:
            check_available(name, board=load_board(board))
        except Unavailable as error:
            # Renode is in no registry that CI installs from.
            if os.environ.get("CI") == "true" and name != "renode":
                raise
            pytest.skip(f"{error.what}: {str(error.advice).splitlines()[0]}")

    def deploy(model: Any, cores: int = 1) -> Agreeing:
        try:
            first, second = (benches(f"{name}-{board}").deploy(model, cores=cores) for name in pair)
        except DoesNotFit as error:
            pytest.skip(error.what)
        for deployment in (first, second):
            deployment.reset()
        assert first.image.digest == second.image.digest
        assert digest(first) == digest(second)
        init = f"init of {first.name} on {board}"
        assert_near(first.init_instructions, second.init_instructions, init)
        return Agreeing(first, second)

    return deploy


@pytest.mark.parametrize(
    ("board", "cores"), [("mps2-an521", 2), ("riscv-virt", 2), ("riscv-virt", 4), ("riscv-virt", 8)]
)
@pytest.mark.parametrize("scheduler", ["greedy", "round-robin"])
def test_several_cores_of_qemu(
    benches: Callable[[str], Workbench], lenet5_model: Path, board: str, cores: int, scheduler: str
) -> None:
    """Each order in which QEMU's cores take turns gives the bytes of one core."""
    try:
        check_available("qemu", board=load_board(board))
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(error.what)
    bench = benches(f"qemu-{board}")
    alone = bench.deploy(lenet5_model, cores=1)
    shared = bench.deploy(lenet5_model, cores=cores, scheduler=scheduler)
    with np.load(lenet5_model.parent / "digits-500.npz") as digits:
        images = digits["images"][:3].astype(np.float32)[:, None, None] / 255
    for image in images:
        result = shared.run(image)
        assert result.output.tobytes() == alone.run(image).output.tobytes()
        assert len(result.memory.stack_peak) == cores


def digest(deployment: Deployment) -> str:
    return hashlib.sha256(deployment.firmware.read_bytes()).hexdigest()


def test_lenet5(agree: Callable[[Any], Agreeing], lenet5_model: Path) -> None:
    both = agree(lenet5_model)
    with np.load(lenet5_model.parent / "digits-500.npz") as digits:
        images = digits["images"][:3].astype(np.float32)[:, None, None] / 255
        labels = digits["labels"][:3]
    for image, label in zip(images, labels, strict=True):
        assert both.call(image).output.argmax() == label


FLOATS: Final = """
    <ir_version: 8, opset_import: ["" : 17]>
    floats (float[1, 2, 8, 8] x) => (float[1, 10] y, float[1, 10] e) {
        c = Conv<strides = [2, 2]>(x, k)
        t = Tanh(c)
        f = Flatten(t)
        m = MatMul(f, w)
        y = Softmax(m)
        s = Sqrt(y)
        e = Erf(s)
    }
"""


def floats() -> onnx.ModelProto:
    """Convolution, exponentials, roots and quotients of floats."""
    model = parser.parse_model(FLOATS)
    random = np.random.default_rng(1)
    for name, shape in (("k", (3, 2, 3, 3)), ("w", (27, 10))):
        values = random.standard_normal(shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    return model


def test_floats(agree: Callable[[Any], Agreeing]) -> None:
    both = agree(floats())
    random = np.random.default_rng(2)
    for scale in (1.0, 1e-3, 1e20):
        image = (scale * random.standard_normal((1, 2, 8, 8))).astype(np.float32)
        result = both.call(image)
        assert len(np.unique(result.outputs[0])) > 1
    for odd in (np.inf, np.nan, 1e-45):
        both.call(np.full((1, 2, 8, 8), odd, np.float32))


def test_control_flow_and_state(agree: Callable[[Any], Agreeing], models: Path) -> None:
    both = agree(models / "counter.mlir")
    few = both.call(np.array(10, np.int64), function="count")
    many = both.call(np.array(1000, np.int64), function="count")
    assert many.output == 1000
    assert many.instructions is not None
    assert few.instructions is not None
    assert many.instructions > 10 * few.instructions
    for calls in (1, 2, 3):
        assert both.call(function="tick").output == calls
    x = np.array([0.1, -2.5, 1e-40, 3e38], np.float32)
    for _ in range(2):
        both.call(x, function="add")


def test_free_sizes(agree: Callable[[Any], Agreeing], models: Path) -> None:
    both = agree(models / "free.mlir")
    for rows in (0, 1, 7, 100):
        x = np.random.default_rng(rows).standard_normal((rows, 4)).astype(np.float32)
        result = both.call(x, np.float32(1.7))
        np.testing.assert_array_equal(result.output, x * np.float32(1.7))


def test_a_refused_call(agree: Callable[[Any], Agreeing], models: Path) -> None:
    both = agree(models / "counter.mlir")
    said = []
    for deployment in (both.first, both.second):
        with pytest.raises(Refused) as refused:
            deployment.run(np.array(-1, np.int32), function="positive")
        said.append((refused.value.status, refused.value.message))
        assert deployment.run(np.array(4, np.int32), function="positive").output == 4
    assert said[0] == said[1] == ("FAILED_PRECONDITION", "x must be positive")
