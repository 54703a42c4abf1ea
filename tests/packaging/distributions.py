"""Wheels, source distributions, and an environment as users have it."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
#: Variables that say how packages and their index are reached.
_NETWORK = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_TIMEOUT = 600


@dataclass(frozen=True)
class Installed:
    """A virtual environment in somebody's project."""

    project: Path

    @property
    def programs(self) -> Path:
        return self.project / ".venv" / "bin"

    def run(self, name: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Runs one of its programs, which finds no others, with `cwd` for its home."""
        return self._run(name, *arguments, cwd=cwd, home=cwd)

    def pip(self, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Runs pip likewise, with what the user's home says of indices, and has from them."""
        return self._run("pip", *arguments, cwd=cwd, home=Path.home())

    def _run(
        self, name: str, *arguments: str | Path, cwd: Path, home: Path
    ) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("PIP_") or name.upper() in _NETWORK
        }
        own = {"PATH": str(self.programs), "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "120"}
        return run(self.programs / name, *arguments, cwd=cwd, env={**kept, **own})


def run(
    *command: str | Path, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program; what it says, errors too, is in `stdout`."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )


def build(kind: str, tree: Path, folder: Path) -> Path:
    """Builds the wheel or the sdist of the project in `tree`, alone in `folder`."""
    done = run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder, cwd=tree)
    assert done.returncode == 0, done.stdout
    (product,) = folder.iterdir()
    return product


def install(wheel: Path, folder: Path) -> Path:
    """Makes a virtual environment with the wheel.

    The project around it has settings for pytest that no run elsewhere may meet.
    """
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (folder / "conftest.py").write_text("raise RuntimeError('of another project')\n")
    made = run(sys.executable, "-m", "venv", folder / ".venv", cwd=folder)
    assert made.returncode == 0, made.stdout
    # Of thousands of modules, a test imports few: they are compiled when they are.
    done = Installed(folder).pip("install", "--quiet", "--no-compile", wheel, cwd=folder)
    assert done.returncode == 0, done.stdout
    return folder


def load_module(path: Path) -> ModuleType:
    """A module by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
    return module


@contextmanager
def made_once(shared: Path, name: str, make: Callable[[Path], Path]) -> Iterator[Path]:
    """What `make` leaves in a folder, for all processes of a run; the last one removes it."""
    folder, made, users = shared / name, shared / f"{name}.path", shared / f"{name}.users"
    lock, user = shared / f"{name}.lock", users / str(os.getpid())
    with _locked(lock):
        if not made.exists():
            folder.mkdir()
            try:
                made.write_text(str(make(folder)))
            except BaseException:
                shutil.rmtree(folder)
                raise
        users.mkdir(exist_ok=True)
        user.touch()
    try:
        yield Path(made.read_text())
    finally:
        with _locked(lock):
            user.unlink()
            if not any(users.iterdir()):
                made.unlink()
                shutil.rmtree(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
