"""A LeNet-5 on the board: the example's model against onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conformance.board.conftest import Note
from pytest_arielml.api import Arielml
from pytest_arielml.errors import DoesNotFit
from pytest_arielml.units import format_bytes

LENET5 = Path(__file__).parents[2] / "examples" / "lenet5"


def test_lenet5(arielml: Arielml, note: Note) -> None:
    """Ten digits, each as onnxruntime has it within one step of quantization."""
    if not (LENET5 / "lenet5-int8.onnx").is_file():
        pytest.skip(f"the example's model is not there: {LENET5}")
    try:
        lenet5 = arielml.deploy(LENET5 / "lenet5-int8.onnx")
    except DoesNotFit as error:
        pytest.skip(str(error))
    with np.load(LENET5 / "digits-500.npz") as digits:
        images = digits["images"][:10].astype(np.float32)[:, None] / 255
    for image in images:
        result = lenet5.run(image[None])
        result.assert_matches(arielml.reference(LENET5 / "lenet5-int8.onnx", image[None]), steps=1)
    took = "estimated" if result.seconds_are_estimated else "measured"
    note(f"{result.seconds * 1e3:.2f} ms {took}, flash {format_bytes(lenet5.size.flash)}")
