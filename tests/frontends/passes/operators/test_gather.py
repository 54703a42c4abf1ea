from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from meaning import reference
from onnx import numpy_helper
from rewriting import check, floats, integers, stays

X = floats(3, 4)


@pytest.mark.parametrize(
    ("condition", "options"),
    [([0, 1, 1], {"axis": 0}), ([1, 0, 0, 1], {"axis": -1}), ([0, 1, 0, 0, 1], {})],
)
def test_compress(condition: list[int], options: dict[str, Any]) -> None:
    check("Compress", [X, np.asarray(condition, np.bool_)], constants=[1], **options)


def test_a_condition_that_is_not_known_stays() -> None:
    stays("Compress", [X, np.asarray([0, 1, 1], np.bool_)], axis=0)


@pytest.mark.parametrize("widths", [(1, 2, 0, 3), (0, 9, 0, 0), (-1, 0, 1, -2)])
def test_wrapping(widths: tuple[int, ...]) -> None:
    made = check("Pad", [X, integers(*widths)], constants=[1], mode="wrap", by=_by_numpy)
    assert made.graph.node


def _by_numpy(model: Any, feed: Any) -> list[Any]:
    """numpy wraps as ONNX does, but has no negative widths."""
    if model.graph.node[0].op_type != "Pad":
        return reference(model, feed)
    widths = numpy_helper.to_array(model.graph.initializer[0]).reshape(2, 2)
    array = np.pad(feed["i0"], np.maximum(widths, 0).T, mode="wrap")
    cut = np.minimum(widths, 0)
    rows, columns = array.shape
    return [array[-cut[0, 0] : rows + cut[1, 0], -cut[0, 1] : columns + cut[1, 1]]]


def test_axes_to_wrap() -> None:
    check("Pad", [X, integers(2, 1), None, integers(-1)], constants=[1, 3], mode="wrap")


def test_padding_that_stays() -> None:
    stays("Pad", [X, integers(1, 1, 1, 1)], constants=[1], mode="reflect")
    stays("Pad", [X, integers(1, 1, 1, 1)], mode="wrap")


@pytest.mark.parametrize(
    ("starts", "ends", "steps"),
    [
        ((9, 9), (0, 1), (-2, -3)),
        ((-1, -2), (-9, -7), (-3, -2)),
        ((8, 0), (-99, 6), (-2, 2)),
        ((99, 3), (2, 99), (-4, 1)),
    ],
)
def test_slices(starts: tuple[int, int], ends: tuple[int, int], steps: tuple[int, int]) -> None:
    inputs = [floats(10, 8), integers(*starts), integers(*ends), None, integers(*steps)]
    check("Slice", inputs, constants=[1, 2, 4])
    check("Slice", [*inputs[:3], integers(-2, 1), inputs[4]], constants=[1, 2, 3, 4])


def test_slices_that_stay() -> None:
    bounds = [integers(3), integers(0), integers(0)]
    stays("Slice", [X, *bounds, integers(-1)], constants=[1, 2, 3, 4])
    stays("Slice", [X, *bounds, integers(-2)])


def test_features() -> None:
    domain = "ai.onnx.ml"
    check("ArrayFeatureExtractor", [X, integers(3, 0)], domain=domain)
    check("Binarizer", [X], domain=domain, threshold=0.5)
