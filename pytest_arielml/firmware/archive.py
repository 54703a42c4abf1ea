"""The device runtime, compiled when the package was built."""

from __future__ import annotations

from pathlib import Path

import pytest_arielml
from pytest_arielml.errors import Unavailable


def archive_path(architecture: str) -> Path:
    """The runtime archive for a target triple. Raises: Unavailable with how to get it."""
    path = Path(pytest_arielml.__file__).parent / "_native" / architecture / "libarielml.a"
    if not path.is_file():
        raise Unavailable(
            f"there is no device runtime for {architecture}",
            expected=str(path),
            found="no such file",
            advice="in a checkout run `make setup`; otherwise reinstall the wheel: "
            "pip install --force-reinstall pytest-arielml",
        )
    return path
