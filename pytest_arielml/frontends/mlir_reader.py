"""Reads the signature of an MLIR file: ``python mlir_reader.py < FILE``.

A process of its own, so that a fault in MLIR's libraries ends it alone. It
prints one JSON object: what the module's public functions take and give, or
why the file cannot be parsed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from iree.compiler import ir

# What a variable, and the attribute that lets it change, are called.
_GLOBALS = ("util.global", "ml_program.global")
_MUTABLE = "is_mutable"

# The attribute by which IREE takes the name of an argument or a result.
_NAME = "iree.identifier"


def read(content: bytes) -> dict[str, Any]:
    """The public functions of a module, and whether it keeps values between calls."""
    context = ir.Context()
    try:
        module = ir.Module.parse(content, context)
    except ir.MLIRError as error:
        return {"error": str(error)}
    functions = []
    stateful = False
    for operation in module.body.operations:
        if operation.operation.name in _GLOBALS:
            stateful |= _MUTABLE in operation.attributes
        elif _is_public_function(operation):
            functions.append(_function(operation))
    return {"functions": functions, "stateful": stateful}


def _is_public_function(operation: Any) -> bool:
    attributes = operation.attributes
    # An initializer has a type, and no name.
    if "function_type" not in attributes or "sym_name" not in attributes:
        return False
    if not len(operation.regions[0].blocks):
        return False
    visibility = "sym_visibility"
    return visibility not in attributes or ir.StringAttr(attributes[visibility]).value == "public"


def _function(operation: Any) -> dict[str, Any]:
    attributes = operation.attributes
    kind = ir.TypeAttr(attributes["function_type"]).value
    return {
        "name": ir.StringAttr(attributes["sym_name"]).value,
        "inputs": _values(kind.inputs, attributes, "arg_attrs"),
        "outputs": _values(kind.results, attributes, "res_attrs"),
    }


def _values(kinds: Any, attributes: Any, names: str) -> list[dict[str, Any]]:
    given = list(attributes[names]) if names in attributes else [{}] * len(kinds)
    return [
        {**_type(kind), "name": ir.StringAttr(each[_NAME]).value if _NAME in each else None}
        for kind, each in zip(kinds, given, strict=True)
    ]


def _type(kind: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": str(kind)}
    if isinstance(kind, ir.RankedTensorType) and kind.encoding is None:
        found["element"] = str(kind.element_type)
        found["shape"] = [
            None if kind.is_dynamic_dim(axis) else kind.get_dim_size(axis)
            for axis in range(kind.rank)
        ]
    return found


if __name__ == "__main__":
    json.dump(read(sys.stdin.buffer.read()), sys.stdout)
