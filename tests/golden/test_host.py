"""IREE's own runtime as the reference for MLIR."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.errors import CompileError, InputError, UsageError
from pytest_arielml.frontends import load_model
from pytest_arielml.golden import HostModule, create, model_reference, reference_outputs

X = np.array([1, 2, 3, 4], np.float32)


def test_a_module_keeps_its_values_until_it_is_reset(models: Path) -> None:
    model = load_model(models / "counter.mlir")
    host = HostModule(model)
    add = model.signature.find("add", "counter")
    for turn in (1, 2, 3):
        np.testing.assert_array_equal(host.run(add, [X])["sum"], turn * X)
    host.reset()
    np.testing.assert_array_equal(host.run(add, [X]).sum, X)


def test_each_reference_starts_from_the_initial_values(models: Path) -> None:
    model = load_model(models / "counter.mlir")
    add = model.signature.find("add", "counter")
    for _ in range(2):
        outputs = model_reference(model, add, [X])
        np.testing.assert_array_equal(outputs[0], X)
    assert outputs.names == ("sum",)
    assert outputs.source.startswith("IREE ")
    assert outputs.source.endswith(" on this host")


def test_dtypes_are_the_models(models: Path) -> None:
    model = load_model(models / "several.mlir")
    swap = model.signature.find("swap", "several")
    inputs = [np.array([1, -2], np.int8), np.array([1, 2, 65535], np.uint16), np.array(True)]
    outputs = model_reference(model, swap, inputs)
    for output, expected in zip(outputs, reversed(inputs), strict=True):
        assert output.dtype == expected.dtype
        np.testing.assert_array_equal(output, expected)
    assert model_reference(model, model.signature.find("constant", ""), [])[0].dtype == np.int64


def test_a_call_that_fails_says_why(models: Path) -> None:
    model = load_model(models / "counter.mlir")
    positive = model.signature.find("positive", "counter")
    with pytest.raises(InputError, match="refused the call of positive of counter") as caught:
        model_reference(model, positive, [np.array(-1, np.int32)])
    assert "x must be positive" in str(caught.value.found)


def test_what_the_compiler_refuses_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "odd.mlir"
    path.write_text(
        "func.func @f(%x: tensor<5xi4>) -> tensor<5xi4> {\n"
        "  %y = arith.addi %x, %x : tensor<5xi4>\n  return %y : tensor<5xi4>\n}"
    )
    with pytest.raises(CompileError) as caught:
        HostModule(load_model(path))
    assert "odd: line 1" in str(caught.value.where)


def test_onnxruntime_has_no_answers_for_mlir(models: Path) -> None:
    path = models / "free.mlir"
    for ask in (
        lambda: reference_outputs(path, X),
        lambda: create(path, [X], description="none"),
    ):
        with pytest.raises(UsageError, match="no answers for an MLIR module") as caught:
            ask()
        assert caught.value.where == str(path)
