"""What a work item costs beside its kernel when cores share: instructions of all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conformance.parallel import kernels
from conformance.parallel.team import Team
from pytest_arielml.compiler import Cache
from pytest_arielml.runners import create_runner
from pytest_arielml.session import Target

#: Without atomic instructions a spinlock is taken around the counter.
CEILINGS = {"emu-rp2040": 60, "emu-rp2350": 40, "emu-riscv-virt": 40}


@pytest.mark.parametrize("name", CEILINGS)
def test_instructions_of_a_work_item(name: str, tmp_path: Path) -> None:
    target = Target.parse(name)
    runner = create_runner(target.runner)
    outside = []
    with Team(target, runner, 2, Cache(), timeout=60) as team:
        for items in (64, 4096):
            source = tmp_path / f"{items}.mlir"
            source.write_text(kernels.counting((items, 1, 1)), "utf-8")
            device = team.boot(source)
            image = np.zeros(items, np.int32)
            device.call(image)
            before = device.counted()
            device.call(image)
            after = device.counted()
            assert before is not None
            assert after is not None
            outside.append(after.outside - before.outside)
            device.stop()
    # Two dispatches a call.
    assert (outside[1] - outside[0]) / (2 * (4096 - 64)) <= CEILINGS[name]
