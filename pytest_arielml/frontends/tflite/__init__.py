"""TensorFlow Lite files: converted to quantized ONNX, or else by way of TOSA.

The ONNX form goes through the passes that ONNX models go through, so that a
model costs the same in either format. A file with an operator that it does not
have is left to the converter to TOSA, whose result is compiled as MLIR.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends.dims import Dims
from pytest_arielml.frontends.model import Model, Signature
from pytest_arielml.frontends.tflite.read import Graph, Tensor, is_tflite, read

if TYPE_CHECKING:
    import onnx

__all__ = ["Graph", "Tensor", "check_sizes", "from_file", "is_tflite", "read", "to_onnx"]


def from_file(path: Path, content: bytes, dims: Dims) -> Model:
    """The model of a `.tflite` file: its first subgraph, a free batch fixed to 1.

    Raises: ModelError when it is damaged, has free sizes other than the
    batch, or an operator that neither way takes; UsageError for `dims`;
    Unavailable without ai-edge-litert or, where it is needed, the converter.
    """
    where = str(path)
    graph = read(content, where)
    check_sizes(graph, where)
    if dims:
        raise UsageError(
            "dims sets sizes of ONNX models",
            where=where,
            expected="no dims: a .tflite has the sizes that it was converted with, "
            "and a free batch is 1",
            found=repr(dict(dims)),
            advice="convert the model with these sizes",
        )
    digest = hashlib.sha256(content).hexdigest()
    from pytest_arielml.frontends.tflite.convert import Unsupported

    try:
        proto = to_onnx(graph)
    except Unsupported as reason:
        from pytest_arielml.frontends.tflite import tosa

        model = tosa.from_graph(path, content, graph, str(reason))
    else:
        from pytest_arielml.frontends.onnx import normal_form

        model = normal_form(proto, {}, path.stem, where, digest, content)
    return replace(model, digest=digest, original=content, signature=_named(model, graph))


def _named(model: Model, graph: Graph) -> Signature:
    """The model's signature by the names of the graph."""
    main = model.signature.main
    inputs, outputs = (
        tuple(replace(spec, name=name) for spec, name in zip(specs, names, strict=True))
        for specs, names in (
            (main.inputs, graph.input_names),
            (main.outputs, graph.output_names),
        )
    )
    return Signature((replace(main, inputs=inputs, outputs=outputs),))


def to_onnx(graph: Graph) -> onnx.ModelProto:
    """The graph as ONNX with `QuantizeLinear` and `DequantizeLinear`.

    Raises: Unsupported naming the operator that has no ONNX form here.
    """
    from pytest_arielml.frontends.tflite.convert import Converter, Unsupported, label_of
    from pytest_arielml.frontends.tflite.operators import RULES

    maker = Converter(graph)
    for operator in graph.operators:
        label = label_of(graph, operator)
        rule = RULES.get(operator.kind)
        if rule is None:
            raise Unsupported(f"{label}: an operator without a rule")
        maker.label(label)
        try:
            rule(maker, operator)
        except Unsupported as reason:
            raise Unsupported(f"{label}: {reason}") from None
    return maker.model()


def check_sizes(graph: Graph, where: str) -> None:
    """Raises: ModelError for an input with a free size that is not its batch."""
    for number, name in zip(graph.inputs, graph.input_names, strict=True):
        tensor = graph.tensors[number]
        if None in tensor.signature[1:]:
            raise ModelError(
                f"input {name!r} has a free size that is not its batch",
                where=where,
                expected="known sizes, but for the first one",
                found=_shape(tensor.signature),
                advice="convert the model with a fixed input shape",
            )


def _shape(sizes: Sequence[int | None]) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in sizes) + "]"
