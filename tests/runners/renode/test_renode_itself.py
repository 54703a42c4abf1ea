"""Renode itself, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pytest_arielml.boards import board_names, load_board
from pytest_arielml.errors import Unavailable
from pytest_arielml.runners import check_available
from pytest_arielml.session import Workbench

pytestmark = pytest.mark.renode

BOARDS = [name for name in board_names() if load_board(name).renode is not None]
Image = npt.NDArray[np.float32]


@pytest.fixture(scope="module", autouse=True)
def _renode() -> None:
    try:
        check_available("renode")
    except Unavailable as error:
        pytest.skip(f"{error.what}; {str(error.advice).splitlines()[0]}")


@pytest.fixture(scope="module")
def images(lenet5_model: Path) -> Image:
    digits = np.load(lenet5_model.parent / "digits-500.npz")
    shown: Image = (digits["images"][:5].astype(np.float32) / 255.0)[:, None]
    return shown


@pytest.fixture(scope="module", params=BOARDS)
def bench(request: pytest.FixtureRequest) -> Iterator[Workbench]:
    with Workbench(f"renode-{request.param}") as bench:
        yield bench


def test_lenet5_answers_as_onnxruntime(bench: Workbench, lenet5_model: Path, images: Image) -> None:
    lenet5 = bench.deploy(lenet5_model)
    for image in images:
        result = lenet5.run(image[None])
        result.assert_matches(bench.reference(lenet5_model, image[None]))


def test_all_cores_answer_as_one(bench: Workbench, lenet5_model: Path, images: Image) -> None:
    cores = len(bench.target.board.cores)
    if cores == 1:
        pytest.skip(f"{bench.target.board.name} has one core")
    alone = bench.deploy(lenet5_model, cores=1).run(images[:1])
    together = bench.deploy(lenet5_model, cores=cores).run(images[:1])
    assert [out.tobytes() for out in together.outputs] == [out.tobytes() for out in alone.outputs]
    # In turns of 1,000 instructions two cores are faster than one all the same.
    assert together.seconds is not None
    assert alone.seconds is not None
    assert together.seconds < 0.9 * alone.seconds


def test_two_runs_are_identical(bench: Workbench, lenet5_model: Path, images: Image) -> None:
    runs = []
    for _ in range(2):
        lenet5 = bench.deploy(lenet5_model)
        results = [lenet5.run(image[None]) for image in images]
        runs.append(
            [
                (result.instructions, result.memory, [out.tobytes() for out in result.outputs])
                for result in results
            ]
        )
        lenet5.close()
    assert runs[0] == runs[1]


def test_it_agrees_with_emu(bench: Workbench, lenet5_model: Path, images: Image) -> None:
    ours = bench.deploy(lenet5_model, cores=1).run(images[:1])
    with Workbench(f"emu-{bench.target.board.name}") as emu:
        theirs = emu.deploy(lenet5_model, cores=1).run(images[:1])
    assert [out.tobytes() for out in ours.outputs] == [out.tobytes() for out in theirs.outputs]
    assert ours.instructions is not None
    assert ours.instructions == pytest.approx(theirs.instructions, rel=0.02)


def test_a_model_that_was_displaced_comes_back(
    bench: Workbench, lenet5_model: Path, models: Path, images: Image
) -> None:
    lenet5 = bench.deploy(lenet5_model)
    first = lenet5.run(images[:1])
    x = np.ones((2, 4), np.float32)
    bench.deploy(models / "free.mlir").run(x, np.float32(3)).assert_matches(3 * x)
    again = lenet5.run(images[:1])
    assert again.instructions == first.instructions
    again.assert_matches(first.outputs)
