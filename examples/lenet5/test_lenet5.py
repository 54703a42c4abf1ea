"""LeNet-5 on handwritten digits: what a test of a model on a board looks like.

Run it with ``pytest examples/lenet5 -v``, on any target that
``arielml boards`` lists: ``--arielml-target=...``.
"""

from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
MODEL = HERE / "lenet5-int8.onnx"


@pytest.fixture(scope="module")
def digits():
    with np.load(HERE / "digits-500.npz") as data:
        images = data["images"].astype(np.float32)[:, None] / 255.0
        return images, data["labels"]


# The budget holds on every board with an FPU; RISC-V has the largest code.
@pytest.mark.arielml_requires(fpu=True)
@pytest.mark.arielml_budget(
    instructions="2.1M", latency="90ms", flash="140KiB", ram="19KiB", stack="4KiB"
)
def test_one_digit(arielml, digits):
    images, _ = digits
    lenet5 = arielml.deploy(MODEL)
    result = lenet5.run(images[:1])
    result.assert_matches(arielml.reference(MODEL, images[:1]), steps=1)


def test_accuracy_on_unseen_digits(arielml, digits):
    images, labels = digits
    lenet5 = arielml.deploy(MODEL)
    arielml.accuracy(lenet5, images, labels, min_top1=0.95, max_drop=0.0)
