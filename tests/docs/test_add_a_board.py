"""`docs/add-a-board.md`: its board runs models, and its table has every key of a file."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import numpy as np

from pytest_arielml.boards import parse
from pytest_arielml.session import Workbench

DOCS = Path(__file__).parents[2] / "docs"


def test_its_board_runs_a_model(lenet5_model: Path) -> None:
    image = np.random.default_rng(0).random((1, 1, 28, 28), np.float32)
    with Workbench(f"emu-{DOCS / 'examples' / 'nrf52833.toml'}") as bench:
        lenet5 = bench.deploy(lenet5_model)
        lenet5.run(image).assert_matches(lenet5.reference(image), steps=1)
        board = bench.target.board
        assert (board.name, board.ram.length) == ("nrf52833", 128 * 1024)


def test_its_table_has_every_key_of_a_file() -> None:
    """Those of [bus] are in `docs/timing.md`."""
    taken = set()
    for node in ast.walk(ast.parse(inspect.getsource(parse))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".only"):
            taken |= {each.value for each in node.args if isinstance(each, ast.Constant)}
    table = (DOCS / "add-a-board.md").read_text().partition("## What the file says")[2]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert documented == taken | {"data"}
