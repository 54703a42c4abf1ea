from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, helper

from pytest_arielml.boards import Board, load_board
from pytest_arielml.compiler import Cache, CompiledModel, compile_model
from pytest_arielml.firmware import Image, link_image
from pytest_arielml.frontends import load_model


@pytest.fixture(scope="session")
def board() -> Board:
    return load_board("nrf52840")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def lenet5(lenet5_model: Path, board: Board, cache: Cache) -> CompiledModel:
    return compile_model(load_model(lenet5_model), board, cache=cache)


@pytest.fixture(scope="session")
def without_kernels(board: Board, cache: Cache) -> CompiledModel:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "id", [x], [y])
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return compile_model(load_model(model), board, cache=cache)


@pytest.fixture(scope="session")
def image(lenet5: CompiledModel, board: Board, cache: Cache) -> Image:
    return link_image(lenet5, board, cache=cache)
