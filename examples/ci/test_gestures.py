"""A first test of gestures, from a run on emu-nrf52840."""

from pathlib import Path

import numpy as np
import pytest

MODEL = Path(__file__).parent / "gestures.onnx"


# Measured: 24,904 instructions, 60.2 KiB of flash, 7.5 KiB of RAM, 2.6 KiB of stack.
@pytest.mark.arielml_budget(instructions="28k", flash="67KiB", ram="9KiB", stack="3KiB")
def test_gestures(arielml):
    rng = np.random.default_rng(0)  # data of your own tell more
    inputs = {
        "sample": rng.uniform(-1.0, 1.0, (1, 48)).astype(np.float32),
    }
    model = arielml.deploy(MODEL)
    result = model.run(inputs)
    result.assert_matches(model.reference(inputs))


def test_accuracy(arielml):
    unseen = np.load(MODEL.parent / "unseen.npz")
    model = arielml.deploy(MODEL)
    arielml.accuracy(model, unseen["samples"], unseen["labels"], min_top1=0.95, max_drop=0.01)
