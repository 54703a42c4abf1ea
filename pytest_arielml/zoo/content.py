"""What an ONNX graph computes, as a checksum that names and order of weights do not change.

Converters give tensors new names in every run, so that two conversions of one
model are different files. Their graphs are the same.
"""

from __future__ import annotations

import hashlib

import onnx
from onnx import numpy_helper


def content_sha256(model: bytes) -> str:
    """sha256, in hex, of a model's operator versions, nodes, weights and signature.

    A tensor is known by what it is and not by its name: an input of the graph
    by its place, a weight by its value, a result by its node and its place
    there. Nodes count in the file's order.

    Raises:
        ValueError: `model` is not an ONNX file, or a node uses a tensor that nothing gives.
    """
    try:
        proto = onnx.load_from_string(model)
    except Exception as error:  # protobuf's DecodeError, a class that onnx does not name
        raise ValueError(f"not an ONNX file: {error}") from None
    graph = proto.graph
    known = {"": "none"}  # an optional input that is left out
    lines = [f"opset {each.domain} {each.version}" for each in proto.opset_import]
    for weight in graph.initializer:
        array = numpy_helper.to_array(weight)
        value = hashlib.sha256(array.tobytes()).hexdigest()
        known[weight.name] = f"{array.dtype.name} {list(array.shape)} {value}"
    inputs = [each for each in graph.input if each.name not in known]
    for place, each in enumerate(inputs):
        known[each.name] = f"input {place}"
        lines.append(f"{known[each.name]}: {_type(each)}")
    for place, node in enumerate(graph.node):
        try:
            sources = [known[name] for name in node.input]
        except KeyError as error:
            raise ValueError(f"node {place} uses {error}, which nothing gives") from None
        for output, name in enumerate(node.output):
            known[name] = f"node {place}.{output}"
        attributes = sorted(
            each.name + " " + each.SerializeToString(deterministic=True).hex()
            for each in node.attribute
        )
        lines.append(f"{node.domain} {node.op_type} {sources} {attributes}")
    for each in graph.output:
        lines.append(f"output {known.get(each.name, 'none')}: {_type(each)}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _type(value: onnx.ValueInfoProto) -> str:
    tensor = value.type.tensor_type
    # The name of a free size is the converter's too.
    sizes = [each.dim_value if each.HasField("dim_value") else "?" for each in tensor.shape.dim]
    return f"{tensor.elem_type} {sizes}"
