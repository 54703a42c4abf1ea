"""A way around a defect of onnxruntime.

With ``session.x64quantprecision``, onnxruntime (1.32.0, when this was written)
turns int8 weights and their zero points into uint8 under new names made from
the old ones, and gives up with "Attempt to replace the existing tensor" where
two weights share a zero point, as tf2onnx writes them.
"""

from __future__ import annotations

import onnx


def unshare_zero_points(model: bytes) -> bytes:
    """The same model with a zero point of its own for each DequantizeLinear.

    Nothing else changes: every node computes from the same values.

    Raises:
        google.protobuf.message.DecodeError: `model` is not an ONNX file.
    """
    proto = onnx.load_from_string(model)
    graph = proto.graph
    constants = {each.name: each for each in graph.initializer}
    names = set(constants) | {name for node in graph.node for name in node.output}
    used: set[str] = set()
    for node in graph.node:
        if node.op_type != "DequantizeLinear" or len(node.input) < 3:
            continue
        name = node.input[2]
        if name not in constants:
            continue
        if name in used:
            copy = onnx.TensorProto()
            copy.CopyFrom(constants[name])
            copy.name = _unused(name, names)
            names.add(copy.name)
            graph.initializer.append(copy)
            node.input[2] = copy.name
        used.add(name)
    content: bytes = proto.SerializeToString()
    return content


def _unused(name: str, names: set[str]) -> str:
    number = 2
    while f"{name}__{number}" in names:
        number += 1
    return f"{name}__{number}"
