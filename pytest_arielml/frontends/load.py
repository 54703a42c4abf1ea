"""Picks the frontend that reads a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends import mlir, tflite, torch
from pytest_arielml.frontends.dims import Dims, check_dims
from pytest_arielml.frontends.model import Model

if TYPE_CHECKING:
    import onnx
    import torch as torch_library

SUFFIXES = (".onnx", ".tflite", ".mlir")


def load_model(
    source: str | Path | onnx.ModelProto | torch_library.nn.Module,
    *,
    dims: Dims | None = None,
    example_inputs: Sequence[Any] | None = None,
) -> Model:
    """Reads and checks a model.

    Args:
        source: path of an `.onnx`, `.tflite` or `.mlir` file, an
            `onnx.ModelProto`, or a `torch.nn.Module`.
        dims: sizes for free dimensions of an ONNX model, by name of the
            dimension (`{"N": 4}`) or by input (`{"x": (4, None)}`); None
            leaves a dimension free. A batch (first dimension) that is not
            named here is 1, other dimensions stay free.
        example_inputs: of a `torch.nn.Module`, a tensor or array for each of
            its inputs: their shapes and dtypes are the model's.

    Raises: UsageError for what no frontend reads, and for `dims` that do not
    fit the model; ModelError for a file that is missing or damaged, and for a
    model that asks for what is not supported.
    """
    chosen = check_dims(dims)
    if torch.is_module(source):
        return _from_onnx(torch.to_onnx(source, example_inputs), chosen)
    if example_inputs is not None:
        raise UsageError(
            "example_inputs is for PyTorch modules",
            expected="a torch.nn.Module, or no example_inputs",
            found=type(source).__name__ if not isinstance(source, (str, Path)) else str(source),
            advice="leave example_inputs out: a file says its inputs itself",
        )
    if not isinstance(source, (str, Path)):
        return _from_onnx(source, chosen)
    path = Path(source)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            "no frontend reads this file",
            where=str(path),
            expected="a file that ends in " + " or ".join(SUFFIXES),
            found=path.suffix or "no suffix",
            advice="export the model to ONNX, TensorFlow Lite or MLIR",
        )
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(
            "there is no such model file",
            where=str(path),
            found=_neighbours(path),
            advice="check the path; a relative one counts from " + str(Path.cwd()),
        ) from None
    except OSError as error:
        raise ModelError(
            "the model file cannot be read",
            where=str(path),
            found=error.strerror or str(error),
            advice="check the path, and who may read the file",
        ) from None
    if path.suffix.lower() == ".mlir":
        return mlir.from_file(path, content, chosen)
    if path.suffix.lower() == ".tflite":
        return tflite.from_file(path, content, chosen)
    return _from_onnx((path, content), chosen)


def _from_onnx(source: onnx.ModelProto | tuple[Path, bytes], dims: Dims) -> Model:
    # Importing onnx takes a quarter of a second: only where a model is read.
    from pytest_arielml.frontends import onnx as frontend

    if isinstance(source, tuple):
        path, content = source
        return frontend.from_file(path, content, dims)
    return frontend.from_proto(source, dims)


def _neighbours(path: Path) -> str:
    """What is in the folder in its stead."""
    folder = path.parent
    if not folder.is_dir():
        return f"no folder {folder} either"
    names = sorted(other.name for other in folder.iterdir() if other.suffix in SUFFIXES)
    if not names:
        return f"no model in {folder}"
    return "in that folder: " + ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
