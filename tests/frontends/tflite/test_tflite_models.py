"""Other people's models: what the board gives is what LiteRT gives, at the ONNX form's cost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.golden import input_ranges, random_arrays
from pytest_arielml.golden.litert import steps
from pytest_arielml.session import Workbench

BESIDE = Path(os.environ.get("ARIELML_MODELS", Path(__file__).parents[4] / "shared" / "models"))
MODELS = (
    "ariel-ml/lenet5_quantized",
    "mlperf-tiny/ad01_int8",
    "mlperf-tiny/kws_ref_model",
    "mlperf-tiny/pretrainedResnet_quant",
    "mlperf-tiny/vww_96_int8",
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with Workbench("emu-nrf52840") as workbench:
        yield workbench


@pytest.fixture(scope="module")
def host() -> Iterator[Workbench]:
    with Workbench("host") as workbench:
        yield workbench


def file(name: str) -> Path:
    path = BESIDE / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


@pytest.mark.parametrize("name", MODELS)
def test_hardly_any_of_many_outputs_differs(name: str, host: Workbench) -> None:
    path = file(f"{name}.tflite")
    lite = host.deploy(path)
    ranges = input_ranges(path.read_bytes())
    stacked = random_arrays(lite.signature.main.inputs, seed=0, samples=150, ranges=ranges)
    found, expected = [], []
    for call in zip(*stacked, strict=True):
        found.append(lite.run(*call).outputs[0])
        expected.append(lite.reference(*call)[0])
    step = steps(path.read_bytes())[0][1]
    assert step is not None
    apart = np.abs(np.stack(found).astype(float) - np.stack(expected).astype(float)) / step
    # A product of floats of which a factor of the integer form misses the rounding.
    assert apart.max() < 1.01
    assert np.mean(apart > 0.01) <= 1e-3


@pytest.mark.parametrize("name", MODELS)
def test_it_gives_what_litert_gives(name: str, bench: Workbench) -> None:
    path = file(f"{name}.tflite")
    lite = bench.deploy(path)
    assert {kept.partition(" ")[0] for kept in lite.kept_in_float} <= {"Softmax"}
    ranges = input_ranges(path.read_bytes())
    stacked = random_arrays(lite.signature.main.inputs, seed=5, samples=2, ranges=ranges)
    for call in zip(*stacked, strict=True):
        result = lite.run(*call)
        result.assert_matches(lite.reference(*call))
    onnx = bench.deploy(file(f"{name}.onnx"))
    other = onnx.run(
        *(
            np.reshape(each, spec.shape)
            for each, spec in zip(call, onnx.signature.main.inputs, strict=True)
        )
    )
    assert result.instructions is not None
    assert other.instructions is not None
    assert abs(result.instructions / other.instructions - 1) < 0.03
