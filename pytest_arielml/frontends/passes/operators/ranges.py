"""Ranges of 16-bit floats, which IREE has not.

https://onnx.ai/onnx/operators/onnx__Range.html
"""

from __future__ import annotations

from typing import Final

import onnx

from pytest_arielml.frontends.passes.operators.build import Rewrite

_SHORT: Final = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)


def count_up(rewrite: Rewrite) -> bool:
    """`Range` of float16 or bfloat16, in float32: what ONNX computes it in too."""
    known = rewrite.facts.type(rewrite.input(0))
    wide = rewrite.options.get("stash_type", onnx.TensorProto.FLOAT)
    if known is None or known.element not in _SHORT or wide != onnx.TensorProto.FLOAT:
        return False
    bounds = [rewrite.add("Cast", rewrite.input(place), to=wide) for place in range(3)]
    rewrite.add("Cast", rewrite.add("Range", *bounds), output=rewrite.result, to=known.element)
    return True
