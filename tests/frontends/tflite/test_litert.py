"""LiteRT as the reference: its goldens, and state that it does not carry over."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from tflite_making import Making

from pytest_arielml.errors import InputError, UsageError
from pytest_arielml.golden import (
    Provenance,
    check,
    create,
    random_inputs,
    read,
    reference,
    reference_outputs,
    write,
)

VERSION = metadata.version("ai-edge-litert")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    making = Making()
    x = making.input((1, 6), name="x")
    w, b = making.weights((3, 6), 0.01), making.bias(3, 0.0002)
    y = making.add(
        "FULLY_CONNECTED", [x, w, b], (1, 3), options="FullyConnectedOptions", scale=0.05
    )
    path = tmp_path / "dense.tflite"
    path.write_bytes(making.content(y))
    return path


def test_a_golden_says_that_litert_made_it(model: Path, tmp_path: Path) -> None:
    inputs = random_inputs(model.read_bytes(), seed=3, samples=6)
    write(tmp_path / "g", create(model, inputs, description="random", seed=3))
    record = json.loads((tmp_path / "g.json").read_text())
    assert record["litert"] == VERSION
    assert "onnxruntime" not in record
    again = read(tmp_path / "g", inputs=inputs)
    assert again.provenance.source == f"LiteRT {VERSION}"
    assert all(comparison.ok for comparison in check(again, model, inputs))


@pytest.mark.parametrize("runtimes", [{}, {"litert": "2.1", "onnxruntime": "1.2"}])
def test_a_golden_is_of_one_runtime(model: Path, tmp_path: Path, runtimes: dict[str, str]) -> None:
    inputs = random_inputs(model.read_bytes(), seed=3, samples=2)
    write(tmp_path / "g", create(model, inputs, description="random", seed=3))
    record = json.loads((tmp_path / "g.json").read_text())
    del record["litert"]
    with pytest.raises(UsageError, match="the golden's record cannot be read"):
        Provenance.from_json(json.dumps({**record, **runtimes}), where="g.json")


def test_the_same_bytes_give_the_same_interpreter(model: Path) -> None:
    content = model.read_bytes()
    assert reference(content) is reference(bytes(content))


def test_what_it_gives_is_the_callers_own(model: Path) -> None:
    zeros, ones = np.zeros((1, 6), np.int8), np.full((1, 6), 100, np.int8)
    first = reference_outputs(model, zeros)
    kept = first[0].copy()
    assert not np.array_equal(reference_outputs(model, ones)[0], kept)
    np.testing.assert_array_equal(first[0], kept)


def test_a_wrong_input_is_refused_by_name(model: Path) -> None:
    with pytest.raises(InputError, match="input 'x' has the wrong data type"):
        reference_outputs(model, np.zeros((1, 6), np.float32))
    with pytest.raises(InputError, match="input 'x' has the wrong shape"):
        reference_outputs(model, np.zeros((6,), np.int8))
