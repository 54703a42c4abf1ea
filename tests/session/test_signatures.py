"""Models with several functions, inputs and outputs."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.errors import InputError, UsageError
from pytest_arielml.session import Deployment, Workbench

A = np.array([9, -9, 7], np.int32)
B = np.array([2, 2, -3], np.int32)
QUOTIENT, REMAINDER = np.array([4, -4, -2], np.int32), np.array([1, -1, 1], np.int32)


@pytest.fixture
def several(bench: Workbench, models: Path) -> Deployment:
    return bench.deploy(models / "several.mlir")


@pytest.fixture(scope="module")
def pair() -> onnx.ModelProto:
    """Subtracts and compares: inputs that must not be mixed up, outputs of two dtypes."""
    return parser.parse_model(
        """
        <ir_version: 8, opset_import: ["" : 17]>
        pair (float[2,3] a, float[3] b) => (float[2,3] difference, bool[2,3] greater) {
            difference = Sub(a, b)
            greater = Greater(a, b)
        }
        """
    )


def test_functions_are_called_by_name(several: Deployment) -> None:
    result = several.run(A, B, function="divide")
    result.assert_matches([QUOTIENT, REMAINDER])
    assert result.function == "divide"
    assert result.where == "several.divide on emu-nrf52840"
    several.run(function="constant").assert_matches(np.array([7, -7]))
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    several.run(x, function="main").assert_matches(2 * x)


@pytest.mark.parametrize("name", ["my.func", "a$b", "_2", "f" * 128])
def test_odd_names(bench: Workbench, tmp_path: Path, name: str) -> None:
    path = tmp_path / "odd.mlir"
    path.write_text(
        f'module @"an odd-name" {{ func.func @"{name}"(%x: tensor<4xf32>) -> tensor<4xf32> {{\n'
        "  %y = arith.addf %x, %x : tensor<4xf32>\n  return %y : tensor<4xf32>\n} }"
    )
    x = np.arange(4, dtype=np.float32)
    bench.deploy(path).run(x, function=name).assert_matches(2 * x)


def test_without_a_name_main_is_called(several: Deployment) -> None:
    x = np.ones((2, 3), np.float32)
    assert several.run(x).function == "main"


def test_without_a_main_a_name_is_asked_for(bench: Workbench, models: Path) -> None:
    with pytest.raises(InputError, match="several functions, and none is called main") as caught:
        bench.deploy(models / "counter.mlir").run()
    assert caught.value.expected == "one of: add, tick, positive, count"
    assert "function='add'" in (caught.value.advice or "")


def test_the_only_function_needs_no_name(bench: Workbench, models: Path) -> None:
    scale = bench.deploy(models / "free.mlir")
    assert scale.run(np.ones((1, 4), np.float32), np.float32(3)).output[0, 0] == 3


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("divid", "did you mean divide?"),
        ("helper", "name one of those"),
        ("__init", "name one of those"),
    ],
)
def test_a_function_that_there_is_not(several: Deployment, name: str, near: str | None) -> None:
    with pytest.raises(InputError, match=f"no function '{name}'") as caught:
        several.run(function=name)
    assert caught.value.expected == "one of: main, divide, constant, swap"
    assert caught.value.advice == near


def test_outputs_have_names(several: Deployment) -> None:
    outputs = several.run(A, B, function="divide").outputs
    assert isinstance(outputs, tuple)
    assert outputs.names == ("quotient", "remainder")
    assert outputs["remainder"] is outputs.remainder is outputs[1]
    assert list(outputs.asdict()) == ["quotient", "remainder"]
    quotient, remainder = outputs
    np.testing.assert_array_equal(quotient * B + remainder, A)
    assert copy.deepcopy(outputs).names == outputs.names
    with pytest.raises(KeyError, match="there are: quotient, remainder"):
        outputs["rest"]
    with pytest.raises(AttributeError, match="rest"):
        _ = outputs.rest


def test_inputs_by_name_in_any_order(several: Deployment) -> None:
    result = several.run({"b": B, "a": A}, function="divide")
    result.assert_matches({"remainder": REMAINDER, "quotient": QUOTIENT})


def test_expected_arrays_by_name_must_name_the_outputs(several: Deployment) -> None:
    result = several.run(A, B, function="divide")
    with pytest.raises(UsageError, match="does not name the outputs"):
        result.assert_matches({"quotient": QUOTIENT})
    with pytest.raises(AssertionError, match="quotient int32"):
        result.assert_matches({"quotient": QUOTIENT + 1, "remainder": REMAINDER})


def test_the_order_of_outputs_is_the_functions(several: Deployment) -> None:
    x, y, z = np.array([1, -2], np.int8), np.array([1, 2, 65535], np.uint16), np.array(True)
    result = several.run(x, y, z, function="swap")
    result.assert_matches([z, y, x])
    assert [array.dtype for array in result.outputs] == [z.dtype, y.dtype, x.dtype]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ((A,), "several.divide takes 2 inputs, not 1"),
        ((A, B, B), "several.divide takes 2 inputs, not 3"),
        (({"a": A},), "not given its input 'b'"),
        (({"a": A, "B": B},), "has no input 'B'"),
        (({},), "not given its input 'a'"),
        ((A, B.astype(np.int64)), "input 'b' of several.divide has the wrong dtype"),
        ((A[:2], B), "input 'a' of several.divide has the wrong shape"),
        ((A, B[None]), "input 'b' of several.divide has the wrong shape"),
    ],
)
def test_a_wrong_input_is_named(several: Deployment, inputs: tuple[object, ...], says: str) -> None:
    with pytest.raises(InputError) as caught:
        several.run(*inputs, function="divide")  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert "int32 [3]" in str(caught.value.expected)


def test_onnx_with_several_inputs_and_outputs(bench: Workbench, pair: onnx.ModelProto) -> None:
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    b = np.array([2, 2, 2], np.float32)
    deployment = bench.deploy(pair)
    for inputs in ((a, b), ({"b": b, "a": a},)):
        result = deployment.run(*inputs)
        result.assert_matches(bench.reference(pair, *inputs))
        result.assert_matches({"difference": a - b, "greater": a > b})
    assert bench.reference(pair, a, b).names == ("difference", "greater")
    with pytest.raises(InputError, match="names are not the model's"):
        bench.reference(pair, {"a": a})
    with pytest.raises(InputError, match="no function 'other'"):
        bench.reference(pair, a, b, function="other")


def test_a_difference_names_output_and_reference(
    bench: Workbench, several: Deployment, models: Path
) -> None:
    expected = bench.reference(models / "several.mlir", A, B + 1, function="divide")
    with pytest.raises(AssertionError) as caught:
        several.run(A, B, function="divide").assert_matches(expected)
    text = str(caught.value)
    assert "several.divide on emu-nrf52840: outputs differ from IREE" in text
    assert "quotient int32[3]" in text
