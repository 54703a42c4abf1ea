"""Goldens on disk: ``name.npz`` with the outputs, ``name.json`` with their provenance."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.files import replace_file
from pytest_arielml.golden.compare import Comparison, compare_outputs
from pytest_arielml.golden.litert import LiteRT
from pytest_arielml.golden.policy import OutputPolicy, output_policies
from pytest_arielml.golden.provenance import OutputRecord, Provenance, inputs_digest
from pytest_arielml.golden.reference import Reference, model_bytes, reference

Array = NDArray[Any]


@dataclass(frozen=True)
class Golden:
    """The reference's outputs for a set of samples, and where they come from.

    Attributes:
        provenance: of this golden.
        outputs: one array an output, each [samples, *shape].
    """

    provenance: Provenance
    outputs: tuple[Array, ...]

    @property
    def policies(self) -> tuple[OutputPolicy, ...]:
        """Name and step of each output, for `assert_outputs_match`."""
        return tuple(OutputPolicy(each.name, each.step) for each in self.provenance.outputs)

    def sample(self, index: int) -> tuple[Array, ...]:
        """The outputs of one call."""
        return tuple(output[index] for output in self.outputs)


def create(
    model: Path, inputs: Sequence[Array], *, description: str, seed: int | None = None
) -> Golden:
    """Run `model` in onnxruntime, or in LiteRT, on every sample.

    Args:
        model: an .onnx or .tflite file.
        inputs: one array an input, each [samples, *shape].
        description: where the inputs come from, for the record.
        seed: of random inputs.

    Raises:
        ModelError: the model cannot be read, or its runtime does not take it.
        InputError: the inputs are not what the model declares.
        UsageError: the model is an MLIR module.
        Unavailable: LiteRT is needed and not installed.
    """
    content = model_bytes(model)
    session = reference(content)
    outputs = session.run_samples(*inputs)
    records = tuple(
        OutputRecord(policy.name, output.dtype.name, output.shape[1:], policy.step)
        for policy, output in zip(output_policies(content), outputs, strict=True)
    )
    return Golden(
        Provenance(
            model=model.name,
            model_sha256=session.digest,
            inputs=description,
            inputs_sha256=inputs_digest(inputs),
            samples=len(outputs[0]),
            outputs=records,
            onnxruntime=session.version if isinstance(session, Reference) else None,
            litert=session.version if isinstance(session, LiteRT) else None,
            session=dict(session.session),
            seed=seed,
        ),
        outputs,
    )


def write(path: Path, golden: Golden) -> Golden:
    """Write `golden` as `path` (.npz) and its record beside it (.json).

    The bytes depend on nothing but the golden. Each file is replaced whole,
    the record last: an interrupted write leaves a pair that `read` refuses,
    never one that it believes.

    Returns:
        The golden with the checksum of its data in its record.
    """
    path = path.with_suffix(".npz")
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        f"output_{place}": output for place, output in enumerate(golden.outputs)
    }
    np.savez_compressed(buffer, **arrays)
    data = buffer.getvalue()
    kept = replace(
        golden,
        provenance=replace(golden.provenance, data_sha256=hashlib.sha256(data).hexdigest()),
    )
    replace_file(path, data)
    replace_file(path.with_suffix(".json"), kept.provenance.to_json().encode())
    return kept


def read(
    path: Path,
    *,
    model_sha256: str | None = None,
    inputs: Sequence[Array] | None = None,
) -> Golden:
    """Read a golden and verify it.

    Args:
        path: the .npz (or the path without its suffix).
        model_sha256: the model that it must be of; None to take any.
        inputs: the stacked inputs that it must be for; None to take any.

    Raises:
        Unavailable: one of the two files is not there.
        UsageError: a file is damaged, or the golden is of another model or other inputs.
    """
    data_path, record_path = path.with_suffix(".npz"), path.with_suffix(".json")
    for each in (data_path, record_path):
        if not each.is_file():
            raise Unavailable(
                "there is no such golden",
                where=str(each),
                advice="make it with `arielml golden create`",
            )
    provenance = Provenance.from_json(
        record_path.read_text(encoding="utf-8"), where=str(record_path)
    )
    data = data_path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != provenance.data_sha256:
        raise _refused(
            "the golden's data is not what its record says",
            data_path,
            f"sha256 {provenance.data_sha256}",
            f"sha256 {found}",
        )
    if model_sha256 is not None and model_sha256 != provenance.model_sha256:
        raise _refused(
            f"the golden is of another {provenance.model}",
            record_path,
            f"a golden of the model with sha256 {model_sha256}",
            f"one of sha256 {provenance.model_sha256}",
        )
    if inputs is not None and inputs_digest(inputs) != provenance.inputs_sha256:
        raise _refused(
            f"the golden of {provenance.model} is for other inputs",
            record_path,
            f"inputs of digest {inputs_digest(inputs)}",
            f"{provenance.inputs_sha256} ({provenance.inputs})",
        )
    return Golden(provenance, _outputs(data, provenance, data_path))


def check(golden: Golden, model: Path, inputs: Sequence[Array]) -> tuple[Comparison, ...]:
    """Compute the golden's outputs anew and compare: what an upgrade of its runtime changed.

    Raises:
        UsageError: the golden is of another model or other inputs.
        ModelError, InputError: see `create`.
    """
    anew = create(model, inputs, description=golden.provenance.inputs)
    for what, kept, now in (
        ("model", golden.provenance.model_sha256, anew.provenance.model_sha256),
        ("input set", golden.provenance.inputs_sha256, anew.provenance.inputs_sha256),
    ):
        if kept != now:
            raise UsageError(
                f"the golden is of another {what}",
                expected=kept,
                found=now,
                advice="check it with what it was made of, or make it anew: arielml golden create",
            )
    return compare_outputs(anew.outputs, golden.outputs, policies=golden.policies)


def _outputs(data: bytes, provenance: Provenance, path: Path) -> tuple[Array, ...]:
    outputs = []
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            outputs = [arrays[f"output_{place}"] for place in range(len(provenance.outputs))]
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _refused(
            "the golden's data cannot be read", path, "an .npz with its outputs", str(error)
        ) from None
    for output, record in zip(outputs, provenance.outputs, strict=True):
        shape = (provenance.samples, *record.shape)
        if output.shape != shape or output.dtype.name != record.dtype:
            raise _refused(
                f"output {record.name!r} of the golden is not what its record says",
                path,
                f"{record.dtype} {list(shape)}",
                f"{output.dtype} {list(output.shape)}",
            )
    return tuple(outputs)


def _refused(what: str, path: Path, expected: str, found: str) -> UsageError:
    return UsageError(
        what,
        where=str(path),
        expected=expected,
        found=found,
        advice="make it anew with `arielml golden create`",
    )
