"""Makes a model of one operator, rewrites it, and holds both against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from meaning import Array, Evaluator, assert_same, reference
from onnx import helper, numpy_helper

from pytest_arielml.frontends.passes.graph import infer
from pytest_arielml.frontends.passes.operators import rewrite_operators

#: Newest opset that the onnx package has.
NEWEST = onnx.defs.onnx_opset_version()


def model_of(
    operator: str,
    inputs: Sequence[Array | None],
    *,
    constants: Sequence[int] = (),
    outputs: int = 1,
    domain: str = "",
    opset: int = NEWEST,
    **options: Any,
) -> onnx.ModelProto:
    """A model of one node; the inputs at the places `constants` are initializers."""
    names = ["" if array is None else f"i{place}" for place, array in enumerate(inputs)]
    made = [f"o{place}" for place in range(outputs)]
    node = helper.make_node(operator, names, made, domain=domain, **options)
    given, known = [], []
    for place, (name, array) in enumerate(zip(names, inputs, strict=True)):
        if array is None:
            continue
        if place in constants:
            known.append(numpy_helper.from_array(array, name))
        else:
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            given.append(helper.make_tensor_value_info(name, kind, array.shape))
    graph = helper.make_graph([node], "net", given, [], known)
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)
    imports = [helper.make_opsetid(domain, 5 if domain else opset)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    typed = onnx.shape_inference.infer_shapes(model)
    return typed if all(value.HasField("type") for value in typed.graph.output) else model


def rewritten(model: onnx.ModelProto) -> onnx.ModelProto:
    """What the rules make of it."""
    return rewrite_operators(infer(model))


def operators(model: onnx.ModelProto) -> list[str]:
    """The operators of its nodes."""
    return [node.op_type for node in model.graph.node]


def check(
    operator: str,
    inputs: Sequence[Array | None],
    *,
    constants: Sequence[int] = (),
    by: Evaluator = reference,
    gone: bool = True,
    **options: Any,
) -> onnx.ModelProto:
    """The operator is taken apart, and computes the same; gives what was made."""
    model = model_of(operator, inputs, constants=constants, **options)
    after = rewritten(model)
    assert operators(after) != [operator]
    assert (operator not in operators(after)) is gone
    given = [
        array for place, array in enumerate(inputs) if array is not None and place not in constants
    ]
    assert_same(model, infer(after), given, by=by)
    return after


def stays(operator: str, inputs: Sequence[Array | None], **options: Any) -> None:
    """No rule applies."""
    model = infer(model_of(operator, inputs, **options))
    assert rewrite_operators(model) is model


def floats(*shape: int, seed: int = 5) -> Array:
    """Float32 values between -2 and 2."""
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(np.float32)


def integers(*values: int) -> Array:
    """A vector of int64."""
    return np.asarray(values, np.int64)
