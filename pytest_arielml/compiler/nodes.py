"""Numbers the nodes of an ONNX graph, and finds the node of a number again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import onnx

_LOCATION: Final = re.compile(r'"onnx node (\d+)"')


def walk(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node, those of subgraphs included, in a fixed order."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from walk(attribute.g)
            for inner in attribute.graphs:
                yield from walk(inner)


def location(index: int) -> str:
    """The location that stands for the node of that number."""
    return f"onnx node {index}"


def find(graph: onnx.GraphProto, text: str) -> onnx.NodeProto | None:
    """The first node whose location is in `text`."""
    match = _LOCATION.search(text)
    if match is None:
        return None
    wanted = int(match[1])
    return next((node for index, node in enumerate(walk(graph)) if index == wanted), None)
