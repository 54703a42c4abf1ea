"""What the tests of several stages share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
