"""Boots boards for tests that speak to them themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from conformance.runtime.device import Device
from pytest_arielml.api import Arielml
from pytest_arielml.compiler import Cache
from pytest_arielml.options import read_options

Boot = Callable[..., Device]


@pytest.fixture
def boot(request: pytest.FixtureRequest, arielml: Arielml) -> Iterator[Boot]:
    """Boots a model on the test's target: `boot(source, arena=bytes)`; see `Device`."""
    options = read_options(request.config)
    # Images of every size of arena are of no use to another run.
    throwaway = Cache.temporary()
    kept = throwaway if options.no_cache else Cache(options.cache)
    with ExitStack() as booted:

        def make(source: Any, *, arena: int | None = None) -> Device:
            cache = kept if arena is None else throwaway
            device = Device(
                source,
                arielml.target,
                arielml.runner,
                cache,
                timeout=options.timeout,
                arena=arena,
            )
            return booted.enter_context(device)

        yield make
