"""The node cases of the installed onnx package, read once and kept in the cache.

Collecting them runs every generator of onnx and takes seconds; each process
of a run would pay for it again.
"""

from __future__ import annotations

import io
import json
import os
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from pytest_arielml.compiler import Cache
from pytest_arielml.compiler.cache import digest_of

Array = NDArray[Any]

#: Raised when what is kept changes.
_FORMAT: Final = 3
_INDEX: Final = "index.json"
_ARCHIVE: Final = "cases.zip"

#: Element types of `onnx.TensorProto` that boards compute with.
SUPPORTED: Final = frozenset(
    {"BFLOAT16", "BOOL", "DOUBLE", "FLOAT", "FLOAT16", "INT4", "UINT4"}
    | {f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
)

_EXPANDED: Final = re.compile(r"_expanded(_ver\d+)?$")


@dataclass(frozen=True)
class Case:
    """One case: a model, its inputs, and the outputs that it must give.

    Attributes:
        name: onnx's, such as `test_add`.
        operator: what it tests; for the expanded form of a function, that function.
        rtol: relative tolerance that onnx itself allows.
        atol: absolute tolerance that onnx itself allows.
        unsupported: a type of an input or output that no board takes.
    """

    name: str
    operator: str
    rtol: float
    atol: float
    unsupported: str | None
    _archive: Path = field(repr=False, compare=False)

    @cached_property
    def model(self) -> onnx.ModelProto:
        """The model as onnx generates it."""
        return onnx.load_model_from_string(self._read("model.onnx"))

    def inputs(self) -> tuple[Array, ...]:
        """One array an input of the model; not for unsupported types."""
        return self._arrays("inputs.npz", self.model.graph.input)

    def outputs(self) -> tuple[Array, ...]:
        """One array an output of the model; not for unsupported types."""
        return self._arrays("outputs.npz", self.model.graph.output)

    def _arrays(self, name: str, values: Sequence[onnx.ValueInfoProto]) -> tuple[Array, ...]:
        with np.load(io.BytesIO(self._read(name)), allow_pickle=False) as arrays:
            return tuple(
                _typed(arrays[f"arr_{place}"], value) for place, value in enumerate(values)
            )

    def _read(self, name: str) -> bytes:
        return _opened(self._archive, os.getpid()).read(f"{self.name}/{name}")


@lru_cache(maxsize=2)
def _opened(archive: Path, _process: int) -> zipfile.ZipFile:
    """The archive, its long directory read once; a forked process opens its own."""
    return zipfile.ZipFile(archive)


def load_cases(cache: Cache | None = None) -> tuple[Case, ...]:
    """Every node case, in onnx's order."""
    key = digest_of({"format": _FORMAT, "onnx": onnx.__version__, "numpy": np.__version__})
    folder = (cache or Cache()).entry("onnx-cases", key, _collect)
    index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    return tuple(Case(**entry, _archive=folder / _ARCHIVE) for entry in index)


def _collect(folder: Path) -> None:
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of casts and divisions by zero that are the point
        collected = collect_testcases(None)
    models = {case.name: case.model for case in collected if case.model is not None}
    operators = {name: _operator(model) for name, model in models.items()}
    index = []
    with zipfile.ZipFile(folder / _ARCHIVE, "w") as archive:
        for case in collected:
            model = models[case.name]
            unsupported = _unsupported(model)
            archive.writestr(f"{case.name}/model.onnx", model.SerializeToString())
            if unsupported is None:
                ((inputs, outputs),) = case.data_sets or ()
                archive.writestr(f"{case.name}/inputs.npz", _packed(inputs))
                archive.writestr(f"{case.name}/outputs.npz", _packed(outputs))
            index.append(
                {
                    "name": case.name,
                    "operator": operators.get(_EXPANDED.sub("", case.name), operators[case.name]),
                    "rtol": case.rtol,
                    "atol": case.atol,
                    "unsupported": unsupported,
                }
            )
    (folder / _INDEX).write_text(json.dumps(index), encoding="utf-8")


def _packed(values: Sequence[Any]) -> bytes:
    buffer = io.BytesIO()
    arrays: Mapping[str, Array] = {
        f"arr_{place}": _array(value) for place, value in enumerate(values)
    }
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _array(value: Any) -> Array:
    """Some generators give arrays or numpy scalars, others tensors of onnx."""
    tensor = isinstance(value, onnx.TensorProto)
    array = np.asarray(numpy_helper.to_array(value) if tensor else value)
    return array if _is_numpys(array.dtype) else array.view(f"u{array.dtype.itemsize}")


def _typed(stored: Array, value: onnx.ValueInfoProto) -> Array:
    """`stored` with the type that the model declares, where it was stored by its bits."""
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type))
    return stored if _is_numpys(dtype) else stored.view(dtype)


def _is_numpys(dtype: np.dtype[Any]) -> bool:
    """Whether numpy's files can name the type: not bfloat16 nor integers of 4 bits."""
    return dtype.type.__module__ == "numpy"


def _operator(model: onnx.ModelProto) -> str:
    """The operator of the last node: those before it only prepare its operands."""
    node = model.graph.node[-1]
    return f"{node.domain}.{node.op_type}" if node.domain else str(node.op_type)


def _unsupported(model: onnx.ModelProto) -> str | None:
    for value in (*model.graph.input, *model.graph.output):
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type":
            return str(kind).removesuffix("_type")
        name: str = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type)
        if name not in SUPPORTED:
            return name.lower()
    return None
