"""Removes a folder when the process that made it ends, however that ends.

Run as a script: `python -I -S janitor.py FD FOLDER`. FD is the reading end of a
pipe whose other end the maker holds and never writes to.
"""

from __future__ import annotations

import os
import shutil
import sys
import time

# What works in the folder is being killed at the same time.
_PATIENCE = 10.0
_PAUSE = 0.1


def main(arguments: list[str]) -> None:
    """Waits for the end of the pipe, then removes the folder."""
    pipe, folder = int(arguments[0]), arguments[1]
    os.chdir("/")
    os.read(pipe, 1)
    end = time.monotonic() + _PATIENCE
    while os.path.lexists(folder) and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.lexists(folder):
            time.sleep(_PAUSE)


if __name__ == "__main__":
    main(sys.argv[1:])
