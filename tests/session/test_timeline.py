"""What the device records of a call: who worked on which dispatch, and when."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.errors import Unavailable
from pytest_arielml.runners import check_available
from pytest_arielml.session import (
    Activity,
    Result,
    Timeline,
    Workbench,
    chrome_trace,
    write_chrome_trace,
)
from pytest_arielml.session.timeline import make_timeline
from pytest_arielml.wire import Record, RecordsReply

IMAGE = np.zeros((1, 1, 28, 28), np.float32)
TARGETS = ["emu-nrf52840", "emu-rp2040", "emu-riscv-virt", "qemu-mps2-an386", "qemu-riscv-virt"]


@pytest.fixture(scope="module", params=TARGETS)
def bench(request: pytest.FixtureRequest) -> Iterator[Workbench]:
    with Workbench(request.param) as workbench:
        try:
            check_available(workbench.target.runner, board=workbench.target.board)
        except Unavailable as error:
            pytest.skip(error.what)
        yield workbench


def called(bench: Workbench, model: Path, **options: object) -> Result:
    """The second call: the first lays the cores' meeting out."""
    deployment = bench.deploy(model, **options)  # type: ignore[arg-type]
    deployment.run(IMAGE)
    return deployment.run(IMAGE)


def recorded(result: Result) -> Timeline:
    assert result.timeline is not None
    return result.timeline


def test_every_dispatch_is_there_with_all_of_its_work_items(
    bench: Workbench, lenet5_model: Path
) -> None:
    result = called(bench, lenet5_model, timeline=True)
    found = recorded(result)
    assert found.dropped == 0
    assert found.cores == bench.target.cores
    kernels = bench.deploy(lenet5_model, timeline=True).compiled.kernels
    first = [each.dispatch for each in found.activities if each.core == 0]
    assert sorted(first) == sorted(kernels)
    assert {each.place for each in found.activities} == set(range(len(kernels)))
    if result.dispatches:
        items: Counter[tuple[str, int]] = Counter()
        for each in found.activities:
            items[each.dispatch, each.core] += each.work_items
        for dispatch in result.dispatches:
            for core, share in enumerate(dispatch.cores):
                assert items[dispatch.name, core] == share.work_items


def test_times_lie_within_the_call_and_in_order(bench: Workbench, lenet5_model: Path) -> None:
    found = recorded(called(bench, lenet5_model, timeline=True))
    # What a device's clock says is coarse.
    slack = 2 * found.resolution
    for core in range(found.cores):
        own = [each for each in found.activities if each.core == core]
        assert all(0 <= each.begin <= each.end <= found.seconds + slack for each in own)
        assert all(a.end <= b.begin + slack for a, b in pairwise(own))
        assert [each.place for each in own] == sorted(each.place for each in own)
        assert found.busy(core) + found.idle(core) == pytest.approx(found.seconds, abs=slack)


def test_it_agrees_with_what_the_emulator_counts(bench: Workbench, lenet5_model: Path) -> None:
    result = called(bench, lenet5_model, timeline=True)
    if not result.dispatches:
        pytest.skip("this runner counts no functions")
    found = recorded(result)
    for dispatch in result.dispatches:
        for core, share in enumerate(dispatch.cores):
            spent = sum(
                each.seconds
                for each in found.activities
                if (each.dispatch, each.core) == (dispatch.name, core)
            )
            counted = share.cycles / result.clocks[core]
            # Taking items is part of it, and so is the emulator's own order of events.
            slack = 4 * found.resolution + 20e-6
            assert counted - slack <= spent <= 1.05 * counted + slack, dispatch.name


def test_memory_at_the_end_of_each_dispatch(bench: Workbench, lenet5_model: Path) -> None:
    result = called(bench, lenet5_model, timeline=True)
    first = [each for each in recorded(result).activities if each.core == 0]
    assert all(0 < each.heap <= result.memory.heap_peak for each in first)
    stacks = [each.stack for each in first]
    assert all(stack is not None and stack > 0 for stack in stacks)
    assert stacks == sorted(stacks, key=lambda stack: stack or 0)
    assert (stacks[-1] or 0) <= result.memory.stack_peak[0]
    assert all(each.stack is None for each in recorded(result).activities if each.core)


def test_it_changes_no_output_and_costs_little(bench: Workbench, lenet5_model: Path) -> None:
    without = called(bench, lenet5_model)
    result = called(bench, lenet5_model, timeline=True)
    assert without.timeline is None
    assert result.output.tobytes() == without.output.tobytes()
    if without.instructions is not None:
        assert result.instructions is not None
        assert result.instructions <= 1.015 * without.instructions
    extra = bench.deploy(lenet5_model, timeline=True).size.parts["ram: static data"]
    plain = bench.deploy(lenet5_model).size.parts["ram: static data"]
    room = min(8192, bench.target.board.ram.length // 32)
    assert room <= extra - plain <= room + 256


def test_records_beyond_the_room_are_counted(
    lenet5_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_arielml.firmware.link._RECORDS", 4 * 28)
    with Workbench("emu-rp2040") as bench:
        alone = recorded(called(bench, lenet5_model, cores=1, timeline=True))
        kernels = len(bench.deploy(lenet5_model, cores=1, timeline=True).compiled.kernels)
        assert (len(alone.activities), alone.dropped) == (4, kernels - 4)
        shared = recorded(called(bench, lenet5_model, timeline=True))
        # Each core has its half, and the first of them are kept.
        assert [each.place for each in shared.activities if each.core == 0] == [0, 1]
        assert Counter(each.core for each in shared.activities) == {0: 2, 1: 2}
        assert shared.dropped >= kernels - 2


def test_the_file_for_perfetto(bench: Workbench, lenet5_model: Path, tmp_path: Path) -> None:
    found = recorded(called(bench, lenet5_model, timeline=True))
    write_chrome_trace(found, tmp_path / "new" / "trace.json", title="lenet5")
    trace = json.loads((tmp_path / "new" / "trace.json").read_text(encoding="utf-8"))
    events = trace["traceEvents"]
    tracks = [e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"]
    assert tracks == [f"core {core}" for core in range(found.cores)]
    complete = [event for event in events if event["ph"] == "X"]
    assert len(complete) == 1 + len(found.activities)
    assert complete[0]["dur"] == pytest.approx(found.seconds * 1e6)
    for event, each in zip(complete[1:], found.activities, strict=True):
        assert (event["name"], event["tid"]) == (each.dispatch, each.core)
        assert event["args"]["work items"] == each.work_items


def activity(core: int, place: int, begin: float, end: float) -> Activity:
    return Activity("d", place, core, 1, begin, end, 0, None)


def test_figures_of_a_timeline() -> None:
    found = Timeline(
        seconds=10.0,
        cores=2,
        resolution=1e-6,
        activities=(
            activity(0, 0, 1.0, 3.0),
            activity(0, 1, 3.0, 7.0),
            activity(1, 1, 3.0, 5.0),
        ),
        dropped=0,
    )
    assert (found.busy(0), found.busy(1)) == (6.0, 2.0)
    assert (found.idle(0), found.idle(1)) == (4.0, 8.0)
    assert found.imbalance == pytest.approx(0.5)
    # 4 s of bytecode and 8 s of dispatches, in 10 s.
    assert found.speedup == pytest.approx(1.2)
    nothing = Timeline(0.0, 2, 1e-6, (), 0)
    assert (nothing.imbalance, nothing.speedup) == (0.0, 1.0)


def test_a_clock_that_wraps_during_the_call() -> None:
    wrap = 1 << 32
    records = (Record(0, 1, 4, wrap - 10, 20, 100, 200), Record(1, 5, 1, 30, 40, 100, 300))
    found = make_timeline(
        [RecordsReply(2, 3, records), RecordsReply(0, 1, ())],
        start=wrap - 20,
        ticks=100,
        hz=1000,
        kernels=("a", "b"),
    )
    first, second = found.activities
    assert (first.dispatch, first.begin, first.end) == ("b", 0.01, 0.04)
    assert (second.dispatch, second.begin) == ("function 5", 0.05)
    assert (found.cores, found.dropped, found.seconds) == (2, 4, 0.1)
    assert chrome_trace(found, title="t")["traceEvents"][3]["args"] == {"dropped records": 4}
