"""IREE's programs, as the wheel of iree-base-compiler carries them."""

from __future__ import annotations

import importlib.util
import os
from importlib import metadata
from pathlib import Path
from typing import Final

from pytest_arielml.errors import Unavailable

_PACKAGE: Final = "iree-base-compiler"
_TOOLS: Final = ("iree-compile", "iree-lld")


def tool_path(name: str) -> Path:
    """Where the program `name` of IREE's compiler is.

    The wheel's own binary: the scripts on PATH start a Python first.

    Raises: Unavailable with how to get it.
    """
    spec = importlib.util.find_spec("iree.compiler") if _has_iree() else None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "_mlir_libs" / name
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise Unavailable(
        f"{name} is not installed",
        expected=f"the program {name} in the Python package {_PACKAGE}",
        found="the package without it" if spec else "no such package",
        advice=f"pip install --force-reinstall {_requirement()}",
    )


def tool_paths() -> dict[str, Path]:
    """Every program that a run needs, by name. Raises: Unavailable."""
    return {name: tool_path(name) for name in _TOOLS}


def tool_version() -> str:
    """Version of the installed compiler. Raises: Unavailable."""
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        raise Unavailable(
            f"{_PACKAGE} is not installed",
            expected=f"the Python package {_PACKAGE}",
            found="no such package",
            advice=f"pip install {_requirement()}",
        ) from None


def _has_iree() -> bool:
    return importlib.util.find_spec("iree") is not None


def _requirement() -> str:
    """The requirement that this package pins, as pip takes it."""
    try:
        requirements = metadata.requires("pytest-arielml") or []
    except metadata.PackageNotFoundError:  # run from a checkout
        requirements = []
    pinned = (line for line in requirements if line.startswith(_PACKAGE))
    return "'" + next(pinned, f"{_PACKAGE}[onnx]").partition(";")[0].strip() + "'"
