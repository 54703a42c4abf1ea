from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_making import Bench

from pytest_arielml.zoo import VARIABLE


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def reference_models() -> Path:
    """MLPerf Tiny's own models, where they are at hand."""
    folders = [Path(each) for each in os.environ.get(VARIABLE, "").split(os.pathsep) if each]
    for folder in folders or [Path(__file__).parents[3] / "shared" / "models"]:
        if (folder / "mlperf-tiny" / "kws_ref_model.tflite").is_file():
            return folder / "mlperf-tiny"
    pytest.skip("the reference models are not at hand")
