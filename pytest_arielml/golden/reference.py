"""The reference's outputs: onnxruntime's on an ONNX model as its author wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from pytest_arielml.errors import InputError, ModelError, UsageError
from pytest_arielml.frontends import Function, Model
from pytest_arielml.golden.host import HostModule
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
SOURCE: Final = f"onnxruntime {onnxruntime.__version__}"

# onnxruntime's names for element types, as far as numpy has them.
_DTYPES: Final[Mapping[str, str]] = {
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(bool)": "bool",
    **{f"tensor({s}int{bits})": f"{s}int{bits}" for s in ("", "u") for bits in (8, 16, 32, 64)},
}


@dataclass(frozen=True)
class Slot:
    """An input or an output as the model declares it; a size that is free is None."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {self.dtype} [{sizes}]"


class Reference:
    """One model in onnxruntime.

    Attributes:
        digest: sha256 of the model's bytes, in hex.
        inputs: what `run` takes.
        outputs: what `run` gives.
    """

    def __init__(self, model: bytes) -> None:
        self.digest = hashlib.sha256(model).hexdigest()
        self._session = _session(model)
        self.inputs = tuple(_slot(each) for each in self._session.get_inputs())
        self.outputs = tuple(_slot(each) for each in self._session.get_outputs())

    def run(self, *inputs: Array | Mapping[str, Array]) -> Outputs:
        """The model's outputs for one call.

        Args:
            inputs: one array for each of `self.inputs`, of its data type and
                shape; a free size takes any. Or one mapping of their names
                to arrays.

        Raises:
            InputError: the inputs are not what the model declares.
        """
        arrays = self._checked(inputs)
        feed = {slot.name: array for slot, array in zip(self.inputs, arrays, strict=True)}
        try:
            outputs = self._session.run(None, feed)
        except Exception as error:  # as above
            raise InputError("onnxruntime refused the call", found=_first_line(error)) from error
        return Outputs(
            (np.asarray(output) for output in outputs),
            [slot.name for slot in self.outputs],
            SOURCE,
        )

    def run_samples(self, *inputs: Array) -> tuple[Array, ...]:
        """One call a sample, the results stacked.

        Args:
            inputs: each [samples, *shape of that input].

        Returns:
            One array an output, [samples, *shape of that output].

        Raises:
            InputError: see `run`; or the inputs differ in their number of samples.
        """
        calls = [self.run(*sample) for sample in samples(inputs)]
        return tuple(np.stack(column) for column in zip(*calls, strict=True))

    def _checked(self, inputs: Sequence[object]) -> list[Array]:
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            inputs = self._in_order(inputs[0])
        arrays = [np.asarray(value) for value in inputs]
        given = ", ".join(f"{array.dtype} {list(array.shape)}" for array in arrays)
        if len(arrays) != len(self.inputs):
            raise InputError(
                f"the model takes {len(self.inputs)} inputs, {len(arrays)} are given",
                expected=", ".join(map(str, self.inputs)) or "no input",
                found=given or "no input",
            )
        for slot, array in zip(self.inputs, arrays, strict=True):
            fits = len(array.shape) == len(slot.shape) and all(
                size in (None, real) for size, real in zip(slot.shape, array.shape, strict=True)
            )
            same = array.dtype == slot.dtype
            if not (same and fits):
                raise InputError(
                    f"input {slot.name!r} has the wrong {'shape' if same else 'data type'}",
                    expected=str(slot),
                    found=f"{array.dtype} {list(array.shape)}",
                )
        return [np.ascontiguousarray(array) for array in arrays]

    def _in_order(self, inputs: Mapping[str, object]) -> list[object]:
        names = [slot.name for slot in self.inputs]
        if set(inputs) != set(names):
            raise InputError(
                "the inputs' names are not the model's",
                expected=", ".join(map(str, self.inputs)) or "no input",
                found=", ".join(map(str, inputs)) or "no input",
            )
        return [inputs[name] for name in names]


def reference(model: bytes) -> Reference:
    """The model in onnxruntime; the same bytes give the same session.

    Raises:
        ModelError: onnxruntime does not take the model.
    """
    return _cached(model)


def reference_outputs(
    model: str | Path | bytes | onnx.ModelProto, *inputs: Array | Mapping[str, Array]
) -> Outputs:
    """onnxruntime's outputs for one call of `model`; see `Reference.run`.

    Raises:
        ModelError: the model cannot be read, or onnxruntime does not take it.
        InputError: the inputs are not what the model declares.
    """
    return reference(model_bytes(model)).run(*inputs)


def model_reference(model: Model, function: Function, inputs: Sequence[Array]) -> Outputs:
    """The reference's outputs for one call, from the model's initial values.

    onnxruntime's on an ONNX model; IREE's own runtime's on an MLIR module,
    see `HostModule`. Their `source` says which.

    Raises:
        ModelError: onnxruntime does not take the model.
        CompileError: iree-compile does not compile the module for this host.
        InputError: the call fails.
        Unavailable: IREE's runtime is needed and not installed.
    """
    if model.format == "mlir":
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
            expected="an .onnx file",
            advice="compare with Deployment.reference, which is IREE's own runtime's, "
            "or with expected arrays of your own",
        )
    try:
        return Path(model).read_bytes()
    except OSError as error:
        raise ModelError(
            "the model cannot be read", where=str(model), found=error.strerror or str(error)
        ) from None


def samples(inputs: Sequence[Array]) -> Iterator[tuple[Array, ...]]:
    """The samples of stacked inputs, each a tuple with one array an input.

    Raises:
        InputError: there is none, or the inputs differ in their number.
    """
    counts = [len(array) if array.ndim else 0 for array in inputs]
    if not counts or 0 in counts or len(set(counts)) != 1:
        raise InputError(
            "stacked inputs need one and the same number of samples",
            expected="every input [samples, *shape]",
            found=", ".join(str(list(array.shape)) for array in inputs) or "no input",
        )
    return zip(*inputs, strict=True)


@lru_cache(maxsize=8)
def _host(model: Model) -> HostModule:
    return HostModule(model)


@lru_cache(maxsize=8)
def _cached(model: bytes) -> Reference:
    return Reference(model)


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
        )
    shape = tuple(size if isinstance(size, int) else None for size in declared.shape or ())
    return Slot(declared.name, np.dtype(_DTYPES[declared.type]), shape)
