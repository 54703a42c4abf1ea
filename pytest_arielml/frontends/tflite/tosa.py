"""The other way: TensorFlow Lite to TOSA by Arm's converter, compiled as MLIR.

It takes more operators, requantizes as LiteRT's own kernels do (two roundings,
where LiteRT as it comes makes one), and costs twice the instructions and more.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

import flatbuffers

from pytest_arielml.errors import ModelError, Unavailable
from pytest_arielml.frontends import mlir
from pytest_arielml.frontends.model import Model
from pytest_arielml.frontends.tflite.read import CUSTOM, Graph, schema

_WORKER: Final = Path(__file__).with_name("tosa_worker.py")
_TIMEOUT: Final = 120.0


def from_graph(path: Path, content: bytes, graph: Graph, reason: str) -> Model:
    """The model of a `.tflite` file by way of TOSA.

    Args:
        path: of the file, for messages.
        content: of the file.
        graph: the same, read.
        reason: why it does not go the usual way.

    Raises: Unavailable without the converter; ModelError when it does not
    take the model either.
    """
    where = str(path)
    own = [each.kind for each in graph.operators if each.kind.startswith(CUSTOM)]
    if own:
        raise _refused(where, reason, f"{own[0]} is an operator of somebody's own")
    module = _converted(_fixed(content, where), where, reason)
    try:
        model = mlir.from_file(path, module, {})
    except ModelError as error:
        raise _refused(where, reason, error.found or error.what) from None
    main = model.signature.main
    if len(main.inputs) != len(graph.inputs) or len(main.outputs) != len(graph.outputs):
        raise _refused(where, reason, "the converter changed what the model takes and gives")
    return model


def _fixed(content: bytes, where: str) -> bytes:
    """The file with the sizes that it was converted with: the converter would leave some free."""
    model = schema(where).ModelT.InitFromPackedBuf(content, 0)
    for tensor in model.subgraphs[0].tensors:
        tensor.shapeSignature = None
    builder = flatbuffers.Builder(len(content) + 1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@lru_cache(maxsize=4)
def _converted(content: bytes, where: str, reason: str) -> bytes:
    """MLIR bytecode, made in a process of its own: a fault of the converter ends it alone."""
    try:
        ended = subprocess.run(
            [sys.executable, "-P", str(_WORKER)],
            input=content,
            capture_output=True,
            timeout=_TIMEOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(where, reason, f"the converter took more than {_TIMEOUT:g} s") from None
    said = [line for line in ended.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    if ended.returncode == 0 and ended.stdout:
        return ended.stdout
    if any("No module named" in line for line in said[-1:]):
        raise Unavailable(
            "what this .tflite file needs is not installed",
            where=where,
            expected=f"tosa-converter-for-tflite, for want of {reason}",
            found=said[-1],
            advice="pip install 'pytest-arielml[tflite]'",
        )
    errors = [line for line in said if "error:" in line]
    last = (errors or said or [f"exit status {ended.returncode}"])[0 if errors else -1]
    raise _refused(where, reason, last)


def _refused(where: str, reason: str, found: str) -> ModelError:
    return ModelError(
        "the model has an operator that is not supported",
        where=where,
        expected="operators that have an ONNX form here, or that the converter to TOSA takes",
        found=f"{reason}; by way of TOSA: {found[:300]}",
        advice="convert the model without it, or export it to ONNX",
    )
