"""Where a golden comes from: model, inputs, and what computed it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.errors import UsageError

#: Version of the file's layout.
FORMAT: Final = 1


@dataclass(frozen=True)
class OutputRecord:
    """One output of the model.

    Attributes:
        name: its name.
        dtype: numpy's name of its data type.
        shape: of one sample.
        step: its quantization step in its own unit; None when it has none.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    step: float | None


@dataclass(frozen=True)
class Provenance:
    """What a golden was made from. The same golden gives the same record on any day.

    Attributes:
        model: the model's file name.
        model_sha256: of its bytes.
        inputs: where the inputs come from, as a person would say it.
        inputs_sha256: see `inputs_digest`.
        samples: how many calls the golden holds.
        outputs: one record each.
        onnxruntime: its version; None when it is LiteRT's.
        litert: LiteRT's version, of a `.tflite` model. A record has one of the two.
        session: the options it ran with.
        seed: of random inputs; None for inputs that were given.
        data_sha256: of the .npz with the outputs.
        format: version of this layout.
    """

    model: str
    model_sha256: str
    inputs: str
    inputs_sha256: str
    samples: int
    outputs: tuple[OutputRecord, ...]
    onnxruntime: str | None = None
    litert: str | None = None
    session: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    data_sha256: str = ""
    format: int = FORMAT

    def to_json(self) -> str:
        """The record as JSON text, keys in the order of this class."""
        record = {
            name: value
            for name, value in asdict(self).items()
            if name not in _RUNTIMES or value is not None
        }
        return json.dumps(record, indent=2) + "\n"

    @property
    def source(self) -> str:
        """What computed the outputs, and its version."""
        return f"LiteRT {self.litert}" if self.litert else f"onnxruntime {self.onnxruntime}"

    @classmethod
    def from_json(cls, text: str, *, where: str) -> Provenance:
        """Read what `to_json` wrote.

        Raises:
            UsageError: the text is not such a record; `where` names its file.
        """
        try:
            record = json.loads(text)
        except ValueError as error:
            raise _unreadable(where, "JSON", str(error)) from None
        if not isinstance(record, dict):
            raise _unreadable(where, "an object", type(record).__name__)
        if record.get("format") != FORMAT:
            raise _unreadable(where, f"format {FORMAT}", f"format {record.get('format')!r}")
        runtimes = _RUNTIMES & set(record)
        names = {each.name for each in fields(cls)} - _RUNTIMES | runtimes
        if set(record) != names or len(runtimes) != 1:
            odd = ", ".join(sorted(set(record) ^ names)) or ", ".join(sorted(_RUNTIMES))
            raise _unreadable(where, "the keys of a golden", f"missing or unknown: {odd}")
        for name, kind in _KINDS.items():
            if name not in record:
                continue
            # bool is an int to Python, and none of these is a bool.
            if not isinstance(record[name], kind) or isinstance(record[name], bool):
                raise _unreadable(where, f"{name} of another type", repr(record[name])[:60])
        return cls(**{**record, "outputs": _outputs(record["outputs"], where)})


#: One of these is in a record.
_RUNTIMES: Final = frozenset({"litert", "onnxruntime"})
_KINDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys(
        ("model", "model_sha256", "inputs", "inputs_sha256", "data_sha256", *sorted(_RUNTIMES)), str
    ),
    "samples": int,
    "seed": (int, type(None)),
    "outputs": list,
    "session": dict,
}


def inputs_digest(inputs: Sequence[NDArray[Any]]) -> str:
    """sha256, in hex, over data type, shape and bytes (row-major, little endian) of each array."""
    digest = hashlib.sha256()
    for array in inputs:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{array.dtype.name} {list(array.shape)}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def _outputs(records: Sequence[Any], where: str) -> tuple[OutputRecord, ...]:
    outputs = []
    for record in records:
        try:
            name, dtype, shape, step = (record[key] for key in ("name", "dtype", "shape", "step"))
            if not (isinstance(name, str) and isinstance(dtype, str)):
                raise TypeError
            sizes = tuple(int(size) for size in shape)
            outputs.append(OutputRecord(name, dtype, sizes, None if step is None else float(step)))
        except (KeyError, TypeError, ValueError):
            raise _unreadable(where, "name, dtype, shape, step", repr(record)[:60]) from None
    return tuple(outputs)


def _unreadable(where: str, expected: str, found: str) -> UsageError:
    return UsageError(
        "the golden's record cannot be read",
        where=where,
        expected=expected,
        found=found,
        advice="make it anew with `arielml golden create`",
    )
