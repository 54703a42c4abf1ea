"""MLIR modules on this machine: IREE's own runtime as the reference.

The compiler is the one that compiles for the board; the processor that it
generates code for and the runtime are others. A defect that the compiler has
for every processor is therefore in both; expected arrays given by the test
find that too.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.compiler import Cache, digest_of, run_tool, tool_path, tool_version
from pytest_arielml.compiler.diagnostics import failure
from pytest_arielml.errors import InputError, Unavailable
from pytest_arielml.frontends import Function, Model
from pytest_arielml.golden.outputs import Outputs

Array = NDArray[Any]

_RUNTIME: Final = "iree-base-runtime"
_FLAGS: Final = (
    "--iree-input-type=auto",
    "--iree-input-demote-f64-to-f32=false",
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    # The same code, and so the same answer, on every machine of one architecture.
    "--iree-llvmcpu-target-cpu=generic",
    "--mlir-print-op-on-diagnostic=false",
)
_TIMEOUT: Final = 300.0
_ATTEMPTS: Final = 2
_MODULE: Final = "host.vmfb"


class HostModule:
    """One MLIR module in IREE's runtime; it keeps its values from call to call."""

    def __init__(self, model: Model, *, cache: Cache | None = None) -> None:
        """Compiles `model` for this machine, or takes it from the cache.

        Raises: Unavailable without iree-base-runtime; CompileError when
        iree-compile refuses.
        """
        self._runtime = _runtime()
        self._name = model.name
        self._content = _compiled(model, cache or Cache()).read_bytes()
        self._module: Any = None
        self.reset()

    @property
    def source(self) -> str:
        """What computes the outputs."""
        return f"IREE {metadata.version(_RUNTIME)} on this host"

    def reset(self) -> None:
        """Gives what the module keeps its initial values again."""
        context = self._runtime.SystemContext(config=self._runtime.Config("local-sync"))
        module = self._runtime.VmModule.copy_buffer(context.instance, self._content)
        context.add_vm_module(module)
        self._module = context.modules[module.name]

    def run(self, function: Function, inputs: Sequence[Array]) -> Outputs:
        """The outputs of one call.

        Args:
            function: of the model's signature.
            inputs: one array an input, of its dtype and shape.

        Raises: InputError with the module's own message when the call fails.
        """
        try:
            found = self._module[function.entry](*inputs)
        except Exception as error:  # its runtime raises RuntimeError and ValueError alike
            raise InputError(
                f"IREE's runtime on this host refused the call of {function.name} of {self._name}",
                found=str(error).strip().splitlines()[0][:300],
                advice="check that the model takes these values: it refuses them itself",
            ) from None
        arrays = found if isinstance(found, (tuple, list)) else () if found is None else (found,)
        return Outputs(
            (
                _typed(array.to_host(), spec.dtype)
                for array, spec in zip(arrays, function.outputs, strict=True)
            ),
            [spec.name for spec in function.outputs],
            self.source,
        )


def _compiled(model: Model, cache: Cache) -> Path:
    key = digest_of({"compiler": tool_version(), "model": model.digest, "flags": _FLAGS})

    def build(folder: Path) -> None:
        source = folder / "model.mlir"
        source.write_bytes(model.normal)
        command = (tool_path("iree-compile"), source.name, *_FLAGS, f"-o={_MODULE}")
        finished = run_tool(command, folder=folder, timeout=_TIMEOUT, attempts=_ATTEMPTS)
        if finished.status:
            keep = partial(cache.keep_failed, key)
            raise failure("iree-compile", model, finished, command, keep(folder))

    return cache.entry("host", key, build) / _MODULE


def _typed(array: Array, dtype: np.dtype[Any]) -> Array:
    """The same bits as `dtype`: the runtime takes integers without a sign for signed ones."""
    same = array.dtype.itemsize == dtype.itemsize and {array.dtype.kind, dtype.kind} <= {"i", "u"}
    return array.view(dtype) if same else array


def _runtime() -> Any:
    try:
        return importlib.import_module("iree.runtime")
    except ImportError as error:
        raise Unavailable(
            "the reference for MLIR models is not installed",
            expected=f"{_RUNTIME}, which runs them on this host",
            found=str(error),
            advice="pip install 'pytest-arielml[host]', or give the expected arrays yourself",
        ) from None
