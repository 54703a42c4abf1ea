"""What the tests of several stages share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_arielml.errors import Unavailable
from pytest_arielml.runners.qemu.program import find_program

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
LENET5 = ROOT / "examples" / "lenet5"
MODELS = ROOT / "tests" / "models"


@pytest.fixture(scope="session", autouse=True)
def _shared_cache() -> Iterator[None]:
    """Compiled models survive from run to run; the cache's own tests use others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARIELML_CACHE", str(ROOT / ".arielml" / "test-cache"))
        yield


@pytest.fixture(scope="session")
def lenet5_model() -> Path:
    return LENET5 / "lenet5-int8.onnx"


@pytest.fixture(scope="session")
def models() -> Path:
    """MLIR modules that the tests of several stages use."""
    return MODELS


@pytest.fixture(scope="session")
def qemu() -> None:
    """Tests that need a QEMU for Arm: skipped where there is none, but not in CI."""
    try:
        find_program("arm", None)
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{error.what}: {error.advice}")
