from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rewriting import check, floats, integers


@pytest.mark.parametrize(("mode", "starts"), [("linear", (1, 3)), ("circular", (4, 2))])
@pytest.mark.parametrize("axis", [-2, 2, 1])
def test_caches(mode: str, starts: tuple[int, int], axis: int) -> None:
    cache = floats(2, 5, 5, 3)
    shape = list(cache.shape)
    shape[axis] = 2
    check("TensorScatter", [cache, floats(*shape, seed=8), integers(*starts)], mode=mode, axis=axis)


def test_without_places() -> None:
    inputs: list[Any] = [floats(2, 4, 3), floats(2, 4, 3, seed=9)]
    made = check("TensorScatter", inputs)
    assert np.array_equal([node.op_type for node in made.graph.node][-1], "Where")
