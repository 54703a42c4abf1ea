from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from meaning import onnxruntime
from rewriting import check, floats, integers, stays

X = floats(1, 2, 5, 6)


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize(("kernel", "strides"), [([2, 2], [1, 1]), ([2, 3], [1, 2])])
def test_unequal_pads(mode: str, kernel: list[int], strides: list[int]) -> None:
    options: dict[str, Any] = {"auto_pad": mode, "kernel_shape": kernel, "strides": strides}
    check("MaxPool", [-abs(X)], gone=False, opset=21, by=onnxruntime, **options)


def test_explicit_pads_and_integers() -> None:
    options = {"kernel_shape": [2, 2], "pads": [1, 0, 0, 1]}
    whole = np.arange(-10, 6, dtype=np.int8).reshape(1, 1, 4, 4)
    check("MaxPool", [whole], gone=False, opset=21, by=onnxruntime, **options)


def test_pooling_that_stays() -> None:
    stays("MaxPool", [X], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    stays("MaxPool", [X], kernel_shape=[3, 3], auto_pad="VALID")
    stays("MaxPool", [X], kernel_shape=[2, 2], auto_pad="SAME_UPPER", outputs=2)
    stays("LpPool", [X], kernel_shape=[2, 2])


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {"auto_pad": "SAME_UPPER"},
        {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
        {"dilations": [2, 2], "pads": [1, 0, 1, 0]},
    ],
)
def test_norms(power: int, options: dict[str, Any]) -> None:
    check("LpPool", [X], opset=22, by=onnxruntime, kernel_shape=[2, 3], p=power, **options)


@pytest.mark.parametrize("wanted", [None, integers(1, 1, 5, 6)])
def test_unpooling(wanted: Any) -> None:
    values, places = floats(1, 1, 2, 2), integers(5, 7, 13, 15).reshape(1, 1, 2, 2)
    inputs = [values, places] + ([] if wanted is None else [wanted])
    check("MaxUnpool", inputs, constants=[2], kernel_shape=[2, 2], strides=[2, 2])


def test_unpooling_to_a_size_that_is_not_known_stays() -> None:
    inputs = [floats(1, 1, 2, 2), integers(5, 7, 13, 15).reshape(1, 1, 2, 2)]
    stays("MaxUnpool", [*inputs, integers(1, 1, 5, 5)], kernel_shape=[2, 2], strides=[2, 2])
