"""Elementwise dispatches are cut for the cores of a board."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest

from pytest_arielml.boards import load_board
from pytest_arielml.compiler import Cache, compile_model
from pytest_arielml.compiler.workgroups import cut
from pytest_arielml.frontends import load_model
from pytest_arielml.session import Workbench


def operation(sizes: str, tiles: str, vectors: str = "", last: str = "") -> str:
    rank = sizes.count("x")
    dims = ", ".join(f"d{index}" for index in range(rank))
    kinds = ", ".join(['"parallel"'] * rank)
    vectors = vectors and f", vector_common_parallel = [{vectors}]"
    return (
        f"%4 = linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({dims})>, "
        f"affine_map<({dims}) -> ({last or dims})>], iterator_types = [{kinds}]}} "
        f"ins(%2 : tensor<{sizes}f32>) outs(%3 : tensor<{sizes}i8>) attrs =  "
        f"{{lowering_config = #iree_cpu.lowering_config<distribution = [{tiles}]{vectors}>}} {{\n"
    )


def tiles(line: str) -> str:
    return line.partition("distribution = [")[2].partition("]")[0]


@pytest.mark.parametrize(
    ("sizes", "before", "vectors", "cores", "after"),
    [
        ("784x", "784", "4", 2, "196"),
        ("28x28x", "28, 28", "1, 4", 2, "7, 28"),
        ("28x28x", "28, 28", "1, 4", 4, "7, 28"),
        ("4096x", "0", "4", 4, "128"),
        ("3x64x64x", "3, 64, 64", "1, 1, 4", 2, "1, 4, 64"),
        # Too few to be worth a second core, or nothing that divides them.
        ("10x", "10", "2", 8, "10"),
        ("787x", "787", "4", 2, "787"),
        # Even as they are, and small.
        ("8192x", "256", "4", 4, "256"),
        ("64x", "64", "4", 4, "64"),
    ],
)
def test_shares_are_even(sizes: str, before: str, vectors: str, cores: int, after: str) -> None:
    line = operation(sizes, before, vectors)
    found = cut(f"first\n{line}last\n", cores).splitlines(keepends=True)
    assert (found[0], found[2]) == ("first\n", "last\n")
    assert tiles(found[1]) == after
    assert found[1].replace(f"[{after}]", f"[{before}]") == line


@pytest.mark.parametrize(
    "line",
    [
        operation("64x64x", "64, 64", last="d1, d0"),
        operation("784x", "784").replace('"parallel"', '"reduction"'),
        operation("784x", "784").replace("784x", "?x"),
        operation("784x", "784").replace("linalg.generic", "linalg.fill"),
        operation("784x", "784").replace("distribution = [784]", "vector_reduction = [784]"),
    ],
)
def test_others_stay_as_they_are(line: str) -> None:
    assert cut(line, 4) == line


def test_the_first_dispatch_of_lenet5_is_shared(lenet5_model: Path) -> None:
    image = np.linspace(0, 1, 784, dtype=np.float32).reshape(1, 1, 28, 28)
    with Workbench("emu-rp2040") as bench:
        alone = bench.deploy(lenet5_model, cores=1).run(image)
        shared = bench.deploy(lenet5_model, cores=2).run(image)
    assert shared.dispatches[0].work_items > 1
    assert alone.seconds / shared.seconds >= 1.9
    assert shared.output.tobytes() == alone.output.tobytes()


def test_one_core_is_compiled_in_one_go(tmp_path: Path) -> None:
    """And both ways leave the same files."""
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1024] x) => (float[1024] y) {y = Neg(x)}'
    )
    loaded = load_model(model)
    made = [
        compile_model(loaded, load_board(name), cache=Cache(tmp_path))
        for name in ("microbit", "rp2040")
    ]
    files = [{path.name for path in each.module.parent.iterdir()} for each in made]
    assert files[0] == files[1]
    assert made[0].statistics == made[1].statistics
    # The binary of rp2040 has the same kernel, cut otherwise.
    assert made[0].kernels == made[1].kernels
    assert made[0].module.read_bytes() != made[1].module.read_bytes()
