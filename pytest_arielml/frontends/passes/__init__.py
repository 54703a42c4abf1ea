"""Passes over an ONNX model before IREE imports it: same meaning, more that compiles.

Each keeps inputs, outputs and their names. The reference is always computed
on the model as its author wrote it, so a pass that changed what a model
means would show as a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import onnx

from pytest_arielml.frontends.passes.batches import split_batches
from pytest_arielml.frontends.passes.branches import take_branches
from pytest_arielml.frontends.passes.fold import fold_constants
from pytest_arielml.frontends.passes.fourier import multiply_transforms
from pytest_arielml.frontends.passes.functions import inline_functions
from pytest_arielml.frontends.passes.graph import infer
from pytest_arielml.frontends.passes.integer import integer_form
from pytest_arielml.frontends.passes.loops import unroll_loops
from pytest_arielml.frontends.passes.operators import rewrite_operators
from pytest_arielml.frontends.passes.opset import raise_opset
from pytest_arielml.frontends.passes.prune import prune
from pytest_arielml.frontends.passes.qoperators import dequantize_operators
from pytest_arielml.frontends.passes.recurrent import run_forwards
from pytest_arielml.frontends.passes.scans import unroll_scans

Pass = Callable[[onnx.ModelProto], onnx.ModelProto]

#: Once, in this order.
FIRST: Final[tuple[Pass, ...]] = (
    inline_functions,
    raise_opset,
    dequantize_operators,
    run_forwards,
)
#: Again and again, since each may open the way for another.
REPEATED: Final[tuple[Pass, ...]] = (
    fold_constants,
    take_branches,
    unroll_loops,
    unroll_scans,
    integer_form,
    rewrite_operators,
    multiply_transforms,
    split_batches,
    prune,
)

# One round per level of a computed shape or of nested branches; far more than
# any model has shown.
_ROUNDS: Final = 32


def prepare(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model as IREE is to get it.

    Args:
        model: valid, with static input shapes; it is left as it is.

    Gives a model of the same inputs and outputs that computes the same, with
    the shapes of its values.
    """
    for one in FIRST:
        model = one(model)
    for _ in range(_ROUNDS):
        typed = model = infer(model)
        for one in REPEATED:
            model = one(model)
        if model is typed:
            break
    return model
