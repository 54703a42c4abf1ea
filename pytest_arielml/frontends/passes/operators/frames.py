"""Transforms of a signal frame by frame.

https://onnx.ai/onnx/operators/onnx__STFT.html
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pytest_arielml.frontends.passes.operators.build import Rewrite

# Batch, time, and one part a value or two.
_RANK: Final = 3


def transform_frames(rewrite: Rewrite) -> bool:
    """`STFT` without a window, which IREE wants: frames, each with a `DFT`."""
    shape, step, length = rewrite.shape(0), rewrite.value(1), rewrite.value(3)
    if rewrite.input(2) or shape is None or len(shape) != _RANK or step is None or length is None:
        return False
    points, by = int(length.reshape(())), int(step.reshape(()))
    starts = np.arange(0, shape[1] - points + 1, by)
    if not len(starts):
        return False
    places = rewrite.constant(starts[:, None] + np.arange(points))
    # [batch, frames, points, parts]
    frames = rewrite.add("Gather", rewrite.input(0), places, axis=1)
    onesided = rewrite.options.get("onesided", 1)
    axis = rewrite.constant(2)
    rewrite.add("DFT", frames, "", axis, output=rewrite.result, onesided=onesided)
    return True
