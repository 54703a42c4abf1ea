"""Finds QEMU's programs, and looks whether they are new enough."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_arielml.errors import Unavailable
from pytest_arielml.runners.programs import is_program, version_text

OLDEST: Final = (7, 2)
"""The oldest release that is tested."""

_PREFIX: Final = "qemu-system-"
_TIMEOUT: Final = 20.0
_VERSION: Final = re.compile(r"version (\d+)\.(\d+)(?:\.(\d+))?")
_ADVICE: Final = (
    "Debian or Ubuntu: sudo apt-get install qemu-system-arm qemu-system-misc; "
    "macOS: brew install qemu; Windows: use WSL. "
    "If it is elsewhere: --arielml-qemu FOLDER"
)


@dataclass(frozen=True)
class Program:
    """A QEMU: its path and its version."""

    path: Path
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.path.name} {'.'.join(map(str, self.version))}, {self.path}"


def find_program(system: str, given: Path | None) -> Program:
    """The QEMU for `system`, such as `arm`.

    Args:
        system: the end of the program's name.
        given: the program, or the folder that it is in; PATH when None.

    A program given for one system serves as the place of the others.
    Raises: Unavailable when there is none, or it is too old.
    """
    name = _PREFIX + system
    path = _on_path(name) if given is None else _there(name, given)
    version = _version(path)
    if version < OLDEST:
        raise Unavailable(
            f"{path.name} is too old",
            where=str(path),
            expected=f"QEMU {'.'.join(map(str, OLDEST))} or newer",
            found=".".join(map(str, version)),
            advice=_ADVICE,
        )
    return Program(path, version)


def _on_path(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise Unavailable(
            f"{name} is not installed", expected="the program on PATH", advice=_ADVICE
        )
    return Path(found)


def _there(name: str, given: Path) -> Path:
    path = given / name if given.is_dir() else given
    if path.name.startswith(_PREFIX):
        path = path.with_name(name)
    if not is_program(path):
        raise Unavailable(
            f"there is no {name} at {given}",
            expected=f"a program, or a folder with {name}",
            found=f"{path} is no program" if path.exists() else f"{path} does not exist",
            advice=_ADVICE,
        )
    return path.absolute()


def _version(path: Path) -> tuple[int, ...]:
    """Its version. Raises: Unavailable when it does not say one."""
    said = version_text(path, timeout=_TIMEOUT)
    match = _VERSION.search(said)
    if match is None:
        raise Unavailable(
            f"{path.name} does not say its version",
            where=f"{path} --version",
            expected="QEMU emulator version ...",
            found=said,
            advice=_ADVICE,
        )
    return tuple(int(part) for part in match.groups(default="0"))
