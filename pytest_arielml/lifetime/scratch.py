"""A temporary folder that does not outlive this process, SIGKILL included."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pytest_arielml.lifetime import janitor


class Scratch:
    """The folder, and a process that removes it when this one ends."""

    def __init__(self, prefix: str) -> None:
        """Makes it; `prefix` is what its name begins with."""
        end, self._pipe = os.pipe()
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        try:
            self._janitor = subprocess.Popen(
                [sys.executable, "-I", "-S", janitor.__file__, str(end), str(self.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(end,),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._pipe)
            shutil.rmtree(self.path, ignore_errors=True)
            raise
        finally:
            os.close(end)

    def close(self) -> None:
        """Removes it; a second call does nothing."""
        if self._pipe < 0:
            return
        os.close(self._pipe)
        self._pipe = -1
        self._janitor.wait()
