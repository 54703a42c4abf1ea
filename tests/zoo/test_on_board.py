"""Other people's models on the emulated board, equal to onnxruntime bit for bit."""

from __future__ import annotations

from pathlib import Path

from pytest_arielml.golden import model_bytes, random_inputs, reference_outputs
from pytest_arielml.session import Workbench


def test_outputs_equal_those_of_onnxruntime(path: Path) -> None:
    content = model_bytes(path)
    (inputs,) = random_inputs(content, seed=1, samples=2)
    with Workbench("emu-nrf52840") as bench:
        deployment = bench.deploy(path)
        for sample in inputs:
            result = deployment.run(sample)
            result.assert_matches(reference_outputs(content, sample), rtol=0, atol=0)
