"""What a compiler said, made into one error that names the ONNX node."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_arielml.compiler.nodes import find
from pytest_arielml.compiler.process import Finished, ToolBroke, memory_limit
from pytest_arielml.errors import CompileError
from pytest_arielml.frontends import Model

if TYPE_CHECKING:
    import onnx

# Said of every ARM target; the features are passed explicitly.
_NOISE: Final = "Resolution of CPU to CPU-features is not implemented"
_ERROR: Final = re.compile(r"^(?:(?P<place>.*?): )?error: (?P<text>.*)$", re.MULTILINE)
_LINE: Final = re.compile(r"model\.mlir:(\d+):(\d+)$")
_LOCATION: Final = re.compile(r"^loc\((?P<location>.*?)\): (?P<text>.*)$")
# MLIR's way to say that no pattern takes an operation.
_REFUSED: Final = re.compile(r"failed to legalize operation 'torch\.operator'.* : (?P<types>\(.*)$")
_STACK: Final = "exceeded stack allocation limit"
_LONGEST: Final = 300


def failure(
    tool: str, model: Model, finished: Finished, command: Sequence[str | Path], folder: Path
) -> CompileError:
    """The error for a run that failed; everything that was said is kept in `folder`."""
    said = _without_noise(finished.output)
    kept = folder / "diagnostics.txt"
    kept.write_text(
        shlex.join(str(part) for part in command) + f"\nexit status {finished.status}\n\n{said}",
        encoding="utf-8",
    )
    location, text = _first_error(said)
    if finished.out_of_memory:
        location, text = "", "it asked for more"
    broke = finished.crashed or finished.out_of_memory
    if finished.out_of_memory:
        what = f"{tool} ran out of memory: it may take {memory_limit() / (1 << 30):.1f} GiB"
    elif finished.status == -signal.SIGKILL:
        what = f"{tool} crashed (signal 9: killed, as happens where memory runs out)"
    elif finished.crashed:
        what = f"{tool} crashed (signal {-finished.status})"
    else:
        what = f"{tool} cannot compile {model.name}"
    where, operator = model.name, None
    line = _LINE.search(location)
    if line is not None and model.format == "mlir":
        where = f"{model.name}: line {line[1]}, column {line[2]}"
    node = _node(model, location)
    if node is not None:
        operator = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        name = f"node {node.name!r}" if node.name else "the node"
        where = f"{model.name}: {name} ({operator}) that makes {', '.join(node.output)}"
        if not broke:
            what = f"{tool} cannot compile the ONNX operator {operator}"
    return (ToolBroke if broke else CompileError)(
        what,
        where=where,
        found=_plain(text) if text else "no diagnostic",
        advice=_advice(text, operator, model) + f"all that it said: {kept}",
    )


def _without_noise(output: str) -> str:
    return "".join(line for line in output.splitlines(keepends=True) if _NOISE not in line)


def _first_error(said: str) -> tuple[str, str]:
    """Location and text of the first error; the last line when none is marked as one."""
    match = _ERROR.search(said)
    if match is None:
        lines = said.split("\n")
        return "", next((line for line in reversed(lines) if line.strip()), "").strip()
    located = _LOCATION.match(match["text"])
    if located is None:
        return match["place"] or "", match["text"]
    return located["location"], located["text"]


def _node(model: Model, location: str) -> onnx.NodeProto | None:
    if model.format != "onnx":
        return None
    import onnx

    return find(onnx.load_model_from_string(model.normal).graph, location)


def _advice(text: str, operator: str | None, model: Model) -> str:
    if _STACK in text:
        return "a kernel needs more stack than the board's file reserves (`stack`); "
    if not all(spec.is_static for spec in model.signature.main.inputs):
        return "fix the free sizes of the inputs (of ONNX: deploy(..., dims={'name': size})); "
    if operator is not None:
        return f"express {operator} by other operators, or leave it to the host; "
    return ""


def _plain(text: str) -> str:
    refused = _REFUSED.match(text)
    if refused is not None:
        text = f"not implemented for {refused['types']}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + " ..."
