"""Each model gives the bytes that one core gives, in 20 interleavings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from conformance.parallel.team import Team, outcome
from conformance.runtime.device import Array
from pytest_arielml.errors import DoesNotFit, Unavailable
from pytest_arielml.frontends import load_model
from pytest_arielml.golden import input_ranges, random_arrays
from pytest_arielml.wire import Policy
from pytest_arielml.zoo import find
from pytest_arielml.zoo import models as zoo_models

_LENET5: Final = Path(__file__).parents[2] / "examples" / "lenet5" / "lenet5-int8.onnx"


def _parsed(text: str, **weights: tuple[int, ...]) -> onnx.ModelProto:
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> {text}')
    random = np.random.default_rng(1)
    for name, shape in weights.items():
        values = random.standard_normal(shape).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    return model


def branches() -> onnx.ModelProto:
    """Four convolutions that do not wait for each other, of unlike sizes."""
    return _parsed(
        """g (float[1, 4, 12, 12] x) => (float[1, 14, 12, 12] y) {
            a = Conv<pads = [1, 1, 1, 1]>(x, ka)
            b = Conv<pads = [2, 2, 2, 2]>(x, kb)
            c = Conv(x, kc)
            d = Conv<pads = [1, 1, 1, 1]>(a, kd)
            y = Concat<axis = 1>(a, b, c, d)
        }""",
        ka=(4, 4, 3, 3),
        kb=(3, 4, 5, 5),
        kc=(2, 4, 1, 1),
        kd=(5, 4, 3, 3),
    )


def attention() -> onnx.ModelProto:
    """Products of what depends on the input, a softmax, a normalization."""
    return _parsed(
        """g (float[1, 16, 24] x) => (float[1, 16, 24] y) {
            q = MatMul(x, wq)
            k = MatMul(x, wk)
            v = MatMul(x, wv)
            t = Transpose<perm = [0, 2, 1]>(k)
            s = MatMul(q, t)
            p = Softmax<axis = -1>(s)
            o = MatMul(p, v)
            r = Add(o, x)
            y = LayerNormalization(r, g, b)
        }""",
        wq=(24, 24),
        wk=(24, 24),
        wv=(24, 24),
        g=(24,),
        b=(24,),
    )


def depthwise() -> onnx.ModelProto:
    """Each channel by itself, pools and a sum over all of it."""
    return _parsed(
        """g (float[1, 8, 16, 16] x) => (float[1, 8] y) {
            c = Conv<group = 8, pads = [1, 1, 1, 1]>(x, k)
            r = Relu(c)
            m = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(r)
            a = GlobalAveragePool(m)
            y = Flatten(a)
        }""",
        k=(8, 1, 3, 3),
    )


SMALL: Final[dict[str, Callable[[], onnx.ModelProto]]] = {
    "branches": branches,
    "attention": attention,
    "depthwise": depthwise,
}


@pytest.mark.parametrize("name", SMALL)
def test_small_models(team: Team, name: str) -> None:
    """Dispatches that may run at once, reductions, floats."""
    hold(team, SMALL[name]())


def test_lenet5(team: Team) -> None:
    """The example."""
    hold(team, _LENET5)


@pytest.mark.parametrize("name", [model.name for model in zoo_models()])
def test_public_models(team: Team, name: str) -> None:
    """Those that are on this machine."""
    try:
        source = find(name, download=False)
    except Unavailable as error:
        pytest.skip(error.what)
    try:
        hold(team, source)
    except DoesNotFit as error:
        pytest.skip(f"{name}: {error.what}")


def hold(team: Team, source: Any) -> None:
    """Runs the model in each interleaving, by turns with both policies."""
    inputs = inputs_of(source)
    expected = team.sequentially(source, *inputs)
    assert any(len(set(output)) > 1 for output in expected), "constant outputs prove nothing"
    orders = set()
    for seed in team.seeds:
        policy = Policy.ROUND_ROBIN if seed % 4 == 0 else Policy.GREEDY
        device = team.boot(source, policy=policy, seed=seed)
        found = outcome(device.call(*inputs))
        assert found == expected, f"seed {seed}, {policy.name}"
        shares = device.spans_by_core("arielml_call")
        if shares is not None:
            orders.add((shares[0].cycles, shares[0].instructions))
        device.stop()
    if len(team.seeds) > 1:
        assert len(orders) > 1, "the interleavings differ"


def inputs_of(source: Any) -> list[Array]:
    """Random inputs of a fixed seed."""
    model = load_model(source)
    arrays = random_arrays(
        model.signature.main.inputs, seed=0, samples=1, ranges=input_ranges(model.original)
    )
    return [array[0] for array in arrays]
