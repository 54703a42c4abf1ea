"""All 500 digits on the board against the goldens that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pytest_arielml.golden import read
from pytest_arielml.session import Workbench

ROOT = Path(__file__).parents[2]


def test_every_output_is_within_one_step_and_every_class_the_same(lenet5_model: Path) -> None:
    golden = read(ROOT / "golden" / "lenet5-int8.npz")
    (expected,) = golden.outputs
    step = golden.policies[0].step
    assert step is not None
    with np.load(lenet5_model.parent / "digits-500.npz") as digits:
        images = digits["images"].astype(np.float32)[:, None, None] / 255
    with Workbench("emu-nrf52840") as bench:
        deployment = bench.deploy(lenet5_model)
        found = np.stack([deployment.run(image).output for image in images])
    assert found.shape == expected.shape == (500, 1, 10)
    np.testing.assert_array_equal(found.argmax(-1), expected.argmax(-1))
    assert np.max(np.abs(found - expected)) <= step * 1.0001
    # More than is promised, and true since the kernels compute as onnxruntime does.
    assert np.count_nonzero(found != expected) == 0
