"""MLIR files: signatures read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends import Model, TensorSpec, load_model


def load(folder: Path, text: str) -> Model:
    path = folder / "model.mlir"
    path.write_text(text)
    return load_model(path)


def identity(kind: str) -> str:
    return f"func.func @main(%x: {kind}) -> {kind} {{ return %x : {kind} }}"


def test_public_functions_main_first(models: Path) -> None:
    path = models / "several.mlir"
    model = load_model(path)
    assert model.name == "several"
    assert model.format == "mlir"
    assert model.normal == model.original == path.read_bytes()
    names = [function.name for function in model.signature.functions]
    assert names == ["main", "divide", "constant", "swap"]
    assert model.signature.main.entry == "main"
    assert not model.stateful


def test_names_dtypes_and_shapes(models: Path) -> None:
    signature = load_model(models / "several.mlir").signature
    i32 = np.dtype("int32")
    divide = signature.find("divide", "several")
    assert divide.inputs == (TensorSpec("a", i32, (3,)), TensorSpec("b", i32, (3,)))
    assert divide.outputs == (
        TensorSpec("quotient", i32, (3,)),
        TensorSpec("remainder", i32, (3,)),
    )
    swap = signature.find("swap", "several")
    assert [str(spec) for spec in swap.inputs] == [
        "input0: int8 [2]",
        "input1: uint16 [3]",
        "input2: bool []",
    ]
    assert [spec.name for spec in swap.outputs] == ["output0", "output1", "output2"]
    assert signature.find("constant", "several").inputs == ()


def test_variables_make_it_stateful(models: Path, tmp_path: Path) -> None:
    assert load_model(models / "counter.mlir").stateful
    constant = "util.global private @c = dense<1.0> : tensor<2xf32>\n"
    assert not load(tmp_path, constant + identity("tensor<2xf32>")).stateful


def test_a_question_mark_is_a_free_size(models: Path) -> None:
    scale = load_model(models / "free.mlir").signature.main
    assert [spec.shape for spec in (*scale.inputs, *scale.outputs)] == [(None, 4), (), (None, 4)]


@pytest.mark.parametrize(
    ("element", "dtype"),
    [
        ("i1", "bool"),
        *((f"{sign}i{bits}", f"int{bits}") for sign in ("", "s") for bits in (8, 16, 32, 64)),
        *((f"ui{bits}", f"uint{bits}") for bits in (8, 16, 32, 64)),
        *((f"f{bits}", f"float{bits}") for bits in (16, 32, 64)),
        ("bf16", ml_dtypes.bfloat16),
        ("i4", ml_dtypes.int4),
        ("ui4", ml_dtypes.uint4),
        ("complex<f32>", "complex64"),
    ],
)
def test_element_types(tmp_path: Path, element: str, dtype: object) -> None:
    main = load(tmp_path, identity(f"tensor<2x{element}>")).signature.main
    assert main.inputs[0].dtype == main.outputs[0].dtype == np.dtype(dtype)  # type: ignore[call-overload]


def test_tensors_of_torch(tmp_path: Path) -> None:
    main = load(tmp_path, identity("!torch.vtensor<[2,?],si64>")).signature.main
    assert main.inputs == (TensorSpec("input0", np.dtype("int64"), (2, None)),)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("f32", "tensor<f32>"),
        ("i32", "tensor<i32>"),
        ("index", "convert it"),
        ("tensor<2xindex>", "convert it"),
        ("tensor<2xi7>", "convert it"),
        ("tensor<2xf8E4M3FN>", "convert it"),
        ("tensor<*xf32>", "convert it"),
        ("memref<2xf32>", "convert it"),
        ("tensor<2xf32, 7>", "convert it"),
    ],
)
def test_a_type_that_does_not_travel_is_refused_by_name(
    tmp_path: Path, kind: str, advice: str
) -> None:
    with pytest.raises(ModelError, match="input 0 has a type that cannot be sent") as caught:
        load(tmp_path, identity(kind))
    assert "function 'main'" in str(caught.value.where)
    assert str(caught.value.found).replace(" : i64", "") == kind
    assert advice in str(caught.value.advice)


def test_more_inputs_than_a_device_holds(tmp_path: Path) -> None:
    inputs = ", ".join(f"%a{index}: tensor<1xi8>" for index in range(17))
    with pytest.raises(ModelError, match="more inputs than a device holds") as caught:
        load(tmp_path, f"func.func @main({inputs}) {{ return }}")
    assert caught.value.found == "17"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hello", "line 1, column 1: custom op 'hello' is unknown"),
        ("\n\n  func.func @f(%x: tensor<2xf3>) { return }", "line 3, column 29"),
        ("func.func @f(%x: i32) -> i8 { return %x : i32 }", "line 1, column 31"),
    ],
)
def test_what_is_not_mlir_is_named_by_line(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(ModelError, match="not an MLIR module") as caught:
        load(tmp_path, text)
    assert found in str(caught.value.found)
    assert "model.mlir" in str(caught.value.where)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "model.mlir"
    path.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(ModelError, match="not an MLIR module"):
        load_model(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("module {}", "private functions"),
        ("func.func private @f() { return }", "private functions"),
        ("func.func private @f(tensor<2xf32>)", "private functions"),
    ],
)
def test_a_module_without_a_public_function(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(ModelError, match="no public function") as caught:
        load(tmp_path, text)
    assert found in str(caught.value.found)


@pytest.mark.parametrize("name", ["a b", "größe", '"', "__init", "__deinit", "1st", "f" * 129, ""])
def test_a_name_that_no_symbol_can_have(tmp_path: Path, name: str) -> None:
    quoted = name.replace('"', "\\22")
    with pytest.raises(ModelError) as caught:
        load(tmp_path, f'func.func @"{quoted}"() {{ return }}')
    if name:
        assert caught.value.what == "a function has a name that an image cannot have for it"
        assert caught.value.found == repr(name)


def test_dims_are_for_onnx(models: Path) -> None:
    with pytest.raises(UsageError, match="dims sets sizes of ONNX models"):
        load_model(models / "free.mlir", dims={"x": (2, 4)})


def test_neighbours_of_a_missing_file(models: Path) -> None:
    with pytest.raises(ModelError, match="no such model file") as caught:
        load_model(models / "countr.mlir")
    assert "counter.mlir" in str(caught.value.found)
