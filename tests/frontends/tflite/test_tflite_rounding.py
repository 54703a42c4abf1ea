"""Every sum that a layer can make is rounded as LiteRT rounds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from quantized import OPS
from tflite_making import Making

from pytest_arielml.frontends import load_model
from pytest_arielml.golden import reference
from pytest_arielml.session import Workbench

#: Results, each with a scale of its own and sums from -16,384 to 16,384 and a bias.
RESULTS = 48
STEP = 0.02113


@pytest.mark.parametrize("activation", [0, 1])
@pytest.mark.parametrize("kind", ["FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D"])
def test_every_sum_is_rounded_as_litert_does(kind: str, activation: int, tmp_path: Path) -> None:
    content = layer(kind, activation)
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    model = load_model(path)
    evaluator = ReferenceEvaluator(onnx.load_from_string(model.normal), new_ops=OPS)
    (spec,) = model.signature.main.inputs
    expected = []
    for call in sums(spec.shape):
        (found,) = evaluator.run(None, {spec.name: call})
        expected.append(reference(content).run(call)[0])
        assert np.array_equal(found, expected[-1])
    assert len(np.unique(expected)) > 100


@pytest.mark.parametrize("target", ["emu-nrf52840", "emu-rp2040"])
def test_a_core_rounds_so_too(target: str, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(layer("CONV_2D", 0))
    with Workbench(target) as bench:
        deployment = bench.deploy(path)
        (spec,) = deployment.signature.main.inputs
        for call in sums(spec.shape)[::16]:
            result = deployment.run(call)
            assert np.array_equal(result.output, deployment.reference(call)[0])


def sums(shape: tuple[int, ...]) -> list[np.ndarray]:
    """Inputs of two values each that together make every sum."""
    one, other = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128), indexing="ij")
    pairs = np.stack([one, other], axis=-1).astype(np.int8)
    return [np.ascontiguousarray(each.reshape(shape)) for each in pairs.reshape(16, -1)]


def layer(kind: str, activation: int) -> bytes:
    """A layer whose weights are 127 and 1, with a scale and a bias for each result."""
    making = Making(seed=2)
    dense, depthwise = kind == "FULLY_CONNECTED", kind == "DEPTHWISE_CONV_2D"
    if dense:
        shape, result = (4096, 2), (4096, RESULTS)
    elif depthwise:
        # Two values side by side are a window.
        shape, result = (1, 4096, 2, 1), (1, 4096, 1, RESULTS)
    else:
        shape, result = (1, 64, 64, 2), (1, 64, 64, RESULTS)
    x = making.input(shape, scale=STEP)
    scale = making.random.uniform(0.01, 0.03, RESULTS)
    pair = np.array([127, 1], np.int8)
    if depthwise:
        values = np.broadcast_to(pair[None, None, :, None], (1, 1, 2, RESULTS))
    else:
        values = np.broadcast_to(pair, (RESULTS, *(() if dense else (1, 1)), 2))
    w = making.constant(values, "int8", scale=scale, axis=3 if depthwise else 0)
    options = "FullyConnectedOptions" if dense else f"{'Depthwise' * depthwise}Conv2DOptions"
    fields = {} if dense else {"padding": 1, "strideH": 1, "strideW": 1}
    if not dense:
        fields |= {"dilationHFactor": 1, "dilationWFactor": 1}
    if depthwise:
        fields["depthMultiplier"] = RESULTS
    number = making.add(
        kind,
        [x, w, making.bias(RESULTS, scale * STEP)],
        result,
        options=options,
        scale=0.06137,
        fusedActivationFunction=activation,
        **fields,
    )
    return making.content(number)
