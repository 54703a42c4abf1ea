"""Models through the whole runner, against a stand-in for Renode that runs them on `emu`."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stage import StandIn, alive

from pytest_arielml.errors import ArielError, DeviceError, GuestFault, Unavailable, UsageError
from pytest_arielml.runners import RunnerOptions, create_runner
from pytest_arielml.runners.renode import RenodeRunner
from pytest_arielml.runners.renode.process import free_ports
from pytest_arielml.session import Settings, Workbench

X = np.ones((2, 4), np.float32)
# A hang would break this.
LONG = 60.0


def workbench(standin: StandIn, board: str = "nrf52840", timeout: float = 20.0) -> Workbench:
    options = RunnerOptions(renode=standin.folder)
    return Workbench(f"renode-{board}", settings=Settings(timeout=timeout, runner=options))


@pytest.fixture
def bench(standin: StandIn) -> Iterator[Workbench]:
    with workbench(standin) as bench:
        yield bench


def process_of(bench: Workbench) -> Any:
    runner = bench.runner
    assert isinstance(runner, RenodeRunner)
    assert runner.process is not None
    return runner.process


@pytest.mark.parametrize(
    "board", ["nrf52840", "rp2040", "mps2-an385", "mps2-an505", "esp32c3", "esp32c6"]
)
def test_lenet5(standin: StandIn, lenet5_model: Path, board: str) -> None:
    digits = np.load(lenet5_model.parent / "digits-500.npz")
    image = (digits["images"][:1].astype(np.float32) / 255.0)[:, None]
    with workbench(standin, board) as bench:
        lenet5 = bench.deploy(lenet5_model, cores=1)
        result = lenet5.run(image)
        result.assert_matches(bench.reference(lenet5_model, image))
        assert result.instructions is not None
        assert result.instructions > 10_000
        assert result.seconds_are_estimated
    (start,) = [words for words in standin.told() if words[0] == "start"]
    flags = start[2:]
    assert flags[:4] == ["--plain", "--disable-xwt", "--hide-log", "--robot-server-port"]
    assert flags[5] == "-P"
    assert flags[7] == "--config"
    assert flags[9] == "--pid-file"
    assert "emulation SetGlobalAdvanceImmediately true" in standin.commands()
    assert standin.keywords()[-1] == "StopRemoteServer"


@pytest.mark.parametrize(("board", "cores"), [("rp2040", 2), ("riscv-virt", 3)])
def test_several_cores(standin: StandIn, lenet5_model: Path, board: str, cores: int) -> None:
    digits = np.load(lenet5_model.parent / "digits-500.npz")
    image = (digits["images"][:1].astype(np.float32) / 255.0)[:, None]
    with workbench(standin, board) as bench:
        lenet5 = bench.deploy(lenet5_model, cores=cores)
        lenet5.run(image).assert_matches(bench.reference(lenet5_model, image))
    names = ["sysbus.cpu", *(f"sysbus.cpu{n}" for n in range(1, len(bench.target.board.cores)))]
    asked = [word for word in standin.commands() if word.endswith("PerformanceInMips")]
    assert asked == [f"{name} PerformanceInMips" for name in names]
    assert "emulation SetGlobalSerialExecution true" in standin.commands()


def test_each_core_is_counted(standin: StandIn, models: Path) -> None:
    with workbench(standin, "riscv-virt") as bench:
        image = bench.deploy(models / "free.mlir", cores=1).image
        machine = bench.runner.boot(image, bench.target.board, timeout=20.0)
        end = time.monotonic() + LONG
        while True:
            counted = machine.counters()
            assert counted is not None
            # The first one does more than go to sleep, in the end.
            first, last = counted.cores[0].instructions, counted.cores[7].instructions
            if first > last > 0:
                break
            assert time.monotonic() < end
        assert counted.instructions == sum(core.instructions for core in counted.cores)
        machine.close()


def test_one_renode_serves_many_images(standin: StandIn, bench: Workbench, models: Path) -> None:
    scale = bench.deploy(models / "free.mlir")
    scale.run(X, np.float32(2)).assert_matches(2 * X)
    counter = bench.deploy(models / "counter.mlir")
    assert counter.run(function="tick").output == 1
    scale.run(X, np.float32(3)).assert_matches(3 * X)
    with pytest.raises(DeviceError, match="what counter kept between calls is lost") as error:
        counter.run(function="tick")
    assert "another image took its place" in str(error.value)
    counter.reset()
    assert counter.run(function="tick").output == 1
    assert len(standin.started()) == 1
    assert standin.keywords().count("StartEmulation") == 4


def test_counters(bench: Workbench, models: Path) -> None:
    image = bench.deploy(models / "free.mlir").image
    machine = bench.runner.boot(image, bench.target.board, timeout=20.0)
    try:
        counted = machine.counters()
        assert counted is not None
        assert machine.instructions_per_second == 8_000_000
        assert machine.virtual_seconds >= 0  # type: ignore[attr-defined]
        end = time.monotonic() + LONG
        while (later := machine.counters()) is not None and later.instructions == 0:
            assert time.monotonic() < end
        assert later is not None
        assert later.instructions >= counted.instructions
        assert later.cycles == later.instructions
        assert later.spans == {}
    finally:
        machine.close()
        machine.close()
    with pytest.raises(ValueError, match="closed"):
        machine.counters()


def test_the_board_is_freed_with_its_deployment(
    standin: StandIn, bench: Workbench, models: Path
) -> None:
    bench.deploy(models / "free.mlir").close()
    assert standin.keywords()[-1] == "ResetEmulation"


def test_two_runners_have_two_renodes(standin: StandIn, models: Path) -> None:
    with workbench(standin) as one, workbench(standin, "rp2040") as two:
        first, second = one.deploy(models / "free.mlir"), two.deploy(models / "free.mlir")
        for factor in (2, 3):
            first.run(X, np.float32(factor)).assert_matches(factor * X)
            second.run(X, np.float32(factor)).assert_matches(factor * X)
        assert len(set(standin.started())) == 2
        assert process_of(one).folder != process_of(two).folder


def test_a_folder_with_a_space(
    standin: StandIn,
    bench: Workbench,
    models: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = bench.deploy(models / "free.mlir").image
    bench.runner.close()
    (temporary / "a space").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "a space"))
    machine = bench.runner.boot(image, bench.target.board, timeout=20.0)
    assert machine.stream.read(LONG) != b""
    bench.runner.close()
    (temporary / "a space").rmdir()


def test_a_script_that_starts_the_real_one_ends_with_it(standin: StandIn, models: Path) -> None:
    standin.write("")
    standin.plan(fault="hang", at="StopRemoteServer")
    with workbench(standin) as bench:
        bench.deploy(models / "free.mlir")
        (real,) = standin.started()
        assert real != process_of(bench).pid
        assert alive(real)
    # Whoever inherits it still has to see its end.
    deadline = time.monotonic() + 10
    while alive(real) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(real)


class TestFaults:
    """Each ends in a passed call, or in one failure that names it."""

    def failure(
        self, standin: StandIn, models: Path, kind: type[ArielError], *, timeout: float = 20.0
    ) -> str:
        begin = time.monotonic()
        with workbench(standin, timeout=timeout) as bench, pytest.raises(kind) as error:
            bench.deploy(models / "free.mlir").run(X, np.float32(2))
        assert time.monotonic() - begin < LONG
        return str(error.value)

    def success(self, standin: StandIn, models: Path) -> None:
        with workbench(standin) as bench:
            scale = bench.deploy(models / "free.mlir")
            scale.run(X, np.float32(2)).assert_matches(2 * X)

    @pytest.mark.parametrize("at", ["ResetEmulation", "ExecuteScript", "StartEmulation"])
    def test_a_refusal(self, standin: StandIn, models: Path, at: str) -> None:
        standin.plan(fault="fail", at=at)
        text = self.failure(standin, models, DeviceError)
        assert text.startswith("Renode does not run the image on nrf52840")
        assert "it does not please me" in text
        assert "nrf52840.resc" in text
        assert "a line of its log" in text

    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            ("fault 1", 'Keyword "StartEmulation" not found'),
            ("fault 2", "Arguments types do not match"),
        ],
    )
    def test_a_fault(self, standin: StandIn, models: Path, fault: str, said: str) -> None:
        standin.plan(fault=fault, at="StartEmulation")
        text = self.failure(standin, models, DeviceError)
        assert said in text

    def test_an_answer_that_is_none(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="garbage", at="ExecuteScript")
        text = self.failure(standin, models, GuestFault)
        assert "Invalid remote result" in text

    @pytest.mark.parametrize("at", ["ExecuteScript", "StartEmulation"])
    def test_a_hang(self, standin: StandIn, models: Path, at: str) -> None:
        standin.plan(fault="hang", at=at)
        text = self.failure(standin, models, GuestFault, timeout=2.0)
        assert text.startswith("Renode does not answer")
        assert "timed out" in text

    def test_a_hang_after_the_boot(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="hang", at="ExecutePython", after=2)
        text = self.failure(standin, models, GuestFault, timeout=3.0)
        assert "Renode does not answer" in text

    @pytest.mark.parametrize("at", ["ResetEmulation", "ExecuteScript", "StartEmulation"])
    def test_a_death(self, standin: StandIn, models: Path, at: str) -> None:
        standin.plan(fault="die", at=at)
        text = self.failure(standin, models, GuestFault)
        assert "Renode ended by SIGKILL" in text

    def test_a_crash_with_last_words(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="crash", at="ExecutePython", after=2)
        text = self.failure(standin, models, GuestFault)
        assert "Renode ended with status 134" in text
        assert "Fatal error: out of luck" in text

    def test_a_death_between_calls_and_a_boot_after_it(
        self, standin: StandIn, bench: Workbench, models: Path
    ) -> None:
        scale = bench.deploy(models / "free.mlir")
        scale.run(X, np.float32(2)).assert_matches(2 * X)
        (pid,) = standin.started()
        os.kill(pid, 9)
        with pytest.raises(GuestFault, match="Renode ended by SIGKILL"):
            scale.run(X, np.float32(3))
        scale.run(X, np.float32(4)).assert_matches(4 * X)
        assert len(standin.started()) == 2

    def test_a_restart_after_a_hang(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="hang", at="ExecuteScript", once=True)
        with workbench(standin, timeout=3.0) as bench:
            with pytest.raises(GuestFault, match="Renode does not answer"):
                bench.deploy(models / "free.mlir")
            scale = bench.deploy(models / "free.mlir")
            scale.run(X, np.float32(2)).assert_matches(2 * X)
        assert len(standin.started()) == 2

    def test_ports_that_are_taken_at_the_start(
        self, standin: StandIn, models: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.create_server(("", 0)) as taken:
            port = taken.getsockname()[1]
            given = [[port, free_ports(1)[0]], [free_ports(1)[0], port]]
            monkeypatch.setattr(
                "pytest_arielml.runners.renode.process.free_ports",
                lambda count: given.pop() if given else free_ports(count),
            )
            self.success(standin, models)
        assert len(standin.started()) == 3

    def test_a_port_of_the_uart_that_is_taken(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="uart taken", once=True)
        self.success(standin, models)
        terminals = [word for word in standin.commands() if "CreateServerSocket" in word]
        assert len(terminals) == len(set(terminals)) == 2

    def test_ports_of_the_uart_that_are_all_taken(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="uart taken")
        assert "AddressAlreadyInUse" in self.failure(standin, models, DeviceError)

    def test_another_renode_on_our_port_is_not_ours(
        self, standin: StandIn, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other one answers; ours ends, since it has no port."""
        with workbench(standin) as other:
            theirs = other.deploy(models / "free.mlir")
            given = [[process_of(other).port, free_ports(1)[0]]]
            monkeypatch.setattr(
                "pytest_arielml.runners.renode.process.free_ports",
                lambda count: given.pop() if given else free_ports(count),
            )
            self.success(standin, models)
            theirs.run(X, np.float32(5)).assert_matches(5 * X)
        assert len(standin.started()) == 3

    def test_a_slow_start(self, standin: StandIn, models: Path) -> None:
        standin.plan(delay=5.0)
        self.success(standin, models)

    def test_a_renode_that_does_not_note_its_port(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="no port file")
        self.success(standin, models)

    def test_a_renode_that_does_not_start(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="no start")
        text = self.failure(standin, models, Unavailable)
        assert text.startswith("Renode does not start")
        assert "with status 134" in text
        assert "valid ICU package" in text
        assert "libicu" in text

    def test_a_renode_with_other_keywords(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="no keywords")
        text = self.failure(standin, models, Unavailable)
        assert "ExecuteScript" in text

    def test_a_renode_that_does_not_end(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="no end")
        self.success(standin, models)

    def test_a_platform_that_counts_otherwise(self, standin: StandIn, models: Path) -> None:
        standin.plan(fault="mips")
        text = self.failure(standin, models, DeviceError)
        said = "nrf52840 makes 9 million instructions a second on sysbus.cpu, its board 8"
        assert said in text


def test_a_board_that_renode_has_not(standin: StandIn, models: Path) -> None:
    with workbench(standin) as bench:
        deployed = bench.deploy(models / "free.mlir")
        board = replace(bench.target.board, renode=None)
        with pytest.raises(UsageError, match="the renode runner has no nrf52840"):
            bench.runner.boot(deployed.image, board, timeout=1.0)


def test_a_runner_that_never_booted_has_nothing_to_end(standin: StandIn) -> None:
    runner = create_runner("renode", RunnerOptions(renode=standin.program))
    runner.close()
    runner.close()
    assert standin.started() == []
