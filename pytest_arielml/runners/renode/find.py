"""Finds Renode, and looks whether it is new enough."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_arielml.errors import Unavailable
from pytest_arielml.runners.programs import is_program, version_text

OLDEST: Final = (1, 15)
"""The oldest release that the platforms are written for."""

_NEWEST: Final = "1.16.1"
_RELEASES: Final = "https://github.com/renode/renode/releases/download"
_BUILDS: Final = {
    ("Linux", "x86_64"): "linux-portable-dotnet.tar.gz",
    ("Linux", "aarch64"): "linux-arm64-portable-dotnet.tar.gz",
    ("Windows", "AMD64"): "windows-portable-dotnet.zip",
}
_ALL_RELEASES: Final = "https://github.com/renode/renode/releases"
# .NET takes its time when the disk is cold.
_TIMEOUT: Final = 60.0
_VERSION: Final = re.compile(r"\bv(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Program:
    """A Renode: its path and its version."""

    path: Path
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"Renode {'.'.join(map(str, self.version))}, {self.path}"


def find_program(given: Path | None, environment: Mapping[str, str] | None = None) -> Program:
    """Renode: where `given` says, else `RENODE_ROOT`, `RENODE`, else on PATH.

    Each is the program or the folder that it is in. Raises: Unavailable with
    how to install it when there is none, or it is too old.
    """
    variables = os.environ if environment is None else environment
    path = _path(given, variables)
    version = _version(path)
    if version < OLDEST:
        raise Unavailable(
            "Renode is too old",
            where=str(path),
            expected=f"Renode {'.'.join(map(str, OLDEST))} or newer",
            found=".".join(map(str, version)),
            advice=how_to_install(),
        )
    return Program(path, version)


def how_to_install() -> str:
    """What to do to have Renode on this machine."""
    build = _BUILDS.get((platform.system(), platform.machine()))
    name = f"renode-{_NEWEST}.{build}"
    where = f"{_RELEASES}/v{_NEWEST}/{name}" if build else _ALL_RELEASES
    unpack = f"tar xf {name}" if name.endswith(".gz") else "unpack it"
    return (
        f"get {where}\n"
        + (f"{unpack}, which makes renode_{_NEWEST}-dotnet_portable;\n" if build else "")
        + "then --arielml-renode FOLDER, or RENODE_ROOT=FOLDER, or have it on PATH.\n"
        "In a container: the image antmicro/renode. "
        "In a GitHub workflow: antmicro/renode-test-action@v4.\n"
        "Or run the board on another runner"
    )


def _path(given: Path | None, variables: Mapping[str, str]) -> Path:
    if given is not None:
        return _there(given, "--arielml-renode")
    for name in ("RENODE_ROOT", "RENODE"):
        if value := variables.get(name):
            return _there(Path(value).expanduser(), name)
    found = shutil.which("renode", path=variables.get("PATH"))
    if found is None:
        raise Unavailable(
            "Renode is not installed",
            expected="--arielml-renode, RENODE_ROOT, RENODE, or the program renode on PATH",
            advice=how_to_install(),
        )
    return Path(found).absolute()


def _there(given: Path, said_by: str) -> Path:
    candidates = [given / "renode", given / "renode.exe"] if given.is_dir() else [given]
    for path in candidates:
        if is_program(path):
            return path.absolute()
    path = candidates[0]
    raise Unavailable(
        f"there is no Renode at {given}",
        where=said_by,
        expected="a program, or a folder with renode",
        found=f"{path} is no program" if path.exists() else f"{path} does not exist",
        advice=how_to_install(),
    )


def _version(path: Path) -> tuple[int, ...]:
    """Its version. Raises: Unavailable when it does not say one."""
    said = version_text(path, timeout=_TIMEOUT)
    match = _VERSION.search(said)
    if match is None:
        raise Unavailable(
            "Renode does not say its version",
            where=f"{path} --version",
            expected="Renode v1.16.1 ...",
            found=said,
            advice="if it misses a library, install that (.NET needs libicu), "
            f"else install it anew:\n{how_to_install()}",
        )
    return tuple(int(part) for part in match.groups(default="0"))
