"""The models of the zoo that are at hand; tests of the others are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_arielml.errors import Unavailable
from pytest_arielml.zoo import ZooModel, find, models

BESIDE = Path(__file__).parents[3] / "shared" / "models"


@pytest.fixture(params=models(), ids=lambda each: each.name)
def entry(request: pytest.FixtureRequest) -> ZooModel:
    found: ZooModel = request.param
    return found


@pytest.fixture
def path(entry: ZooModel) -> Path:
    folders = None if os.environ.get("ARIELML_MODELS") else [BESIDE]
    try:
        return find(entry.name, folders=folders, download=False)
    except Unavailable as error:
        pytest.skip(str(error))
