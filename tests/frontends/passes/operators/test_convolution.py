from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from meaning import onnxruntime
from rewriting import check, floats, integers, stays

BYTES = np.random.default_rng(3).integers(0, 256, (1, 2, 5, 5)).astype(np.uint8)
KERNEL = np.random.default_rng(4).integers(0, 256, (3, 2, 2, 2)).astype(np.uint8)
ZERO = np.asarray(100, np.uint8)


@pytest.mark.parametrize(
    "options", [{"pads": [1, 0, 2, 1]}, {"auto_pad": "SAME_UPPER"}, {"auto_pad": "SAME_LOWER"}]
)
@pytest.mark.parametrize("zeros", [[], [ZERO], [ZERO, ZERO]])
def test_padded_integers(options: dict[str, Any], zeros: list[Any]) -> None:
    check("ConvInteger", [BYTES, KERNEL, *zeros], gone=False, by=onnxruntime, opset=21, **options)


@pytest.mark.parametrize("options", [{}, {"pads": [1, 1, 1, 1], "strides": [2, 1]}])
def test_a_zero_point_a_channel(options: dict[str, Any]) -> None:
    zeros = np.asarray([0, 128, 255], np.uint8)
    check("ConvInteger", [BYTES, KERNEL, ZERO, zeros], gone=False, **options)


def test_integers_that_stay() -> None:
    stays("ConvInteger", [BYTES, KERNEL, ZERO, ZERO])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "options",
    [{}, {"strides": [2, 3], "pads": [1, 0, 0, 1]}, {"output_shape": [9, 9], "strides": [2, 2]}],
)
def test_groups(bias: bool, options: dict[str, Any]) -> None:
    inputs = [floats(1, 4, 4, 4), floats(4, 3, 3, 3), *([floats(6)] if bias else [])]
    check("ConvTranspose", inputs, gone=False, opset=21, by=onnxruntime, group=2, **options)


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER"])
def test_sizes_of_the_output(mode: str) -> None:
    inputs = [floats(1, 2, 4, 3), floats(2, 3, 3, 3)]
    options = {"auto_pad": mode, "strides": [2, 2]}
    check("ConvTranspose", inputs, gone=False, opset=21, by=onnxruntime, **options)


def test_transposed_convolutions_that_stay() -> None:
    inputs = [floats(1, 2, 4, 4), floats(2, 3, 3, 3)]
    stays("ConvTranspose", inputs, pads=[1, 1, 1, 1])
    stays("ConvTranspose", [floats(1, 64, 2, 2), floats(64, 1, 2, 2)], group=64)


@pytest.mark.parametrize(
    ("image", "options"),
    [
        ([5, 5], {}),
        ([6, 7], {"strides": [2, 2]}),
        ([5, 6], {"dilations": [2, 1], "pads": [1, 0, 1, 2]}),
    ],
)
def test_blocks(image: list[int], options: dict[str, Any]) -> None:
    block = [2, 3]
    count = 1
    for axis in range(2):
        pads, dilations = options.get("pads", [0] * 4), options.get("dilations", [1, 1])
        room = image[axis] + pads[axis] + pads[2 + axis] - dilations[axis] * (block[axis] - 1) - 1
        count *= room // options.get("strides", [1, 1])[axis] + 1
    inputs = [floats(2, 3 * 6, count), integers(*image), integers(*block)]
    check("Col2Im", inputs, constants=[1, 2], **options)
