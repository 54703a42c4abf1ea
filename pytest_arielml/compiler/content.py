"""What a normal form is, whatever its values are called.

Names do not reach the compiled model, apart from that of its function, which
is always the same. Two models that differ in names alone, such as an exporter's
numbers, are compiled once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def content_digest(normal: bytes, form: str) -> str:
    """sha256 in hex of a normal form: of an ONNX model without names of nodes and values.

    Documentation and notes on the producer are left out too. A model of
    another format is taken as it is.
    """
    if form != "onnx":
        return hashlib.sha256(normal).hexdigest()
    import onnx

    model = onnx.load_model_from_string(normal)
    for field in (
        "doc_string",
        "ir_version",
        "metadata_props",
        "model_version",
        "producer_name",
        "producer_version",
    ):
        model.ClearField(field)
    _Anonymous().graph(model.graph)
    return hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()


class _Anonymous:
    """Gives values numbers in place of names, the same name always the same number."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {"": ""}

    def graph(self, graph: onnx.GraphProto) -> None:
        _strip(graph)
        self._values(graph.input)
        self._values(graph.initializer)
        for node in graph.node:
            _strip(node)
            node.ClearField("name")
            node.input[:] = [self._number(name) for name in node.input]
            node.output[:] = [self._number(name) for name in node.output]
            for attribute in node.attribute:
                attribute.ClearField("doc_string")
                for inner in (attribute.g, *attribute.graphs):
                    if inner.node or inner.output:
                        self.graph(inner)
        self._values(graph.output)
        # Shape inference lists them in no order that means anything.
        self._values(graph.value_info)
        graph.value_info.sort(key=lambda value: value.name)

    def _values(self, values: Iterable[onnx.ValueInfoProto | onnx.TensorProto]) -> None:
        for value in values:
            _strip(value)
            value.name = self._number(value.name)

    def _number(self, name: str) -> str:
        return self._numbers.setdefault(name, str(len(self._numbers)))


def _strip(
    part: onnx.GraphProto | onnx.NodeProto | onnx.ValueInfoProto | onnx.TensorProto,
) -> None:
    part.ClearField("doc_string")
    part.ClearField("metadata_props")
