"""Whole files: what is read of them, and what is refused in a sentence."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from tflite_cases import CASES
from tflite_making import Making

from pytest_arielml.errors import ModelError, Unavailable, UsageError
from pytest_arielml.frontends import Model, TensorSpec, load_model
from pytest_arielml.golden import input_ranges, output_policies, reference


def load(folder: Path, content: bytes) -> Model:
    path = folder / "model.tflite"
    path.write_bytes(content)
    return load_model(path)


def dense(making: Making, **options: object) -> int:
    x = making.input((1, 6), **options)
    w, b = making.weights((3, 6), 0.01), making.bias(3, 0.0002)
    return making.add(
        "FULLY_CONNECTED", [x, w, b], (1, 3), options="FullyConnectedOptions", scale=0.05
    )


def test_a_free_batch_is_one(tmp_path: Path) -> None:
    making = Making()
    y = dense(making, free=[-1, 6], name="x")
    making.graph.tensors[y].shapeSignature = [-1, 3]
    making.graph.tensors[y].name = b"y"
    model = load(tmp_path, making.content(y))
    assert model.signature.main.inputs == (TensorSpec("x", np.dtype("int8"), (1, 6)),)
    assert model.signature.main.outputs == (TensorSpec("y", np.dtype("int8"), (1, 3)),)


def test_names_are_those_of_the_signature(tmp_path: Path) -> None:
    making = Making()
    y = dense(making, name="serving_default_x:0")
    making.sign({"image": making.graph.inputs[0]}, {"classes": y})
    content = making.content(y)
    main = load(tmp_path, content).signature.main
    assert [spec.name for spec in (*main.inputs, *main.outputs)] == ["image", "classes"]
    outputs = reference(content).run({"image": np.zeros((1, 6), np.int8)})
    assert outputs.names == ("classes",)


def test_names_that_are_taken_twice_are_told_apart(tmp_path: Path) -> None:
    making = Making()
    one, other = making.input((2,), "float32", name="x"), making.input((2,), "float32", name="x")
    y = making.add("ADD", [one, other], (2,), "float32", options="AddOptions")
    making.graph.tensors[y].name = b"x"
    inputs = load(tmp_path, making.content(y)).signature.main.inputs
    assert inputs[0].name == "x" != inputs[1].name


def test_steps_and_ranges_are_known() -> None:
    making = Making()
    x = making.input((1, 4), "float32", name="x")
    inner = making.add("QUANTIZE", [x], (1, 4), scale=0.5, zero=-128)
    moved = making.add("RESHAPE", [inner, making.constant([4])], (4,), scale=0.5, zero=-128)
    y = making.add("DEQUANTIZE", [moved], (4,), "float32")
    content = making.content(y, inner)
    assert [policy.step for policy in output_policies(content)] == [0.5, 1.0]
    assert input_ranges(content) == {"x": (0.0, 127.5)}


def test_a_size_that_is_free_and_no_batch_is_refused(tmp_path: Path) -> None:
    making = Making()
    content = making.content(dense(making, free=[1, -1], name="x"))
    with pytest.raises(ModelError, match=r"'x' has a free size that is not its batch") as caught:
        load(tmp_path, content)
    assert caught.value.found == "[1, ?]"
    with pytest.raises(ModelError, match="not its batch"):
        reference(content)


def test_sizes_are_not_for_choice(tmp_path: Path) -> None:
    making = Making()
    path = tmp_path / "model.tflite"
    path.write_bytes(making.content(dense(making)))
    with pytest.raises(UsageError, match="dims sets sizes of ONNX models"):
        load_model(path, dims={"x": (4, 6)})


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
        (b"nothing of the kind", "19 bytes without the mark TFL3"),
        (b"\x1c\0\0\0TFL3 and no more", "error"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    with pytest.raises(ModelError, match=r"not a \.tflite file, or a part of one") as caught:
        load(tmp_path, content)
    assert caught.value.found is not None
    assert found in caught.value.found


def test_a_damaged_file_never_ends_the_process(tmp_path: Path) -> None:
    making = Making()
    whole = making.content(CASES["conv"](making))
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 3):
            damaged[place] = random.integers(0, 256)
        try:
            load(tmp_path, bytes(damaged))
        except ModelError:
            refused += 1
    for size in range(8, len(whole), 97):
        try:
            load(tmp_path, whole[:size])
        except ModelError:
            refused += 1
    assert refused > 5


def test_an_operator_of_ones_own_is_refused_by_name(tmp_path: Path) -> None:
    making = Making()
    y = making.add("CUSTOM", [making.input((1, 4), "float32")], (1, 4), "float32")
    making.model.operatorCodes[0].customCode = b"MyOwn"
    with pytest.raises(ModelError, match="has an operator that is not supported") as caught:
        load(tmp_path, making.content(y))
    assert caught.value.found is not None
    assert "MyOwn" in caught.value.found


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    making = Making(seed=1)  # another file than before: what was read is kept
    content = making.content(dense(making))
    monkeypatch.setitem(sys.modules, "ai_edge_litert.schema_py_generated", None)
    with pytest.raises(Unavailable, match="not installed") as caught:
        load(tmp_path, content)
    assert caught.value.advice == "pip install 'pytest-arielml[tflite]'"
    assert importlib.util.find_spec("ai_edge_litert") is not None
