from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends import TensorSpec, load_model

Shape = Sequence[int | str | None]


def tensor(name: str, shape: Shape | None, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def graph(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    weights: Sequence[onnx.TensorProto] = (),
) -> onnx.ModelProto:
    made = helper.make_graph(nodes, "a graph!", inputs, outputs, weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def dense(shape: Shape = ("N", 4), out: Shape = ("N", 3)) -> onnx.ModelProto:
    weights = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(4, 3), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="fc")
    return graph([node], [tensor("x", shape)], [tensor("y", out)], [weights])


def test_the_example(lenet5_model: Path) -> None:
    model = load_model(lenet5_model)
    content = lenet5_model.read_bytes()
    assert model.name == lenet5_model.stem
    assert model.digest == hashlib.sha256(content).hexdigest()
    assert model.original == content
    main = model.signature.main
    assert main.entry == "main"
    assert [(spec.dtype, spec.shape) for spec in main.inputs] == [
        (np.dtype("float32"), (1, 1, 28, 28))
    ]
    assert [spec.shape for spec in main.outputs] == [(1, 10)]
    assert load_model(str(lenet5_model)) == model


@pytest.mark.parametrize("batch", ["N", None, -1])
def test_the_batch_is_one(batch: str | int | None) -> None:
    proto = dense((batch, 4), ("some_other_name", 3))
    before = proto.SerializeToString(deterministic=True)
    model = load_model(proto)
    main = model.signature.main
    assert main.inputs == (TensorSpec("x", np.dtype("float32"), (1, 4)),)
    assert main.outputs == (TensorSpec("y", np.dtype("float32"), (1, 3)),)
    assert main.inputs[0].nbytes == 16
    assert proto.SerializeToString(deterministic=True) == before == model.original
    normal = onnx.load_model_from_string(model.normal)
    assert normal.graph.name == "main"
    assert [dim.dim_value for dim in normal.graph.output[0].type.tensor_type.shape.dim] == [1, 3]


def test_each_input_has_its_batch() -> None:
    node = helper.make_node("Add", ["a", "b"], ["y"])
    proto = graph([node], [tensor("a", ["N", 2]), tensor("b", ["M", 2])], [tensor("y", ["N", 2])])
    main = load_model(proto).signature.main
    assert [spec.shape for spec in (*main.inputs, *main.outputs)] == [(1, 2)] * 3


def test_weights_listed_as_inputs_are_no_inputs() -> None:
    proto = dense()
    proto.graph.input.append(tensor("w", [4, 3]))
    assert [spec.name for spec in load_model(proto).signature.main.inputs] == ["x"]


OWN = ["BFLOAT16", "INT4", "UINT4"]  # not numpy's own


@pytest.mark.parametrize(
    "name", ["INT8", "UINT8", "INT32", "INT64", "FLOAT16", "DOUBLE", "BOOL", *OWN]
)
def test_dtypes(name: str) -> None:
    kind = getattr(TensorProto, name)
    node = helper.make_node("Identity", ["x"], ["y"])
    model = load_model(graph([node], [tensor("x", [2], kind)], [tensor("y", [2], kind)]))
    assert model.signature.main.inputs[0].dtype == helper.tensor_dtype_to_np_dtype(kind)


@pytest.mark.parametrize(
    ("name", "found"), [("STRING", "string"), ("FLOAT8E4M3FN", "float8e4m3fn")]
)
def test_a_dtype_that_is_not_supported(name: str, found: str) -> None:
    kind = getattr(TensorProto, name)
    node = helper.make_node("Identity", ["x"], ["y"])
    with pytest.raises(ModelError, match="input 'x' has an element type") as caught:
        load_model(graph([node], [tensor("x", [2], kind)], [tensor("y", [2], kind)]))
    assert caught.value.found == found


def test_an_output_whose_shape_depends_on_the_data_is_free() -> None:
    node = helper.make_node("NonZero", ["x"], ["y"])
    proto = graph([node], [tensor("x", [2, 2])], [tensor("y", [2, "k"], TensorProto.INT64)])
    (output,) = load_model(proto).signature.main.outputs
    assert output.shape == (2, None)
    assert not output.is_static


def test_a_sequence_is_no_tensor() -> None:
    node = helper.make_node("SequenceAt", ["x", "i"], ["y"])
    sequence = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, [1])
    index = numpy_helper.from_array(np.array(0), "i")
    with pytest.raises(ModelError, match="'x' is not a tensor") as caught:
        load_model(graph([node], [sequence], [tensor("y", [1])], [index]))
    assert caught.value.found == "sequence_type"


def test_missing(lenet5_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file") as caught:
        load_model(lenet5_model.with_name("lenet6.onnx"))
    assert lenet5_model.name in str(caught.value)
    with pytest.raises(ModelError, match="no such model file") as caught:
        load_model(tmp_path / "none" / "x.onnx")
    assert "no folder" in str(caught.value)


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path / "x.onnx")


@pytest.mark.parametrize("name", ["model.h5", "model"])
def test_suffixes(name: str) -> None:
    with pytest.raises(UsageError, match="no frontend") as caught:
        load_model(name)
    assert ".onnx" in str(caught.value.expected)


def test_not_a_model() -> None:
    with pytest.raises(UsageError, match="not a model") as caught:
        load_model(3)  # type: ignore[arg-type]
    assert caught.value.found == "builtins.int"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b"\x1c\0\0\0TFL3" + bytes(64), "TensorFlow Lite"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"PK\x03\x04" + bytes(32), "zip"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "something else"),
    ],
)
def test_not_onnx(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not an ONNX file") as caught:
        load_model(path)
    assert found in str(caught.value.found)
    assert caught.value.where == str(path)
    assert caught.value.advice


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_truncated(lenet5_model: Path, tmp_path: Path, share: float) -> None:
    content = lenet5_model.read_bytes()
    path = tmp_path / "short.onnx"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert caught.value.where == str(path)


def test_the_checker_speaks() -> None:
    proto = dense()
    proto.graph.node[0].op_type = "MatMull"
    with pytest.raises(ModelError, match="not valid ONNX") as caught:
        load_model(proto)
    assert "MatMull" in str(caught.value.found)


def test_shapes_that_do_not_fit_together() -> None:
    with pytest.raises(ModelError, match="shapes"):
        load_model(dense((1, 5), (1, 3)))


def test_external_data(tmp_path: Path) -> None:
    inside, path = dense(), tmp_path / "big.onnx"
    onnx.save_model(dense(), path, save_as_external_data=True, location="big.bin", size_threshold=0)
    model = load_model(path)
    assert b"big.bin" not in model.normal
    assert model.signature == load_model(inside).signature
    for content in (model.normal, model.original):
        loaded = onnx.load_model_from_string(content)
        np.testing.assert_array_equal(
            numpy_helper.to_array(loaded.graph.initializer[0]),
            numpy_helper.to_array(inside.graph.initializer[0]),
        )
    weights = bytearray((tmp_path / "big.bin").read_bytes())
    weights[0] ^= 1
    (tmp_path / "big.bin").write_bytes(weights)
    assert load_model(path).digest != model.digest
    (tmp_path / "big.bin").write_bytes(weights[:8])
    with pytest.raises(ModelError, match="weights"):
        load_model(path)
    (tmp_path / "big.bin").unlink()
    with pytest.raises(ModelError, match="is missing") as caught:
        load_model(path)
    assert "big.bin" in str(caught.value.expected)
    with pytest.raises(ModelError, match="files beside it"):
        load_model(onnx.load(path, load_external_data=False))
