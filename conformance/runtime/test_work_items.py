"""Workgroups: how many, where each one is, what memory it has, and what its failure does."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.runtime.conftest import Boot
from conformance.runtime.device import MODELS
from pytest_arielml.api import Arielml
from pytest_arielml.errors import Refused


def test_every_workgroup_of_a_large_grid_runs_once_in_its_place(
    arielml: Arielml, boot: Boot
) -> None:
    """400 workgroups in three dimensions; a runtime with room for 64 overruns it."""
    source = MODELS / "many_items.mlir"
    image = np.random.default_rng(1).integers(-1000, 1000, 400, dtype=np.int32)
    device = boot(source)
    device.client.load()
    for _ in range(2):
        before = device.dispatched()
        (output,) = device.call(image)
        np.testing.assert_array_equal(output, image + np.arange(400, dtype=np.int32))
        after = device.dispatched()
        if before is not None and after is not None:
            assert after - before == 400
    np.testing.assert_array_equal(output, arielml.reference(source, image)[0])


def test_every_worker_has_local_memory_of_its_own(arielml: Arielml) -> None:
    """A workgroup finds in local memory what it put there, call after call."""
    deployment = arielml.deploy(MODELS / "local_memory.mlir")
    for seed in range(3):
        image = np.random.default_rng(seed).integers(-(1 << 31), 1 << 31, 256, dtype=np.int32)
        (output,) = deployment.run(image).outputs
        np.testing.assert_array_equal(output, image.reshape(4, 64)[:, ::-1].reshape(256))


def test_local_memory_is_given_back(boot: Boot) -> None:
    """Scratch memory lasts for a call, not longer."""
    device = boot(MODELS / "local_memory.mlir")
    device.client.load()
    image = np.arange(256, dtype=np.int32)
    # What calls need again may be kept from the first on.
    device.call(image)
    idle = device.client.stats()
    for _ in range(3):
        device.call(image)
        stats = device.client.stats()
        assert (stats.heap_used, stats.heap_live) == (idle.heap_used, idle.heap_live)
    assert stats.heap_peak - idle.heap_used >= 4096, "the model uses a page of local memory"


@pytest.mark.parametrize("failing", [0, 2, 7])
def test_a_failing_workgroup_ends_the_call_and_its_status_reaches_the_host(
    boot: Boot, failing: int
) -> None:
    """No workgroup after it starts (it would trap), and the next call is served."""
    device = boot(MODELS / "failing_item.mlir")
    device.client.load()
    good = np.zeros(64, np.int32)
    bad = good.copy()
    bad[failing] = 9
    # Other cores may have begun with the next few; no scheduler is this far ahead.
    bad[failing + 16 :] = -1
    for _ in range(2):
        before = device.dispatched()
        with pytest.raises(Refused) as refused:
            device.call(bad)
        after = device.dispatched()
        said = str(refused.value)
        assert "main_dispatch_0" in said
        assert "status 9" in said
        assert f"workgroup {failing}" in said
        if before is not None and after is not None:
            assert failing < after - before <= failing + 16
        (output,) = device.call(good)
        np.testing.assert_array_equal(output, good)
    idle = device.client.stats()
    with pytest.raises(Refused):
        device.call(bad)
    stats = device.client.stats()
    assert (stats.heap_used, stats.heap_live) == (idle.heap_used, idle.heap_live)
