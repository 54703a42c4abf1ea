"""What `arielml init` writes passes at once, for each kind of model file."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import Any

# Pytester forgets what a run inside of it imports; an extension is not to be loaded twice.
import iree.runtime  # noqa: F401
import ml_dtypes
import numpy as np
import pytest

from pytest_arielml.cli import main
from pytest_arielml.frontends import TensorSpec
from pytest_arielml.scaffold import recipes

TFLITE_TESTS = Path(__file__).parents[1] / "frontends" / "tflite"


@pytest.fixture
def tflite_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(TFLITE_TESTS)
    from tflite_making import Making

    making = Making()
    x = making.input((1, 8), name="samples")
    y = making.add("RELU", [x], (1, 8), scale=0.02113, zero=3)
    path = tmp_path / "relu.tflite"
    path.write_bytes(making.content(y))
    return path


@pytest.mark.parametrize("kind", ["onnx", "tflite", "mlir"])
def test_it_passes_at_once(
    kind: str, pytester: pytest.Pytester, models: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "mlir":
        source = models / "several.mlir"
    else:
        source = request.getfixturevalue({"onnx": "lenet5_model"}.get(kind, "tflite_model"))
    model = Path(shutil.copy(source, pytester.path))
    assert main(["init", model.name]) == 0
    (test,) = pytester.path.glob("test_*.py")
    result = pytester.runpytest()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["configfile: pytest.ini", f"{test.name} .*", "*emu-nrf52840*KiB*"])
    # The budget is one: with a tenth of it the test fails.
    text = test.read_text()
    assert 'stack="3KiB"' in text
    test.write_text(text.replace('stack="3KiB"', 'stack="300B"'))
    pytester.runpytest().assert_outcomes(failed=1)


@pytest.mark.parametrize(
    "name", ["float32", "float16", "bfloat16", "bool", "int8", "uint8", "int4", "uint4", "int64"]
)
@pytest.mark.parametrize("shape", [(), (2, None, 3)])
def test_an_expression_draws_what_its_recipe_draws(
    name: str, shape: tuple[int | None, ...]
) -> None:
    dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name, name))
    (recipe,) = recipes([TensorSpec("x", dtype, shape)])
    drawn = recipe.draw(np.random.default_rng(7))
    code = compile(ast.parse(recipe.code, mode="eval"), "test", "eval")
    names = {"rng": np.random.default_rng(7), "np": np, "ml_dtypes": ml_dtypes}
    again = np.asarray(eval(code, names))
    assert again.dtype == drawn.dtype == dtype
    assert drawn.shape == tuple(size or 1 for size in shape)
    np.testing.assert_array_equal(again, drawn)
    assert recipe.module == ("ml_dtypes" if "ml_dtypes" in recipe.code else "numpy")
