"""What a boot could leave behind on this machine: processes, open files, memory."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KNOWABLE: Final = sys.platform == "linux"

_PATIENCE: Final = 20.0


@dataclass(frozen=True)
class Remains:
    """What this process has now.

    Attributes:
        processes: what it started, and what those started, zombies included.
        files: open files by what they are: a path, or `socket`, `pipe`.
        threads: how many.
        temporary: names in the folder for temporary files.
    """

    processes: frozenset[int]
    files: Counter[str]
    threads: int
    temporary: frozenset[str]

    @classmethod
    def now(cls, temporary: Path) -> Remains:
        """As it is; `temporary` is where temporary files would be."""
        gc.collect()
        return cls(
            descendants(os.getpid()),
            _open_files(),
            len(list(Path("/proc/self/task").iterdir())),
            frozenset(str(path.relative_to(temporary)) for path in temporary.rglob("*")),
        )


def resident_bytes() -> int:
    """Memory of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def descendants(pid: int) -> frozenset[int]:
    """Every process that `pid` started and has not waited for, and theirs."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            fields = _status(int(folder.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    found: list[int] = []
    left = [pid]
    while left:
        started = children.get(left.pop(), [])
        found += started
        left += started
    return frozenset(found)


def running(pid: int) -> bool:
    """Whether `pid` runs; one that has ended and waits to be noticed does not."""
    fields = _status(pid)
    return bool(fields) and fields[0] not in "ZX"


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether `condition` holds within a time that only a hang exceeds."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(0.01)
    return True


def _status(pid: int) -> list[str]:
    """State, parent and so on (proc(5)); nothing for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _open_files() -> Counter[str]:
    files: Counter[str] = Counter()
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        files[target.partition(":[")[0]] += 1
    return files
