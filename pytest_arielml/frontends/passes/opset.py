"""Newer operators: IREE takes many an operator only from some version on."""

from __future__ import annotations

from typing import Final

import onnx
from onnx import version_converter

from pytest_arielml.frontends.passes.graph import is_own, opset

# Not IREE's: the passes that take these operators apart make others of this opset.
_REWRITTEN: Final = 13

#: Lowest opset at which IREE 3.13 takes an operator, where ONNX has had it for
#: longer: the `patterns.onOp` of torch-mlir's TorchOnnxToTorch conversion.
LOWEST: Final = {
    "Add": 7,
    "BatchNormalization": 15,
    "Ceil": 13,
    "Compress": _REWRITTEN,
    "Concat": 11,
    "ConvInteger": _REWRITTEN,
    "ConvTranspose": _REWRITTEN,
    "DFT": 20,
    "Det": _REWRITTEN,
    "Div": 7,
    "Dropout": 12,
    "Elu": 6,
    "Erf": 13,
    "Exp": 6,
    "Flatten": 11,
    "Floor": 13,
    "GatherElements": 13,
    "GatherND": 13,
    "GlobalLpPool": 2,
    "Greater": 7,
    "GreaterOrEqual": 16,
    "HardSigmoid": 6,
    "InstanceNormalization": 6,
    "LSTM": _REWRITTEN,
    "Less": 13,
    "Loop": 13,
    "LpNormalization": _REWRITTEN,
    "LpPool": 18,
    "MaxPool": _REWRITTEN,
    "MaxUnpool": _REWRITTEN,
    "MeanVarianceNormalization": 13,
    "Mod": 13,
    "Mul": 7,
    "NegativeLogLikelihoodLoss": 13,
    "NonZero": 13,
    "Pad": _REWRITTEN,
    "ReduceMax": 13,
    "ReduceMin": 13,
    "ReduceProd": 13,
    "Reshape": 5,
    "Resize": _REWRITTEN,
    "RoiAlign": 16,
    # Not IREE's: it is taken apart to the DFT of this opset.
    "STFT": 20,
    "Scan": _REWRITTEN,
    "Selu": 6,
    "Slice": 13,
    "Softmax": 13,
    "Softsign": 22,
    "SpaceToDepth": _REWRITTEN,
    "Tile": 6,
    "TopK": 11,
    "Unsqueeze": 13,
    "Upsample": 9,
}

# The Scan of opset 8 is another operator, and onnx converts it as if it were not.
_FIRST_SCAN: Final = 9


def raise_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model at the opset that IREE needs for its operators; as it is when that is met.

    A model that onnx cannot convert is left as it is: IREE then names the
    operator that it refuses.
    """
    present = opset(model)
    if present < _FIRST_SCAN and any(is_own(node, "Scan") for node in model.graph.node):
        return model
    needed = max((LOWEST.get(n.op_type, 1) for n in model.graph.node if is_own(n)), default=1)
    if needed <= present:
        return model
    try:
        return version_converter.convert_version(model, needed)
    # Beside its own error, its C++ side throws what has no class in Python.
    except (version_converter.ConvertError, RuntimeError, ValueError):
        return model
