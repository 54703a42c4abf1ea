"""What is distributed: built once a run, and installed once as a user does."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from distributions import ROOT, Installed, build, install, made_once


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "packaging"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def wheel(shared: Path) -> Iterator[Path]:
    """The wheel of this checkout."""
    with made_once(shared, "wheel", partial(build, "wheel", ROOT)) as path:
        yield path


@pytest.fixture(scope="session")
def sdist(shared: Path) -> Iterator[Path]:
    """The source distribution of this checkout."""
    with made_once(shared, "sdist", partial(build, "sdist", ROOT)) as path:
        yield path


@pytest.fixture
def source_tree(sdist: Path, tmp_path: Path) -> Path:
    """The sources, unpacked."""
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / sdist.name.removesuffix(".tar.gz")


@pytest.fixture(scope="session")
def installed(shared: Path, wheel: Path) -> Iterator[Installed]:
    """A virtual environment that had nothing in it before the wheel."""
    with made_once(shared, "project", partial(install, wheel)) as project:
        yield Installed(project)
