"""MLIR files: their public functions read, the text compiled as it is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import ml_dtypes
import numpy as np

from pytest_arielml.errors import ModelError, Unavailable, UsageError
from pytest_arielml.frontends.dims import Dims
from pytest_arielml.frontends.model import Dim, Function, Model, Signature, TensorSpec

#: Most inputs, and most outputs, that the device holds at a time.
MOST: Final = 16

#: Names of types in MLIR, and what arrays of them are in numpy.
_DTYPES: Final = {
    "i1": np.dtype(np.bool_),
    **{f"{sign}i{bits}": np.dtype(f"int{bits}") for sign in ("", "s") for bits in (8, 16, 32, 64)},
    **{f"ui{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
    **{f"f{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
    **{name: np.dtype(ml_dtypes.int4) for name in ("i4", "si4")},
    "ui4": np.dtype(ml_dtypes.uint4),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "complex<f32>": np.dtype(np.complex64),
}
_KNOWN: Final = "tensors of i1, i4 to i64, ui4 to ui64, f16, bf16, f32, f64, complex<f32>"

# torch-mlir's tensors, which importers of ONNX and PyTorch write.
_TORCH: Final = re.compile(r"!torch\.vtensor<\[([\d?,]*)\],(\w+)>")
_SCALAR: Final = re.compile(r"(index|[su]?i\d+|b?f\d+)")

# Kernels are linked under the names of functions.
_SYMBOL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.$]{0,127}")
# What a module calls when it is loaded and unloaded.
_RESERVED: Final = ("__init", "__deinit")

# The file has no name where the reader gets it: "-":line:column.
_PLACE: Final = re.compile(r'^error: "-":(\d+):(\d+): (.*)$', re.MULTILINE)
_READER: Final = Path(__file__).with_name("mlir_reader.py")
_TIMEOUT: Final = 120.0


def from_file(path: Path, content: bytes, dims: Dims) -> Model:
    """The model of an `.mlir` file, text or bytecode; it is compiled as it is.

    A `?` in a type is a free size. Inputs and outputs are called as their
    attribute `iree.identifier` says, else `input0`, `output0`, ... as IREE
    calls them.

    Raises: ModelError when the file is not MLIR, has no public function, or
    one with a type that cannot be sent to a device; UsageError for `dims`.
    """
    where = str(path)
    if dims:
        raise UsageError(
            "dims sets sizes of ONNX models",
            where=where,
            expected="no dims: a `?` of an MLIR model stays free, and the arrays of a call set it",
            found=repr(dict(dims)),
            advice="write the size into the model's types to fix it",
        )
    found = _read(content, where)
    if "error" in found:
        raise _not_mlir(found["error"], where)
    functions = [_function(each, where) for each in found["functions"]]
    if not functions:
        raise ModelError(
            "the module has no public function",
            where=where,
            expected="a func.func with a body that is not private",
            found="private functions, or declarations" if content.strip() else "an empty file",
            advice="leave out `private` at the function that is to be called",
        )
    functions.sort(key=lambda function: function.name != "main")
    return Model(
        name=path.stem,
        format="mlir",
        digest=hashlib.sha256(content).hexdigest(),
        signature=Signature(tuple(functions)),
        normal=content,
        original=content,
        stateful=found["stateful"],
    )


@lru_cache(maxsize=16)
def _read(content: bytes, where: str) -> dict[str, Any]:
    """What the reader, a process of its own, says of the file."""
    try:
        ended = subprocess.run(
            # By its path: imported as a module it would bring all of the package.
            [sys.executable, "-P", str(_READER)],
            # Not by a file: what is killed in the middle would leave that behind.
            input=content,
            capture_output=True,
            timeout=_TIMEOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            "the MLIR file could not be read in time",
            where=where,
            expected=f"an end within {_TIMEOUT:g} s",
            found=f"{len(content):,} bytes, still being read",
            advice="check the file with iree-compile alone; it may be too large for a board",
        ) from None
    said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
    if ended.returncode == 0:
        found: dict[str, Any] = json.loads(ended.stdout)
        return found
    if said and "No module named 'iree" in said[-1]:
        raise Unavailable(
            "iree-base-compiler is not installed",
            where=where,
            found=said[-1],
            advice="pip install iree-base-compiler",
        )
    raise ModelError(
        "MLIR's parser crashed on the file",
        where=where,
        found=said[-1] if said else f"exit status {ended.returncode}",
        advice="check it with: iree-opt " + where,
    )


def _not_mlir(error: str, where: str) -> ModelError:
    place = _PLACE.search(error)
    if place is None:
        found = error.strip().splitlines()[-1][:300]
    else:
        found = f"line {place[1]}, column {place[2]}: {place[3]}"
    return ModelError(
        "the file is not an MLIR module that IREE's compiler can parse",
        where=where,
        expected="a module of func.func in the dialects that iree-compile takes",
        found=found,
        advice="check it with: iree-opt " + where,
    )


def _function(found: dict[str, Any], where: str) -> Function:
    name = found["name"]
    if not _SYMBOL.fullmatch(name) or name in _RESERVED:
        raise ModelError(
            "a function has a name that an image cannot have for it",
            where=where,
            expected="at most 128 letters, digits, `_`, `.` and `$`, no digit first; "
            f"not {' or '.join(_RESERVED)}",
            found=repr(name),
            advice="give the function another name, or make it private",
        )
    where = f"{where}: function {name!r}"
    return Function(
        name=name,
        entry=name,
        inputs=_specs(found["inputs"], "input", where),
        outputs=_specs(found["outputs"], "output", where),
    )


def _specs(found: list[dict[str, Any]], role: str, where: str) -> tuple[TensorSpec, ...]:
    if len(found) > MOST:
        raise ModelError(
            f"a function has more {role}s than a device holds",
            where=where,
            expected=f"at most {MOST}",
            found=str(len(found)),
            advice="pass several of them as one tensor, or split the function",
        )
    names = [each["name"] or f"{role}{index}" for index, each in enumerate(found)]
    if len(set(names)) < len(names):
        names = [f"{role}{index}" for index in range(len(found))]
    return tuple(
        _spec(name, each, f"{role} {index}", where)
        for index, (name, each) in enumerate(zip(names, found, strict=True))
    )


def _spec(name: str, found: dict[str, Any], which: str, where: str) -> TensorSpec:
    text = found["type"]
    shape: tuple[Dim, ...]
    torch = _TORCH.fullmatch(text)
    if torch is not None:
        sizes = filter(None, torch[1].split(","))
        element, shape = torch[2], tuple(None if size == "?" else int(size) for size in sizes)
    else:
        element, shape = found.get("element", ""), tuple(found.get("shape", ()))
    dtype = _DTYPES.get(element)
    if dtype is None:
        scalar = _SCALAR.fullmatch(text)
        raise ModelError(
            f"{which} has a type that cannot be sent to a device",
            where=where,
            expected=_KNOWN,
            found=text,
            advice=f"pass it as a tensor of no dimensions: tensor<{text}>"
            if scalar is not None and text != "index"
            else "convert it in the model, or make the function private",
        )
    return TensorSpec(name, dtype, shape)
