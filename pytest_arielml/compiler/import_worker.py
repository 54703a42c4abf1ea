"""A process that imports models: ``python -m pytest_arielml.compiler.import_worker``.

Most of an import is the start of Python and of MLIR's bindings. This process
starts them once and forks for each model: what goes wrong with one ends its
own child, and leaves nothing behind for the next.

A request is a line of JSON on standard input: the folder, the names of
source, target and log in it, and the style of kernels. The answer, on standard
output, is the status that the child ended with (negative: the signal), in a line.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path
from typing import Final

# Here for the children: they find it loaded.
from pytest_arielml.compiler.importer import import_model

# Seconds without a request after which it ends: a run that is done compiling
# may go on for hours.
_IDLE: Final = 120.0


def main() -> int:
    """Serves until standard input ends, or nothing was asked for a while."""
    # What a library prints must not get among the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    pending = b""
    while True:
        while b"\n" not in pending:
            if not select.select([0], [], [], _IDLE)[0]:
                return 0
            part = os.read(0, 65536)
            if not part:
                return 0
            pending += part
        line, _, pending = pending.partition(b"\n")
        os.write(answers, b"%d\n" % _serve(json.loads(line), answers))


def _serve(request: dict[str, str], answers: int) -> int:
    """Imports in a child; the status that it ended with."""
    # Open in the child alone, and so at its end when the child ends.
    ended, alive = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(answers)
        os._exit(_import(request))
    os.close(alive)
    ready, _, _ = select.select([ended, 0], [], [])
    if ended not in ready:
        # Nobody asks while it works: whoever did is gone.
        os.kill(child, signal.SIGKILL)
    os.close(ended)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _import(request: dict[str, str]) -> int:
    try:
        os.chdir(request["folder"])
        log = os.open(request["log"], os.O_WRONLY | os.O_TRUNC)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        return import_model(Path(request["source"]), Path(request["target"]), request["style"])
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
