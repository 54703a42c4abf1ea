from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from runtimes import Ours

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def program() -> Path:
    """Our runtime, built for this machine, behind a text protocol."""
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("no cargo, which builds the runtime for this machine")
    workspace = ROOT / "firmware" / "fuzz"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or workspace / "target").absolute()
    subprocess.run(
        [cargo, "build", "--quiet", "--locked", "--example=invoke", f"--target-dir={target}"],
        cwd=workspace,
        check=True,
    )
    return target / "debug" / "examples" / "invoke"


@pytest.fixture
def ours(program: Path) -> Iterator[Ours]:
    with Ours(program) as runtime:
        yield runtime
