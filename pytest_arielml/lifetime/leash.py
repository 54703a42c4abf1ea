"""Becomes another program, one that ends when the process that started it does.

Run as a script: `python -I -S leash.py FD PROGRAM ARGUMENT...`. FD is the
reading end of a pipe whose other end the starter holds and never writes to:
however the starter ends, SIGKILL included, the kernel closes that end, and
PROGRAM is killed, and what it started in its process group. It is armed before
PROGRAM runs, so there is no moment when it would outlive its starter.

On Linux the pipe itself sends SIGKILL. A signal on the parent's death
(PR_SET_PDEATHSIG) would not do: it comes when the thread ends that started
the program. Elsewhere a second process waits for the end of the pipe.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import sys

_MOST_FILES = 4096


def main(arguments: list[str]) -> None:
    """Arms the pipe and becomes the program. Exits with 127 when there is none."""
    pipe, command = int(arguments[0]), arguments[1:]
    # A crash must not leave a core dump in the folder of the tests.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not _signal_at_end(pipe):
        _watch(pipe)
    # What closed before the pipe was armed is seen here.
    if select.select([pipe], [], [], 0)[0]:
        sys.exit(0)
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(127)


def _signal_at_end(pipe: int) -> bool:
    """Lets the pipe kill this process group when its other end closes; whether it can."""
    set_signal: int | None = getattr(fcntl, "F_SETSIG", None)
    if set_signal is None:
        return False
    try:
        # Negative: a group. A program may be a script that starts the real one.
        fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(pipe, set_signal, signal.SIGKILL)
        flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
        fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_ASYNC)
    except OSError:
        return False
    return True


def _watch(pipe: int) -> None:
    """Leaves a child behind that kills this process group when the pipe ends."""
    watched, group = os.getpid(), os.getpgrp()
    if os.fork() != 0:
        return
    try:
        os.setsid()
        # The program's own connections end with the program, not with this.
        os.closerange(0, pipe)
        os.closerange(pipe + 1, _MOST_FILES)
        os.read(pipe, 1)
        # Once the program has ended this child is another's, and its number may be, too.
        if os.getppid() == watched:
            os.killpg(group, signal.SIGKILL)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
