"""Boards come and go, and leave nothing on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from conformance.runtime.device import MODELS
from conformance.runtime.remains import KNOWABLE, Remains, resident_bytes
from pytest_arielml.api import Arielml

#: How many boots, by runner. On hardware each writes the flash.
BOOTS: Final = {"emu": 1000, "qemu": 200, "renode": 50}
FEW: Final = 5
WARM: Final = 10
# What an allocator may take for itself. Memory of one board that is kept is more.
GROWTH: Final = 4 << 20


@pytest.mark.skipif(not KNOWABLE, reason="counts what /proc shows, which Linux alone has")
def test_boots_and_calls_leave_nothing(
    arielml: Arielml, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process, no file, no socket, no thread, no temporary file, and no memory."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    deployment = arielml.deploy(MODELS / "state.mlir")
    image = np.arange(8, dtype=np.int32)

    def once() -> None:
        deployment.close()
        for times in (1, 2):
            np.testing.assert_array_equal(deployment.run(image).output, times * image)

    for _ in range(WARM):
        once()
    deployment.close()
    before, memory = Remains.now(tmp_path), resident_bytes()
    for _ in range(BOOTS.get(arielml.target.runner, FEW)):
        once()
    deployment.close()
    assert Remains.now(tmp_path) == before
    assert resident_bytes() - memory < GROWTH
