from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from meaning import reference
from onnx import TensorProto
from rewriting import model_of, operators, rewritten, stays


@pytest.mark.parametrize("bounds", [(1, 5, 2), (10, 4, -2), (0, 0.6, 0.25), (3, 1, 1)])
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_sixteen_bits(bounds: tuple[float, ...], dtype: Any) -> None:
    inputs = [np.asarray(bound, dtype) for bound in bounds]
    made = rewritten(model_of("Range", inputs))
    assert operators(made) == ["Cast", "Cast", "Cast", "Range", "Cast"]
    (found,) = reference(made, {f"i{place}": bound for place, bound in enumerate(inputs)})
    assert found.dtype == dtype
    assert found.tolist() == np.arange(*bounds).tolist()


def test_what_stays() -> None:
    for dtype in (np.float32, np.float64, np.int64):
        stays("Range", [np.asarray(bound, dtype) for bound in (1, 5, 2)])
    short = [np.asarray(bound, np.float16) for bound in (1, 5, 2)]
    stays("Range", short, stash_type=TensorProto.FLOAT16)
