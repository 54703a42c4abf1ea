"""What a run was made with."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Final

# What figures follow from, besides the tests: this package, the compiler, the references.
_MEASURING: Final = ("pytest-arielml", "iree-base-compiler", "onnxruntime", "ai-edge-litert")
_OTHERS: Final = (
    "iree-base-runtime",
    "tosa-converter-for-tflite",
    "onnx",
    "numpy",
    "unicorn",
    "pytest",
)
# Where CI servers say which commit they test: GitHub, GitLab.
_COMMITS: Final = ("GITHUB_SHA", "CI_COMMIT_SHA")
_TIMEOUT: Final = 10.0


def figure_versions() -> dict[str, str]:
    """The versions that a figure may change with, by name, as far as installed."""
    return _installed(_MEASURING)


def versions() -> dict[str, str]:
    """Those, and of what else takes part."""
    return _installed((*_MEASURING, *_OTHERS))


def _installed(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def host() -> dict[str, str]:
    """This machine, as far as a report needs it."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def commit(folder: Path) -> str | None:
    """The commit that `folder` is at, with ``+`` where files differ from it; None without git."""
    for name in _COMMITS:
        if os.environ.get(name):
            return os.environ[name]
    head = _git(folder, "rev-parse", "HEAD")
    if not head:
        return None
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        finished = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return finished.stdout.decode(errors="replace").strip() if finished.returncode == 0 else None
