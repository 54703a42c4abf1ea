from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_arielml.session import Workbench


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    """The emulated nRF52840; what a module's tests deploy is kept until its end."""
    with Workbench("emu-nrf52840") as workbench:
        yield workbench
