"""What a run was made with."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Final

# What figures follow from, besides the tests: the package itself, the compiler,
# the reference, and what the runner emu runs on.
_PACKAGES: Final = ("pytest-arielml", "iree-base-compiler", "onnxruntime", "onnx", "unicorn")


def versions() -> dict[str, str]:
    """The version of every package that figures follow from, by name, as far as installed."""
    found = {}
    for name in _PACKAGES:
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
