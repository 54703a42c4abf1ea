"""Every work item once, whatever their number, whoever takes them, however long they take."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.parallel import kernels
from conformance.parallel.conftest import Write
from conformance.parallel.team import Team
from conformance.runtime.device import Array
from pytest_arielml.wire import Policy

POLICIES = [Policy.GREEDY, Policy.ROUND_ROBIN]


def numbers(count: int) -> Array:
    """Numbers of 32 bits."""
    return np.random.default_rng(count).integers(-(1 << 31), 1 << 31, count, dtype=np.int32)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name.lower())
@pytest.mark.parametrize("grid", [(1, 1, 1), (63, 1, 1), (4, 4, 4), (5, 13, 1), (16, 16, 16)])
def test_each_item_runs_once(
    team: Team, written: Write, grid: tuple[int, int, int], policy: Policy
) -> None:
    """1, 63, 64, 65 and 4,096 work items; with one or 63, some cores get fewer than others."""
    device = team.boot(written(kernels.counting(grid)), policy=policy)
    items = int(np.prod(grid))
    image = numbers(items)
    expected = image + 2 * np.arange(items, dtype=np.int32) + 1
    for _ in range(3):
        before = device.dispatched()
        (output,) = device.call(image)
        np.testing.assert_array_equal(output, expected)
        after = device.dispatched()
        if before is not None and after is not None:
            assert after - before == 2 * items


def test_each_item_runs_once_in_every_order(team: Team, written: Write) -> None:
    """65 items, in 20 interleavings, with both policies."""
    source = written(kernels.counting((65, 1, 1)))
    image = numbers(65)
    expected = image + 2 * np.arange(65, dtype=np.int32) + 1
    for seed in team.seeds:
        for policy in POLICIES:
            device = team.boot(source, policy=policy, seed=seed)
            (output,) = device.call(image)
            np.testing.assert_array_equal(output, expected, f"seed {seed}, {policy.name}")
            device.stop()


def stirred(times: Array) -> Array:
    """What `kernels.stirring` computes, in wrapping arithmetic."""
    values = np.arange(len(times), dtype=np.uint32)
    for turn in range(int(times.max())):
        stir = values * np.uint32(1664525) + np.uint32(1013904223)
        values = np.where(turn < times, stir, values)
    return values.astype(np.int32)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name.lower())
@pytest.mark.parametrize("long", [0, 31, 63])
def test_one_item_that_takes_as_long_as_all_others(
    team: Team, written: Write, long: int, policy: Policy
) -> None:
    """The first, the one in the middle, the last."""
    times = np.full(64, 20, np.int32)
    times[long] = 63 * 20
    device = team.boot(written(kernels.stirring(64)), policy=policy)
    (output,) = device.call(times)
    np.testing.assert_array_equal(output, stirred(times))


def test_items_of_all_lengths(team: Team, written: Write) -> None:
    """Some take nothing at all, others 3,000 turns."""
    random = np.random.default_rng(5)
    times = (random.pareto(1.0, 64) * 20).clip(0, 3000).astype(np.int32)
    times[::7] = 0
    source = written(kernels.stirring(64))
    expected = stirred(times)
    for seed in team.seeds:
        device = team.boot(source, seed=seed)
        (output,) = device.call(times)
        np.testing.assert_array_equal(output, expected, f"seed {seed}")
        device.stop()


def test_greedy_cores_take_what_others_have_not_begun(team: Team, written: Write) -> None:
    """Whoever has the long item gets no other: the rest is done meanwhile."""
    times = np.full(64, 1000, np.int32)
    cores = team.target.board.cores[: team.cores]
    alike = len(set(cores)) == 1
    # Longer than all others take, on the fastest core too.
    times[0] = (80 if alike else 800) * 1000
    device = team.boot(written(kernels.stirring(64)))
    device.call(times)
    before = device.spans_by_core("main_dispatch_0")
    if before is None:
        pytest.skip(f"{team.target.runner} does not say what each core did")
    device.call(times)
    after = device.spans_by_core("main_dispatch_0")
    assert after is not None
    taken = [new.count - old.count for old, new in zip(before, after, strict=True)][: team.cores]
    assert sum(taken) == 64
    # Slower cores leave the last items to the first one.
    assert sorted(taken)[0] <= (1 if alike else 3)
    assert sorted(taken)[1] >= 63 // (team.cores - 1) - 2, "the others share the rest evenly"


def test_a_core_that_waits_sleeps(team: Team, written: Write) -> None:
    """One item of 10,000 turns or of 100,000: the other cores issue as much, which is little."""
    device = team.boot(written(kernels.stirring(team.cores)))
    waited = []
    for long in (10_000, 100_000):
        for who in range(2):
            times = np.ones(team.cores, np.int32)
            times[who] = long
            device.call(times)
            before = device.counted()
            if before is None:
                pytest.skip(f"{team.target.runner} does not count what is issued")
            (output,) = device.call(times)
            after = device.counted()
            assert after is not None
            waited.append(after.outside - before.outside)
            # A turn takes an instruction at least; the compiler may join two.
            assert after.inside - before.inside >= long // 2
            assert np.array_equal(output, stirred(times))
    # Those that wait a tenth as long.
    assert max(waited[2:]) - min(waited[:2]) <= 200 * team.cores
