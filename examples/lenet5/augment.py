"""Small random turns, stretches and shifts, so that 9,000 digits go further."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHIFT = 2.0  # pixels
TURN = np.deg2rad(10.0)
STRETCH = 0.1


def warp(images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Each of `images` [n, h, w] under its own affine map, bilinear, paper outside."""
    count, height, width = images.shape
    angle = rng.uniform(-TURN, TURN, count)
    stretch = rng.uniform(1 - STRETCH, 1 + STRETCH, (2, count))
    shift = rng.uniform(-SHIFT, SHIFT, (2, count))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    rows -= (height - 1) / 2
    columns -= (width - 1) / 2
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    # Where each output pixel comes from.
    y = (cos * rows - sin * columns) * stretch[0][:, None, None] + shift[0][:, None, None]
    x = (sin * rows + cos * columns) * stretch[1][:, None, None] + shift[1][:, None, None]
    # One pixel of paper around, where everything outside is clamped to.
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    y = np.clip(y + (height - 1) / 2 + 1, 0, height + 0.999).astype(np.float32)
    x = np.clip(x + (width - 1) / 2 + 1, 0, width + 0.999).astype(np.float32)
    top, left = y.astype(np.intp), x.astype(np.intp)
    down, right = y - top, x - left
    one = np.arange(count)[:, None, None]
    upper = padded[one, top, left] * (1 - right) + padded[one, top, left + 1] * right
    lower = padded[one, top + 1, left] * (1 - right) + padded[one, top + 1, left + 1] * right
    result: NDArray[np.float32] = (upper * (1 - down) + lower * down).astype(np.float32)
    return result
