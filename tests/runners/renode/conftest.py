from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import StandIn, alive, left_in


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, which a test leaves empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def standin(tmp_path: Path, temporary: Path) -> Iterator[StandIn]:
    """A stand-in; after the test nothing of it is left."""
    folder = tmp_path / "renode_1.16.1-dotnet_portable"
    folder.mkdir()
    standin = StandIn(folder)
    yield standin
    assert [pid for pid in standin.started() if alive(pid)] == []
    assert left_in(temporary) == []
