from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from pytest_arielml.errors import UsageError
from pytest_arielml.golden import random_inputs


def test_the_seed_decides(double_model: onnx.ModelProto) -> None:
    content = double_model.SerializeToString()
    (one,), (same,), (other,) = (random_inputs(content, seed=seed, samples=4) for seed in (1, 1, 2))
    assert one.shape == (4, 1, 3)
    assert one.dtype == np.float32
    assert (one == same).all()
    assert (one != other).any()


def test_a_quantized_input_covers_its_range(quantized_model: onnx.ModelProto) -> None:
    (x,) = random_inputs(quantized_model.SerializeToString(), seed=0, samples=2000)
    low, high = 0.25 * (-128 + 28), 0.25 * (127 + 28)
    assert low <= x.min() < low + 0.5
    assert high - 0.5 < x.max() <= high


def test_integers_and_booleans_cover_theirs(build_model: Callable[..., onnx.ModelProto]) -> None:
    model = build_model(
        [("Identity", ["i"], ["a"], {}), ("Identity", ["b"], ["c"], {})],
        {"i": (TensorProto.INT8, [4]), "b": (TensorProto.BOOL, [4])},
        {"a": (TensorProto.INT8, [4]), "c": (TensorProto.BOOL, [4])},
    )
    i, b = random_inputs(model.SerializeToString(), seed=0, samples=2000)
    assert (i.min(), i.max(), i.dtype) == (-128, 127, np.int8)
    assert (b.dtype, set(np.unique(b))) == (np.bool_, {False, True})


@pytest.mark.parametrize(("seed", "samples"), [(-1, 1), (0, 0)])
def test_bad_arguments(double_model: onnx.ModelProto, seed: int, samples: int) -> None:
    with pytest.raises(UsageError, match="at least one sample"):
        random_inputs(double_model.SerializeToString(), seed=seed, samples=samples)
