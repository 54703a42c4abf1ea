"""Boards that labgrid gives: port, power, reset and flashing from its environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from bridge import Bridge

pytest.importorskip("labgrid.pytestplugin.hooks")

TEST = """
import numpy as np
MODEL = {model!r}

def test_model(arielml):
    model = arielml.deploy(MODEL)
    {body}
"""

CYCLE = """
import socket, sys
with open({log!r}, "a") as log:
    print(sys.argv[1], file=log)
if sys.argv[1] == "cycle":
    with socket.create_connection(("127.0.0.1", {control}), 5) as link:
        link.sendall(b"reset\\n")
        link.makefile().readline()
"""

# A driver of the lab's own, as an environment's `imports` brings it.
DRIVER = """
import socket
import attr
from labgrid import target_factory
from labgrid.driver import Driver
from labgrid.protocol import BootstrapProtocol

@target_factory.reg_driver
@attr.s(eq=False)
class BenchFlasher(Driver, BootstrapProtocol):
    def load(self, filename):
        with socket.create_connection(("127.0.0.1", {control}), 5) as link:
            link.sendall(f"flash {{filename}}\\n".encode())
            link.makefile().readline()
"""

RUN = "model.run(np.ones((1, 1, 28, 28), np.float32))"


class Lab:
    """A lab with one board, and a test of a model on it."""

    def __init__(self, pytester: pytest.Pytester, board: Bridge) -> None:
        self.pytester = pytester
        self.board = board
        self.log = pytester.path / "power.log"

    def environment(self, drivers: str = "", *, target: str = "main", imports: str = "") -> None:
        port = self.board.url.rpartition(":")[2]
        self.pytester.makefile(
            ".yaml",
            env=f"""
{imports}
targets:
  {target}:
    resources:
      NetworkSerialPort:
        host: 127.0.0.1
        port: {port}
        protocol: raw
    drivers:
{drivers or "      SerialDriver: {}"}
""",
        )

    def power(self) -> str:
        script = self.pytester.makepyfile(
            power=CYCLE.format(log=str(self.log), control=self.board.control)
        )
        command = f"{sys.executable} {script}"
        return f"""      ExternalPowerDriver:
        cmd_on: {command} on
        cmd_off: {command} off
        cmd_cycle: {command} cycle
"""

    def run(self, model: Path, body: str = "pass") -> pytest.RunResult:
        self.pytester.makepyfile(test_it=TEST.format(model=str(model), body=body))
        return self.pytester.runpytest_subprocess(
            "--arielml-target=serial-nrf52840",
            "--lg-env=env.yaml",
            "--arielml-timeout=20",
            timeout=120,
        )


@pytest.fixture
def lab(pytester: pytest.Pytester, board: Bridge, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")
    return Lab(pytester, board)


def test_port_and_power_are_the_labs(lab, lenet5_model) -> None:
    lab.environment(lab.power() + "      SerialDriver: {}\n")
    lab.run(lenet5_model, RUN).assert_outcomes(passed=1)
    assert lab.log.read_text().split() == ["on"]
    assert lab.board.connections == 1


def test_a_silent_board_is_switched_off_and_on(lab, lenet5_model) -> None:
    lab.environment(lab.power())
    started = lab.board.boots
    lab.board.wire.to_host = lambda data: data if lab.board.boots > started else b""
    lab.run(lenet5_model).assert_outcomes(passed=1)
    assert lab.log.read_text().split() == ["on", "cycle"]


def test_the_labs_driver_flashes(lab, models) -> None:
    lab.pytester.makepyfile(bench_flasher=DRIVER.format(control=lab.board.control))
    lab.environment(
        "      BenchFlasher: {}\n", target="nrf52840", imports="imports:\n  - bench_flasher.py"
    )
    lab.run(models / "counter.mlir").assert_outcomes(passed=1)
    assert lab.board.boots == 2


def test_an_environment_without_a_port_says_so(lab, lenet5_model) -> None:
    lab.pytester.makefile(".yaml", env="targets:\n  main:\n    drivers: {}\n")
    result = lab.run(lenet5_model)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*labgrid does not give the board*", "*labgrid target main*", "*0 resources of main*"]
    )


def test_several_targets_need_one_of_the_boards_name(lab, lenet5_model) -> None:
    lab.pytester.makefile(".yaml", env="targets:\n  one: {}\n  two: {}\n")
    result = lab.run(lenet5_model)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no target for nrf52840*", "*one, two*"])


def test_a_power_switch_that_fails_is_quoted(lab, lenet5_model) -> None:
    lab.environment(
        "      ExternalPowerDriver:\n        cmd_on: sh -c 'echo fuse; exit 3'\n"
        "        cmd_off: /bin/true\n"
    )
    result = lab.run(lenet5_model)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*labgrid does not give the board*", "*fuse*"])
