from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from meaning import Array, reference
from rewriting import check, floats, stays

PLANE, VOLUME = floats(2, 2, 3, 4), floats(1, 2, 2, 3, 4)
MODES, PADDINGS = ("nearest", "linear", "cubic"), ("zeros", "border", "reflection")


@pytest.mark.parametrize(("mode", "padding"), list(itertools.product(MODES, PADDINGS)))
@pytest.mark.parametrize("aligned", [0, 1])
def test_planes(mode: str, padding: str, aligned: int) -> None:
    grid = floats(2, 3, 5, 2) * np.float32(0.9)
    options = {"mode": mode, "padding_mode": padding, "align_corners": aligned}
    check("GridSample", [PLANE, grid], **options)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("aligned", [0, 1])
def test_volumes(mode: str, padding: str, aligned: int) -> None:
    options = {"mode": mode, "padding_mode": padding, "align_corners": aligned}
    check("GridSample", [VOLUME, floats(1, 2, 1, 3, 3)], **options)


def test_halves_are_rounded_to_even() -> None:
    # The middle between pixels 0 and 1, 1 and 2, 2 and 3 of four.
    at = np.asarray([-0.5, 0.0, 0.5], np.float32)
    grid = np.stack([at, np.zeros(3, np.float32)], -1).reshape(1, 1, 3, 2)
    check("GridSample", [floats(1, 1, 1, 4), grid], mode="nearest")


def test_old_names_of_modes() -> None:
    for mode in ("bilinear", "bicubic"):
        check("GridSample", [PLANE, floats(2, 1, 2, 2)], mode=mode, opset=16, by=_new)


_NEW = {b"bilinear": b"linear", b"bicubic": b"cubic"}


def _new(model: onnx.ModelProto, feed: Mapping[str, Array]) -> list[Array]:
    """By the reference evaluator, which knows the new names alone."""
    for node in model.graph.node:
        for attribute in node.attribute:
            attribute.s = _NEW.get(attribute.s, attribute.s)
    return reference(model, feed)


def test_what_is_not_computed_with_stays() -> None:
    stays("GridSample", [np.ones((1, 1, 2, 2), np.int32), floats(1, 1, 2, 2)])
