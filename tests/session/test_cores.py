"""Models on several cores: the same bytes as on one, and what each core took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pytest_arielml.session import Deployment, Result, Workbench

Deploy = Callable[..., Deployment]
BOARDS = {"rp2040": 2, "rp2350": 2, "mps2-an521": 2, "riscv-virt": 8}


@pytest.fixture(scope="module", params=BOARDS)
def bench(request: pytest.FixtureRequest) -> Iterator[Workbench]:
    with Workbench(f"emu-{request.param}") as workbench:
        yield workbench


@pytest.fixture(scope="module")
def images(lenet5_model: Path) -> npt.NDArray[np.float32]:
    with np.load(lenet5_model.parent / "digits-500.npz") as digits:
        images: npt.NDArray[np.float32] = digits["images"][:3].astype(np.float32)
    return images[:, None, None] / 255


def outputs(deployment: Deployment, images: npt.NDArray[np.float32]) -> list[Result]:
    return [deployment.run(image) for image in images]


@pytest.mark.parametrize("scheduler", ["greedy", "round-robin"])
def test_each_number_of_cores_gives_the_same_bytes(
    bench: Workbench, lenet5_model: Path, images: npt.NDArray[np.float32], scheduler: str
) -> None:
    alone = outputs(bench.deploy(lenet5_model, scheduler="sequential"), images)
    most = BOARDS[bench.target.board.name]
    before = alone[0].seconds
    for cores in range(1, most + 1):
        shared = outputs(bench.deploy(lenet5_model, cores=cores, scheduler=scheduler), images)
        for one, other in zip(alone, shared, strict=True):
            assert one.output.tobytes() == other.output.tobytes()
        assert len(shared[0].memory.stack_peak) == cores
        # More cores are faster, until there are more than work items.
        assert shared[0].seconds <= before * (1.005 if cores == 1 else 1.0)
        before = shared[0].seconds


def test_sequential_leaves_the_other_cores_alone(
    bench: Workbench, lenet5_model: Path, images: npt.NDArray[np.float32]
) -> None:
    result = bench.deploy(lenet5_model, scheduler="sequential").run(images[0])
    assert len(result.memory.stack_peak) == 1
    alone = bench.deploy(lenet5_model, cores=1).run(images[0])
    assert alone.instructions is not None
    assert result.instructions is not None
    # "greedy" on one core costs next to nothing.
    assert abs(alone.instructions - result.instructions) <= 0.005 * result.instructions


def test_several_cores_share_the_work(
    bench: Workbench, lenet5_model: Path, images: npt.NDArray[np.float32]
) -> None:
    alone = bench.deploy(lenet5_model, cores=1).run(images[0])
    shared = bench.deploy(lenet5_model, cores=2).run(images[0])
    assert alone.seconds / shared.seconds > 1.5
    # All cores' instructions count; agreeing on who does what costs little.
    assert alone.instructions is not None
    assert shared.instructions is not None
    assert alone.instructions <= shared.instructions <= 1.01 * alone.instructions


def test_ram_has_the_stack_of_each_core(bench: Workbench, lenet5_model: Path) -> None:
    alone = bench.deploy(lenet5_model, cores=1)
    shared = bench.deploy(lenet5_model, cores=2)
    image = np.zeros((1, 1, 28, 28), np.float32)
    one, two = alone.run(image), shared.run(image)
    assert shared.size.parts["ram: stack"] >= sum(two.memory.stack_peak)
    assert alone.size.parts["ram: stack"] < shared.size.parts["ram: stack"]
    assert all(0 < peak < 2048 for peak in two.memory.stack_peak)
    assert len(one.memory.stack_peak) == 1


def test_a_core_whose_stack_is_used_up_is_named(
    bench: Workbench, lenet5_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host sees it where no memory protection stops it."""
    import dataclasses

    from pytest_arielml.errors import DeviceError

    deployment = bench.deploy(lenet5_model, cores=2)
    image = np.zeros((1, 1, 28, 28), np.float32)
    peak = deployment.run(image).memory.stack_peak[1]
    board = dataclasses.replace(deployment.target.board, stack=peak)
    target = dataclasses.replace(deployment.target, board=board)
    monkeypatch.setattr(deployment, "target", target)
    with pytest.raises(DeviceError, match="overflowed the stack of core 1"):
        deployment.run(image)
