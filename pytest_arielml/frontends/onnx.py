"""ONNX files: read, checked, and brought to their normal form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import external_data_helper

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends.counted import count_loops
from pytest_arielml.frontends.dims import Dims
from pytest_arielml.frontends.model import Function, Model, Signature
from pytest_arielml.frontends.onnx_shapes import fix_sizes, specs
from pytest_arielml.frontends.passes import prepare
from pytest_arielml.frontends.passes.integer import kept_in_float

#: Name of the function, of the graph that it is made from, and of its export.
ENTRY: Final = "main"

_EXPORT: Final = "export the model again, or check the copy"


def from_file(path: Path, content: bytes, dims: Dims) -> Model:
    """The model of an `.onnx` file; external data is looked for beside it.

    Raises: ModelError when it is not ONNX, damaged, or not supported;
    UsageError for `dims` that do not fit it.
    """
    where = str(path)
    proto = _parse(content, where)
    digest = hashlib.sha256(content)
    original = content
    external = _external_files(proto)
    if external:
        _load_external(proto, path, external)
        for location in external:
            digest.update((path.parent / location).read_bytes())
        original = _serialize(proto, where)
    return normal_form(proto, dims, path.stem, where, digest.hexdigest(), original)


def from_proto(proto: object, dims: Dims) -> Model:
    """The model of an `onnx.ModelProto`, which is left as it is.

    Raises: UsageError for anything else; ModelError as `from_file`.
    """
    if not isinstance(proto, onnx.ModelProto):
        raise UsageError(
            "this is not a model",
            expected="a path to a model file, an onnx.ModelProto or a torch.nn.Module",
            found=f"{type(proto).__module__}.{type(proto).__qualname__}",
            advice="give the path of a model file",
        )
    name = proto.graph.name or "model"
    where = f"onnx.ModelProto {name!r}"
    external = _external_files(proto)
    if external:
        raise ModelError(
            "the model's weights are in files beside it",
            where=where,
            expected="a ModelProto that holds its weights",
            found=", ".join(external),
            advice="give the path of the .onnx file, or onnx.load it with its external data",
        )
    original = _serialize(proto, where)
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return normal_form(copy, dims, name, where, hashlib.sha256(original).hexdigest(), original)


def _parse(content: bytes, where: str) -> onnx.ModelProto:
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except DecodeError:
        raise _not_onnx(content, where) from None
    # Protobuf takes many a file for a message with nothing known in it.
    if not proto.ir_version or not proto.HasField("graph") or not proto.graph.node:
        raise _not_onnx(content, where)
    return proto


def _not_onnx(content: bytes, where: str) -> ModelError:
    advice = _EXPORT
    if not content:
        found = "an empty file"
    elif content[4:8] == b"TFL3":
        found, advice = "a TensorFlow Lite file", "give it the suffix .tflite"
    elif content.startswith(b"version https://git-lfs"):
        found, advice = "a Git LFS pointer in place of the file", "fetch it: git lfs pull"
    elif content.startswith(b"PK\x03\x04"):
        found, advice = "a zip archive (a PyTorch checkpoint?)", "export it: torch.onnx.export"
    else:
        found = f"{len(content):,} bytes that end too soon or are something else"
    return ModelError(
        "this is not an ONNX file, or a part of one",
        where=where,
        expected="an onnx.ModelProto with a graph",
        found=found,
        advice=advice,
    )


def _external_files(proto: onnx.ModelProto) -> list[str]:
    """Locations of external data, sorted."""
    return sorted(
        {
            external_data_helper.ExternalDataInfo(tensor).location
            for tensor in _tensors(proto.graph)
            if external_data_helper.uses_external_data(tensor)
        }
    )


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _load_external(proto: onnx.ModelProto, path: Path, locations: list[str]) -> None:
    for location in locations:
        if not (path.parent / location).is_file():
            raise ModelError(
                "a file with the model's weights is missing",
                where=str(path),
                expected=str(path.parent / location),
                found="no such file",
                advice="copy it there: the .onnx file alone holds no weights",
            )
    try:
        external_data_helper.load_external_data_for_model(proto, str(path.parent))
    # onnx refuses paths out of the folder, and lengths that the file lacks.
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelError(
            "the files with the model's weights cannot be read",
            where=str(path),
            found=_first_line(error),
            advice=_EXPORT,
        ) from None


def normal_form(
    proto: onnx.ModelProto, dims: Dims, name: str, where: str, digest: str, original: bytes
) -> Model:
    """The model of `proto`, which is changed in place, brought to its normal form.

    Args:
        proto: with its weights in it.
        dims: as for `from_file`.
        name: of the model, for reports.
        where: it comes from, for messages.
        digest: sha256 in hex of what the user wrote.
        original: the same as bytes, for the reference.

    Raises: ModelError, UsageError as `from_file`.
    """
    _check(proto, where)
    fix_sizes(proto, dims, where)
    try:
        inferred = onnx.shape_inference.infer_shapes(
            count_loops(prepare(proto), where), strict_mode=True, data_prop=True
        )
    except (onnx.shape_inference.InferenceError, ValueError) as error:
        raise ModelError(
            "the shapes of the model do not fit together",
            where=where,
            found=_first_line(error),
            advice="check it with: onnx.shape_inference.infer_shapes(model, strict_mode=True)",
        ) from None
    inputs, outputs = specs(inferred, where)
    # Exports and kernels are named after the graph, whose name is free text.
    inferred.graph.name = ENTRY
    function = Function(name=ENTRY, entry=ENTRY, inputs=inputs, outputs=outputs)
    return Model(
        name=name,
        format="onnx",
        digest=digest,
        signature=Signature((function,)),
        normal=_serialize(inferred, where),
        original=original,
        kept_in_float=kept_in_float(inferred),
    )


def _check(proto: onnx.ModelProto, where: str) -> None:
    try:
        onnx.checker.check_model(proto)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise ModelError(
            "the model is not valid ONNX",
            where=where,
            found=_first_line(error),
            advice="check it with: onnx.checker.check_model(path)",
        ) from None


def _serialize(proto: onnx.ModelProto, where: str) -> bytes:
    try:
        content: bytes = proto.SerializeToString(deterministic=True)
    except ValueError as error:
        raise ModelError(
            "the model is too large",
            where=where,
            expected="less than 2 GiB, protobuf's limit; a microcontroller has far less",
            found=_first_line(error),
            advice="take a smaller model: the flash of a board bounds its weights",
        ) from None
    return content


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
