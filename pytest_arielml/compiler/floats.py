"""Whether a model multiplies matrices of floats."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import onnx

#: Operators whose work is products and sums; those of integers have names of their own.
_PRODUCTS: Final = frozenset(
    {"Attention", "Conv", "ConvTranspose", "Einsum", "GRU", "Gemm", "LSTM", "MatMul", "RNN"}
)


@lru_cache(maxsize=8)
def multiplies_floats(normal: bytes, form: str) -> bool:
    """Whether a normal form has products of floats; of MLIR text it is taken to have."""
    if form != "onnx":
        return True
    import onnx

    return any(_products(onnx.load_model_from_string(normal).graph))


def _products(graph: onnx.GraphProto) -> Iterator[bool]:
    for node in graph.node:
        yield node.op_type in _PRODUCTS
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _products(inner)
