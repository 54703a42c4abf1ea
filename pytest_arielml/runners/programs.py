"""Programs that runners start: whether there is one, and what it says that it is."""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Final

_KEPT: Final = 500


def is_program(path: Path) -> bool:
    """Whether `path` is a file that can be started."""
    return path.is_file() and os.access(path, os.X_OK)


def version_text(path: Path, *, timeout: float) -> str:
    """What `path --version` says, or why it says nothing; asked once, unless the file changes.

    Args:
        path: the program.
        timeout: seconds that it may take.
    """
    return _version_text(path, path.stat().st_mtime_ns, timeout)


@lru_cache(maxsize=16)
def _version_text(path: Path, changed: int, timeout: float) -> str:  # noqa: ARG001
    try:
        said = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        ).stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        said = f"nothing within {timeout:g} s"
    except OSError as error:
        said = error.strerror or str(error)
    return said.strip()[:_KEPT] or "nothing"
