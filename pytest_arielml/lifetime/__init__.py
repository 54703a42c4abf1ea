"""What must not outlive this process, whatever ends it: programs and folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from pytest_arielml.lifetime import leash
from pytest_arielml.lifetime.scratch import Scratch

__all__ = ["Leashed", "Scratch"]


class Leashed:
    """A program that is killed when this process ends, and what is in its process group.

    It leads a session, and so a group, of its own.

    Attributes:
        process: its first process.
    """

    def __init__(
        self, command: Sequence[str], *, inherit: Sequence[int] = (), **options: Any
    ) -> None:
        """Starts `command`.

        Args:
            command: its words, of which the first is a path or a name on PATH.
            inherit: files that it keeps open.
            options: others of `subprocess.Popen`.

        Raises: OSError when no process can be started.
        """
        end, self._hold = os.pipe()
        try:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-I", "-S", leash.__file__, str(end), *command],
                pass_fds=(end, *inherit),
                start_new_session=True,
                **options,
            )
        except BaseException:
            # If it had started all the same, this ends it.
            os.close(self._hold)
            raise
        finally:
            os.close(end)

    def release(self) -> None:
        """Ends the hold, and with it what is left of the group; a second call does nothing."""
        if self._hold >= 0:
            os.close(self._hold)
            self._hold = -1
