"""Sets the stage: a stand-in for Renode in a folder, and what is to go wrong with it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


class StandIn:
    """A folder with a program `renode`, what is to go wrong with it, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "renode"
        self._plan = folder / "plan.json"
        self._journal = folder / "journal"
        self.write("exec ")
        self.plan()

    def write(self, how: str) -> None:
        """`how` it starts the real one: `exec `, or as a child."""
        paths = os.pathsep.join((str(HERE), str(ROOT)))
        command = shlex.join([sys.executable, str(HERE / "standin.py"), str(self._plan)])
        self.program.write_text(f'#!/bin/sh\nexport PYTHONPATH={paths}\n{how}{command} "$@"\n')
        self.program.chmod(0o755)

    def plan(self, **faults: Any) -> None:
        self._plan.write_text(json.dumps({"journal": str(self._journal), **faults}))

    def told(self) -> list[list[Any]]:
        """What it was told so far, in order."""
        if not self._journal.exists():
            return []
        return [json.loads(line) for line in self._journal.read_text().splitlines()]

    def started(self) -> list[int]:
        """The process ids of all that were started."""
        return [words[1] for words in self.told() if words[0] == "start"]

    def keywords(self) -> list[str]:
        return [words[0] for words in self.told() if words[0] not in ("start", "monitor")]

    def commands(self) -> list[str]:
        return [words[1] for words in self.told() if words[0] == "monitor"]


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def left_in(folder: Path) -> list[Path]:
    """What of ours or of Renode's is in a folder of temporary files."""
    return [path for path in folder.iterdir() if path.name.startswith(("arielml", "renode"))]
