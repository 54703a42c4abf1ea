"""Call after call: barriers are where they were, and so is the memory."""

from __future__ import annotations

import numpy as np

from conformance.parallel import kernels
from conformance.parallel.conftest import Write
from conformance.parallel.team import Team
from pytest_arielml.wire import Policy

DISPATCHES = 58
ITEMS = 24


def rotated(image: np.ndarray) -> np.ndarray:
    """What `kernels.rotating` computes."""
    for _ in range(DISPATCHES):
        image = np.roll(image, -1) + np.arange(ITEMS, dtype=np.int32)
    return image


def test_58_dispatches_a_call_for_100_calls(team: Team, written: Write) -> None:
    """Each reads what the one before has written, on whichever core."""
    device = team.boot(written(kernels.rotating(DISPATCHES, ITEMS)))
    random = np.random.default_rng(1)
    used = None
    for number in range(100):
        image = random.integers(-(1 << 20), 1 << 20, ITEMS, dtype=np.int32)
        (output,) = device.call(image)
        np.testing.assert_array_equal(output, rotated(image), f"call {number}")
        stats = device.client.stats()
        used = used or (stats.heap_used, stats.heap_live)
        assert (stats.heap_used, stats.heap_live) == used


def test_58_dispatches_in_every_order(team: Team, written: Write) -> None:
    """20 interleavings, by turns with both policies."""
    source = written(kernels.rotating(DISPATCHES, ITEMS))
    image = np.arange(ITEMS, dtype=np.int32) ** 2
    expected = rotated(image)
    for seed in team.seeds:
        device = team.boot(source, seed=seed, policy=Policy(seed % 2))
        for _ in range(2):
            (output,) = device.call(image)
            np.testing.assert_array_equal(output, expected, f"seed {seed}")
        device.stop()


def test_a_load_may_change_how_many_cores_work_and_how(team: Team, written: Write) -> None:
    """More, fewer, by another policy; the board stays up."""
    device = team.boot(written(kernels.rotating(DISPATCHES, ITEMS)), cores=1)
    image = np.arange(ITEMS, dtype=np.int32)
    expected = rotated(image)
    for cores in (team.cores, 1, 2, team.cores):
        for policy in Policy:
            loaded = device.client.load(cores, policy)
            assert len(loaded.stack_peaks) == cores
            (output,) = device.call(image)
            np.testing.assert_array_equal(output, expected)


def test_each_worker_has_local_memory_of_its_own(team: Team, written: Write) -> None:
    """What an item puts there is there until it ends, whatever others do meanwhile."""
    items, block = 32, 64
    source = written(kernels.reversing(items, block))
    random = np.random.default_rng(2)
    for seed in team.seeds:
        device = team.boot(source, seed=seed)
        image = random.integers(-(1 << 31), 1 << 31, items * block, dtype=np.int32)
        (output,) = device.call(image)
        expected = image.reshape(items, block)[:, ::-1].reshape(-1)
        np.testing.assert_array_equal(output, expected, f"seed {seed}")
        stats = device.client.stats()
        assert stats.heap_peak - stats.heap_used >= 4096 * team.cores, "a page for each"
        device.stop()
