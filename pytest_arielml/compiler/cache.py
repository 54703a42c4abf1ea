"""Compiled models and images, kept by what they were made from."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import platformdirs

from pytest_arielml.errors import UsageError
from pytest_arielml.lifetime import Scratch

_MANIFEST: Final = "manifest.json"
_log = logging.getLogger(__name__)

Notify = Callable[[str], None]


def digest_of(parts: Any) -> str:
    """sha256 in hex of a value that JSON can hold, the same in every process."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """Folders by key; each is built once, whole or not at all.

    Any number of threads and processes may share one: of those that ask for
    the same key at once, one builds and the others wait for what it made.
    The lock is the kernel's and goes with the process that holds it, so a
    crash leaves nothing to clean up by hand.
    """

    def __init__(self, root: Path | str | None = None, *, notify: Notify | None = None) -> None:
        """Opens a cache; its folder is made when it is first written to.

        Args:
            root: its folder (default: the environment variable
                ARIELML_CACHE, else the user's cache folder).
            notify: told of what went wrong and was mended, such as an entry
                that was damaged and is built again
                (default: a warning in the log).
        """
        chosen = root or os.environ.get("ARIELML_CACHE")
        self.root = Path(
            chosen or platformdirs.user_cache_dir("pytest-arielml", appauthor=False)
        ).absolute()
        self.notify = notify or _log.warning
        self._is_temporary = False

    @classmethod
    def temporary(cls, *, notify: Notify | None = None) -> Cache:
        """An empty cache that is removed when it is no longer referred to, or this process ends."""
        folder = Scratch("arielml-")
        cache = cls(folder.path, notify=notify)
        weakref.finalize(cache, folder.close)
        cache._is_temporary = True
        return cache

    def entry(self, kind: str, key: str, build: Callable[[Path], None]) -> Path:
        """The folder for `key`, built by `build` when there is none that is whole.

        Args:
            kind: what it is, for people who look into the cache.
            key: hex digest of everything that the content follows from.
            build: fills the empty folder that it is given; what it raises
                is passed on and nothing is kept.

        Every file is held against its sha256 before the folder is given out.
        Raises: UsageError when the cache cannot be written.
        """
        folder = self.root / f"{kind}-{key}"
        if _is_whole(folder):
            return folder
        with self._writing():
            (self.root / ".building").mkdir(parents=True, exist_ok=True)
            (self.root / ".locks").mkdir(exist_ok=True)
            with _locked(self.root / ".locks" / folder.name):
                # Another process may have built it while this one waited.
                if not _is_whole(folder):
                    self._build(folder, build)
        return folder

    def keep_failed(self, key: str, folder: Path) -> Path:
        """Copies what a build that fails has made so far; the folder it is in.

        It is there for the user to look into, and so outlives the run even
        where the cache is a temporary one.
        """
        if self._is_temporary:
            kept = Path(tempfile.mkdtemp(prefix="arielml-failed-"))
        else:
            kept = self.root / ".failed" / key[:16]
        shutil.copytree(folder, kept, dirs_exist_ok=True)
        return kept

    def _build(self, folder: Path, build: Callable[[Path], None]) -> None:
        working = self.root / ".building" / folder.name
        # Whoever left it is gone: the lock is ours.
        shutil.rmtree(working, ignore_errors=True)
        if folder.exists():
            self.notify(f"{folder} was damaged and is built again")
            folder.rename(working)
            shutil.rmtree(working)
        working.mkdir()
        try:
            build(working)
            _write_manifest(working)
            working.rename(folder)
        except BaseException:
            shutil.rmtree(working, ignore_errors=True)
            raise

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(
                "the cache cannot be written",
                where=str(self.root),
                expected="a folder that this user can write to, on a disk with room",
                found=f"{error.strerror or error}: {error.filename or self.root}",
                advice="name another one: --arielml-cache DIR or the variable ARIELML_CACHE",
            ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_whole(folder: Path) -> bool:
    """Whether every file of the manifest is there, with the bytes that were written."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return all(_digest(folder / name) == digest for name, digest in manifest.items())
    except (OSError, ValueError, AttributeError):
        return False


def _write_manifest(folder: Path) -> None:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    manifest = {path.name: _digest(path) for path in files}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
