from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from pytest_arielml.session import Workbench


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    """The emulated nRF52840."""
    with Workbench("emu-nrf52840") as workbench:
        yield workbench
