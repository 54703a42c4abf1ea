from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from bridge import Bridge

from pytest_arielml.runners import RunnerOptions
from pytest_arielml.session import Settings, Workbench
from pytest_arielml.wire import client as wire_client

TARGET = "serial-nrf52840"

_PROBE_RS = """#!{python}
import socket, sys
with open({log!r}, "a") as log:
    print(*sys.argv[1:], file=log)
if sys.argv[1] == "--version":
    print("probe-rs 0.0.1-stand-in")
elif sys.argv[1] == "download":
    with socket.create_connection(("127.0.0.1", {control}), 5) as link:
        link.sendall(("flash " + sys.argv[-1] + "\\n").encode())
        link.makefile().readline()
"""


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boards of other test runs are not waited for, and no flash tool of this machine is used."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    bare = tmp_path / "bin"
    bare.mkdir()
    monkeypatch.setenv("PATH", str(bare))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asks again sooner: an emulated board answers at once."""
    monkeypatch.setattr(wire_client, "_FIRST_WAIT", 0.1)
    monkeypatch.setattr(wire_client, "_LONGEST_WAIT", 0.4)


@pytest.fixture(scope="session")
def lenet5_image(lenet5_model: Path) -> Path:
    with Workbench("emu-nrf52840") as bench:
        return bench.deploy(lenet5_model).firmware


@pytest.fixture(scope="session")
def digit(lenet5_model: Path) -> np.ndarray:
    images = np.load(lenet5_model.parent / "digits-500.npz")["images"]
    return (images[:1].astype(np.float32) / 255.0)[:, None]


@pytest.fixture
def board(lenet5_image: Path) -> Iterator[Bridge]:
    """A board that runs LeNet-5."""
    with Bridge(lenet5_image) as bridge:
        yield bridge


@pytest.fixture
def bench_for() -> Iterator[Callable[[str], Workbench]]:
    """Makes workbenches for a port."""
    benches: list[Workbench] = []

    def make(url: str, timeout: float = 20.0) -> Workbench:
        options = RunnerOptions(port=url)
        benches.append(Workbench(TARGET, settings=Settings(timeout=timeout, runner=options)))
        return benches[-1]

    yield make
    for bench in benches:
        bench.close()


@pytest.fixture
def probe_rs(tmp_path: Path) -> Callable[[Bridge], Path]:
    """A stand-in for probe-rs that flashes an emulated board; gives the log of its calls."""

    def install(bridge: Bridge) -> Path:
        log = tmp_path / "probe-rs.log"
        program = Path(os.environ["PATH"]) / "probe-rs"
        program.write_text(
            _PROBE_RS.format(python=sys.executable, log=str(log), control=bridge.control)
        )
        program.chmod(0o755)
        return log

    return install
