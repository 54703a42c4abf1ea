from __future__ import annotations

import numpy as np
import pytest
from meaning import onnxruntime
from rewriting import check, floats, stays

STEP, LENGTH = np.asarray(3, np.int64), np.asarray(8, np.int64)


@pytest.mark.parametrize("onesided", [0, 1])
def test_frames(onesided: int) -> None:
    inputs = [floats(2, 25, 1), STEP, None, LENGTH]
    made = check("STFT", inputs, constants=[1, 3], opset=20, by=onnxruntime, onesided=onesided)
    assert "DFT" in {node.op_type for node in made.graph.node}


def test_what_stays() -> None:
    signal = floats(1, 25, 1)
    stays("STFT", [signal, STEP, None, LENGTH], opset=20)
    window = np.ones(8, np.float32)
    stays("STFT", [signal, STEP, window, LENGTH], constants=[1, 3], opset=20)
