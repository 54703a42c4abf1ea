"""Picks the frontend that reads a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_arielml.errors import ModelError, UsageError
from pytest_arielml.frontends.model import Model

if TYPE_CHECKING:
    import onnx

SUFFIXES = (".onnx",)


def load_model(source: str | Path | onnx.ModelProto) -> Model:
    """Reads and checks a model.

    Args:
        source: path of an `.onnx` file, or an `onnx.ModelProto`.

    Raises: UsageError for what no frontend reads; ModelError for a file that
    is missing or damaged, and for a model that asks for what is not
    supported.
    """
    # Importing onnx takes a quarter of a second: only where a model is read.
    from pytest_arielml.frontends import onnx as frontend

    if not isinstance(source, (str, Path)):
        return frontend.from_proto(source)
    path = Path(source)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            "no frontend reads this file",
            where=str(path),
            expected="a file that ends in " + " or ".join(SUFFIXES),
            found=path.suffix or "no suffix",
            advice="export the model to ONNX",
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
        ) from None
    return frontend.from_file(path, content)


def _neighbours(path: Path) -> str:
    """What is in the folder in its stead."""
    folder = path.parent
    if not folder.is_dir():
        return f"no folder {folder} either"
    names = sorted(other.name for other in folder.iterdir() if other.suffix in SUFFIXES)
    if not names:
        return f"no model in {folder}"
    return "in that folder: " + ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
