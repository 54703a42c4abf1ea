"""A work item that fails on whichever core: the rest is stopped, and the host hears of it."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.parallel import kernels
from conformance.parallel.conftest import Write
from conformance.parallel.team import Team
from pytest_arielml.errors import Refused
from pytest_arielml.wire import Policy

ITEMS = 256


#: The first, the second (another core's, by turns), one in the middle, the last.
PLACES = (0, 1, 127, ITEMS - 1)


@pytest.mark.parametrize("policy", list(Policy), ids=lambda policy: policy.name.lower())
def test_an_item_fails(team: Team, written: Write, policy: Policy) -> None:
    """Its status and its number reach the host; the next call finds all as it was."""
    source = written(kernels.failing(ITEMS))
    good = np.zeros(ITEMS, np.int32)
    # Others have begun with the next few, but are not far ahead: what comes
    # later traps, and a board that goes on is lost. By turns, a core that
    # woke first may be anywhere among its own.
    ahead = 10 * team.cores if policy is Policy.GREEDY else ITEMS
    for seed in team.seeds:
        device = team.boot(source, policy=policy, seed=seed)
        idle = None
        for failing in PLACES:
            bad = good.copy()
            bad[failing] = 9
            bad[failing + 1 + ahead :] = -1
            before = device.dispatched()
            with pytest.raises(Refused) as refused:
                device.call(bad)
            after = device.dispatched()
            said = str(refused.value)
            assert "main_dispatch_0" in said, said
            assert "status 9" in said, said
            assert f"workgroup {failing}" in said, said
            if policy is Policy.GREEDY and before is not None and after is not None:
                assert failing < after - before <= failing + 1 + ahead
            stats = device.client.stats()
            idle = idle or (stats.heap_used, stats.heap_live)
            assert (stats.heap_used, stats.heap_live) == idle
            (output,) = device.call(good)
            np.testing.assert_array_equal(output, good)
        device.stop()


def test_of_several_failures_the_first_is_told(team: Team, written: Write) -> None:
    """Of those that happened; on one core that is the first of all."""
    source = written(kernels.failing(ITEMS))
    bad = np.zeros(ITEMS, np.int32)
    bad[100:110] = np.arange(50, 60)
    for seed in team.seeds:
        device = team.boot(source, seed=seed)
        with pytest.raises(Refused) as refused:
            device.call(bad)
        said = str(refused.value)
        told = [place for place in range(100, 110) if f"workgroup {place}" in said]
        assert len(told) == 1, said
        assert f"status {bad[told[0]]}" in said, said
        # Items are taken in order: one that was taken before it would be told.
        assert told[0] < 100 + 2 * team.cores, said
        device.stop()
