"""One process a board: a lock that the kernel frees when its holder dies."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from pytest_arielml.errors import Unavailable
from pytest_arielml.runners.serial.port import Port

_log = logging.getLogger(__name__)
_PERIOD: Final = 0.1


def lock_folder() -> Path:
    """Where the locks of this user's boards are."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "pytest-arielml"
    user = os.getuid() if sys.platform != "win32" else os.environ.get("USERNAME", "")
    return Path(tempfile.gettempdir()) / f"pytest-arielml-{user}"


class BoardLock:
    """A board that no other process has while this is held."""

    def __init__(self, port: Port, folder: Path | None = None) -> None:
        self.port = port
        name = hashlib.sha256(port.key.encode()).hexdigest()[:32]
        self._path = (folder or lock_folder()) / f"{name}.lock"
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Takes the board if it is free; whether it was."""
        if self._file is not None:
            return True
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        # A holder removes the file before it lets go: then it is the next one's no more.
        if not _lock(file) or not _is_at(file, self._path):
            file.close()
            return False
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}, {Path(sys.argv[0]).name}")
        file.flush()
        self._file = file
        return True

    @property
    def holder(self) -> str:
        """Who has it, as that process wrote it down."""
        try:
            return self._path.read_text(encoding="utf-8").strip() or "a process"
        except OSError:
            return "a process"

    def free(self) -> None:
        """Gives the board up; a second call does nothing."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            file.close()


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def take_one(ports: Sequence[Port], *, timeout: float) -> BoardLock:
    """The first free board of `ports`; waits for one up to `timeout` seconds.

    Raises: Unavailable when all stay taken.
    """
    locks = [BoardLock(port) for port in ports]
    end = time.monotonic() + timeout
    told = False
    while True:
        for lock in locks:
            if lock.take():
                return lock
        holders = "\n".join(f"{lock.port}: {lock.holder}" for lock in locks)
        if time.monotonic() >= end:
            what = ports[0].url if len(ports) == 1 else "every board that would do"
            raise Unavailable(
                f"{what} is in use, and was for {timeout:g} s",
                found=holders,
                advice="wait until that run ends, connect another board, or use fewer "
                "processes (pytest-xdist: -n with at most one worker a board)",
            )
        if not told:
            _log.warning("waiting for a board that is in use: %s", holders)
            told = True
        time.sleep(_PERIOD)


if sys.platform == "win32":
    import msvcrt

    # Beyond what is written, so that others can read who has it.
    _AT = 1 << 20

    def _lock(file: IO[str]) -> bool:
        try:
            file.seek(_AT)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
