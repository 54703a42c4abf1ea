"""The reference's outputs: a runtime's of its own, on the model as its author wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from pytest_arielml.errors import InputError, ModelError, UsageError
from pytest_arielml.frontends import Function, Model
from pytest_arielml.frontends.tflite import is_tflite
from pytest_arielml.golden.engine import Engine, Slot
from pytest_arielml.golden.host import HostModule
from pytest_arielml.golden.litert import LiteRT
from pytest_arielml.golden.outputs import Outputs
from pytest_arielml.golden.unshare import unshare_zero_points

Array = NDArray[Any]

#: What makes onnxruntime give the same answer on every machine and run.
SESSION_OPTIONS: Final[Mapping[str, str]] = {
    # One thread: the order of a sum does not depend on the number of cores.
    "intra_op_num_threads": "1",
    "inter_op_num_threads": "1",
    "execution_mode": "sequential",
    "use_deterministic_compute": "1",
    # Without it, x86 processors that lack VNNI saturate 16-bit sums of int8 products.
    "session.x64quantprecision": "1",
}
PROVIDER: Final = "CPUExecutionProvider"

# onnxruntime's names for element types, as far as numpy has them.
_DTYPES: Final[Mapping[str, str]] = {
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(bool)": "bool",
    **{f"tensor({s}int{bits})": f"{s}int{bits}" for s in ("", "u") for bits in (8, 16, 32, 64)},
}


class Reference(Engine):
    """One model in onnxruntime."""

    name = "onnxruntime"
    version = onnxruntime.__version__
    session: Mapping[str, str] = {"provider": PROVIDER, **SESSION_OPTIONS}

    def __init__(self, model: bytes) -> None:
        self.digest = hashlib.sha256(model).hexdigest()
        self._session = _session(model)
        self.inputs = tuple(_slot(each) for each in self._session.get_inputs())
        self.outputs = tuple(_slot(each) for each in self._session.get_outputs())

    def _call(self, arrays: Sequence[Array]) -> Sequence[Array]:
        feed = {slot.name: array for slot, array in zip(self.inputs, arrays, strict=True)}
        try:
            outputs: Sequence[Array] = self._session.run(None, feed)
        except Exception as error:  # onnxruntime has an exception class for each status
            raise InputError(
                "onnxruntime refused the call",
                found=_first_line(error),
                advice="check that the model takes these values, in onnxruntime alone",
            ) from error
        return outputs


def reference(model: bytes) -> Engine:
    """The model in onnxruntime, or in LiteRT; the same bytes give the same session.

    Raises:
        ModelError: the runtime does not take the model.
        Unavailable: it is LiteRT, and not installed.
    """
    return _cached(model)


def reference_outputs(
    model: str | Path | bytes | onnx.ModelProto, *inputs: Array | Mapping[str, Array]
) -> Outputs:
    """onnxruntime's outputs for one call of `model`, LiteRT's for a `.tflite`; see `Engine.run`.

    Raises:
        ModelError: the model cannot be read, or the runtime does not take it.
        InputError: the inputs are not what the model declares.
        Unavailable: LiteRT is needed and not installed.
    """
    return reference(model_bytes(model)).run(*inputs)


def model_reference(model: Model, function: Function, inputs: Sequence[Array]) -> Outputs:
    """The reference's outputs for one call, from the model's initial values.

    onnxruntime's on an ONNX model, LiteRT's on a `.tflite`; IREE's own
    runtime's on an MLIR module, see `HostModule`. Their `source` says which.

    Raises:
        ModelError: the runtime does not take the model.
        CompileError: iree-compile does not compile the module for this host.
        InputError: the call fails.
        Unavailable: IREE's runtime or LiteRT is needed and not installed.
    """
    if model.format == "mlir" and not is_tflite(model.original):
        module = _host(model)
        module.reset()
        return module.run(function, inputs)
    return reference(model.original).run(*inputs)


def model_bytes(model: str | Path | bytes | onnx.ModelProto) -> bytes:
    """The bytes of a model, which its digest and its reference are made from.

    Raises:
        ModelError: the file cannot be read.
        UsageError: it is an MLIR file.
    """
    if isinstance(model, bytes):
        return model
    if isinstance(model, onnx.ModelProto):
        content: bytes = model.SerializeToString(deterministic=True)
        return content
    if Path(model).suffix.lower() == ".mlir":
        raise UsageError(
            "onnxruntime has no answers for an MLIR module",
            where=str(model),
            expected="an .onnx or .tflite file",
            advice="compare with Deployment.reference, which is IREE's own runtime's, "
            "or with expected arrays of your own",
        )
    try:
        return Path(model).read_bytes()
    except OSError as error:
        raise ModelError(
            "the model cannot be read",
            where=str(model),
            found=error.strerror or str(error),
            advice="check the path, and who may read the file",
        ) from None


@lru_cache(maxsize=8)
def _host(model: Model) -> HostModule:
    return HostModule(model)


@lru_cache(maxsize=8)
def _cached(model: bytes) -> Engine:
    return LiteRT(model) if is_tflite(model) else Reference(model)


def _session(model: bytes) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(model, _options(), providers=[PROVIDER])
    except Exception as error:  # onnxruntime has an exception class for each status
        try:
            unshared = unshare_zero_points(model)
            return onnxruntime.InferenceSession(unshared, _options(), providers=[PROVIDER])
        except Exception:
            raise ModelError(
                "onnxruntime does not take the model",
                found=_first_line(error),
                advice="the reference is onnxruntime's answer; check the model with it alone",
            ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(SESSION_OPTIONS["intra_op_num_threads"])
    options.inter_op_num_threads = int(SESSION_OPTIONS["inter_op_num_threads"])
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = SESSION_OPTIONS["use_deterministic_compute"] == "1"
    options.add_session_config_entry(
        "session.x64quantprecision", SESSION_OPTIONS["session.x64quantprecision"]
    )
    options.log_severity_level = 4  # its errors come as exceptions
    return options


def _slot(declared: Any) -> Slot:
    if declared.type not in _DTYPES:
        raise ModelError(
            f"{declared.name!r} has an element type that is not supported",
            expected=", ".join(_DTYPES),
            found=declared.type,
            advice="add a Cast to the model, or export it with another type",
        )
    shape = tuple(size if isinstance(size, int) else None for size in declared.shape or ())
    return Slot(declared.name, np.dtype(_DTYPES[declared.type]), shape)
