"""Each operator, held against LiteRT on values of the whole range."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from quantized import OPS
from tflite_cases import CASES
from tflite_making import Making

from pytest_arielml.frontends import Model, load_model
from pytest_arielml.golden import random_arrays, reference
from pytest_arielml.session import Workbench

SAMPLES = 12
#: Operators that have no ONNX form here, and go by way of TOSA.
BY_TOSA = ("mirror pad",)
#: How many elements may be off by the step. LiteRT's own kernels compute convolutions with
#: weights of 4 bits, and round twice. One in 48 means lies half way between two steps, and
#: which way it goes is decided by a float's rounding.
SHARE = {"conv of 4-bit weights": 1e-2, "mean": 3e-2, "mean that keeps": 3e-2}


def made(name: str, folder: Path) -> tuple[Model, bytes]:
    making = Making()
    content = making.content(CASES[name](making))
    path = folder / "model.tflite"
    path.write_bytes(content)
    return load_model(path), content


def arrays(model: Model, samples: int) -> list[tuple[Any, ...]]:
    specs = model.signature.main.inputs
    ranges = {spec.name: (-4.0, 4.0) for spec in specs}
    stacked = random_arrays(specs, seed=1, samples=samples, ranges=ranges)
    return list(zip(*stacked, strict=True))


def assert_close(found: Sequence[Any], expected: Sequence[Any], share: float = 0.0) -> None:
    """Integers equal, but for a step in a share of them; floats but for their rounding."""
    one, other = np.concatenate(found, axis=None), np.concatenate(expected, axis=None)
    assert one.dtype == other.dtype
    if one.dtype.kind == "f":
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
        return
    difference = np.abs(one.astype(int) - other.astype(int))
    assert difference.max() <= 1
    assert np.mean(difference != 0) <= share


@pytest.mark.parametrize("name", sorted(set(CASES) - set(BY_TOSA)))
def test_the_normal_form_means_what_litert_computes(name: str, tmp_path: Path) -> None:
    model, content = made(name, tmp_path)
    assert model.format == "onnx"
    evaluator = ReferenceEvaluator(onnx.load_from_string(model.normal), new_ops=OPS)
    names = [spec.name for spec in model.signature.main.inputs]
    calls = arrays(model, SAMPLES)
    found = [evaluator.run(None, dict(zip(names, call, strict=True)))[0] for call in calls]
    expected = [reference(content).run(*call)[0] for call in calls]
    assert len(np.unique(np.concatenate(expected, axis=None))) > 1
    assert_close(found, expected, SHARE.get(name, 0.0))


@pytest.mark.parametrize(
    "name",
    ["average pool", "concatenation of convolutions", "depthwise", "leaky relu", "mirror pad"],
)
def test_it_runs_as_litert_does(name: str, tmp_path: Path) -> None:
    model, _ = made(name, tmp_path)
    assert model.format == ("mlir" if name in BY_TOSA else "onnx")
    with Workbench("emu-nrf52840") as bench:
        deployment = bench.deploy(tmp_path / "model.tflite")
        calls = arrays(model, 3)
        found = [deployment.run(*call).output for call in calls]
        expected = [deployment.reference(*call)[0] for call in calls]
    assert_close(found, expected)
    assert deployment.reference(*calls[0]).source.startswith("LiteRT ")
