"""The same call over and over: the same result, in the same memory."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.runtime.conftest import Boot
from conformance.runtime.device import MODELS, Array

CALLS = 1000


def chained(image: Array) -> Array:
    """What `many_dispatches.mlir` computes."""
    values = image
    for number in range(48):
        rotated = np.roll(values, -1)
        values = rotated if number % 2 == 0 else values + np.arange(16, dtype=np.int32)
    return values


def test_many_dispatches_come_to_the_same_result_again_and_again(boot: Boot) -> None:
    """48 dispatches a call: a table with room for one call's overflows at the second."""
    device = boot(MODELS / "many_dispatches.mlir")
    device.client.load()
    for seed in range(20):
        image = np.random.default_rng(seed).integers(-1000, 1000, 16, dtype=np.int32)
        before = device.dispatched()
        (output,) = device.call(image)
        np.testing.assert_array_equal(output, chained(image))
        after = device.dispatched()
        if before is not None and after is not None:
            assert after - before == 48


@pytest.mark.parametrize("model", ["many_dispatches", "local_memory"])
def test_a_thousand_calls_take_no_more_memory_than_one(boot: Boot, model: str) -> None:
    """Heap in use and blocks alive are the same after call 1 and call 1,000, and so is the peak."""
    device = boot(MODELS / f"{model}.mlir")
    device.client.load()
    size = {"many_dispatches": 16, "local_memory": 256}[model]
    image = np.random.default_rng(7).integers(-1000, 1000, size, dtype=np.int32)
    (first,) = device.call(image)
    after_one = device.client.stats()
    for number in range(2, CALLS + 1):
        (output,) = device.call(image)
        assert np.array_equal(output, first), f"call {number}"
    stats = device.client.stats()
    assert (stats.heap_used, stats.heap_live) == (after_one.heap_used, after_one.heap_live)
    assert (stats.heap_peak, stats.stack_peak) == (after_one.heap_peak, after_one.stack_peak)


def test_loading_anew_takes_no_more_memory_and_starts_from_the_initial_values(boot: Boot) -> None:
    """A hundred loads; what the model keeps between calls is new each time."""
    device = boot(MODELS / "state.mlir")
    device.client.load()
    image = np.arange(1, 9, dtype=np.int32)
    device.call(image)
    idle = device.client.stats()
    device.client.load()
    for _ in range(100):
        for times in (1, 2, 3):
            (output,) = device.call(image)
            np.testing.assert_array_equal(output, times * image)
        stats = device.client.stats()
        assert (stats.heap_used, stats.heap_live) == (idle.heap_used, idle.heap_live)
        device.client.load()
