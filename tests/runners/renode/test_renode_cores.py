"""The Python peripherals by which two cores agree, as the drivers of both use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from repl import Entry, read

from pytest_arielml.runners.renode.platforms import platform_folder

LOCKED = 1 << 31
ALL = (1 << 32) - 1


@dataclass
class Core:
    """A core, or an interrupt controller and its lines."""

    IsHalted: bool = True
    lines: dict[int, bool] = field(default_factory=dict)

    def OnGPIO(self, line: int, high: bool) -> None:  # noqa: N802
        self.lines[line] = high


class Machine:
    """The machine that scripts ask for, with the Python peripherals of a description."""

    def __init__(self, platform: str, new: bool) -> None:
        self.things = {f"sysbus.{name}": Core() for name in ("cpu", "cpu1", "nvic", "nvic1")}
        self.current = self.things["sysbus.cpu"]
        entries = read(platform_folder() / platform)
        self.peripherals = {
            name: Peripheral(self, entry, new)
            for name, entry in entries.items()
            if entry.kind == "Python.PythonPeripheral"
        }

    def __getitem__(self, name: str) -> Core:
        return self.things[name]

    @property
    def SystemBus(self) -> Machine:  # noqa: N802
        return self

    def GetCurrentCPU(self) -> Core:  # noqa: N802
        return self.current

    def WriteDoubleWord(self, address: int, value: int) -> None:  # noqa: N802
        (target,) = (
            peripheral
            for peripheral in self.peripherals.values()
            if peripheral.base <= address < peripheral.base + 0x1000
        )
        target.write(address - target.base, value)

    def pending(self, controller: str) -> list[int]:
        return [line for line, high in self.things[f"sysbus.{controller}"].lines.items() if high]


class Peripheral:
    """Runs a script as Renode does, one access at a time, in one scope."""

    def __init__(self, machine: Machine, entry: Entry, new: bool) -> None:
        assert entry.base is not None
        self.base = entry.base
        self._machine, self._new = machine, new
        self._code = compile(entry.values["script"], entry.name, "exec")
        self._request: Any = type("Request", (), {})()
        self._scope: dict[str, Any] = {"self": self, "request": self._request}
        self._access("INIT", 0, 0)

    def GetMachine(self) -> Machine:  # noqa: N802
        return self._machine

    def read(self, offset: int) -> int:
        return self._access("READ", offset, 0)

    def write(self, offset: int, value: int) -> None:
        self._access("WRITE", offset, value)

    def _access(self, kind: str, offset: int, value: int) -> int:
        names = ("Type", "Offset", "Value") if self._new else ("type", "offset", "value")
        for name, given in zip(names, (kind, offset, value), strict=True):
            setattr(self._request, name, given)
        exec(self._code, self._scope)
        answer = int(getattr(self._request, names[2]))
        assert 0 <= answer <= ALL
        return answer


@pytest.fixture(params=[True, False], ids=["1.16", "1.15"])
def new(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_semaphores_of_the_stm32h745(new: bool) -> None:
    machine = Machine("stm32h745.repl", new)
    first, second = machine["sysbus.cpu"], machine["sysbus.cpu1"]
    hsem = machine.peripherals["hsem"]
    assert hsem.read(0x00) == 0
    assert hsem.read(0x80) == LOCKED | 0x300
    machine.current = second
    assert hsem.read(0x80) == LOCKED | 0x300
    hsem.write(0x00, 0x100)
    assert hsem.read(0x00) == LOCKED | 0x300
    # It listens to the second semaphore, which the first core takes and gives up.
    hsem.write(0x110, 1 << 1)
    machine.current = first
    assert hsem.read(0x84) == LOCKED | 0x300
    assert machine.pending("nvic1") == []
    hsem.write(0x04, 0x300)
    assert machine.pending("nvic1") == [126]
    assert machine.pending("nvic") == []
    assert (hsem.read(0x110), hsem.read(0x118), hsem.read(0x11C)) == (2, 2, 2)
    assert hsem.read(0x10C) == 0
    machine.current = second
    hsem.write(0x114, 1 << 1)
    assert machine.pending("nvic1") == []
    machine.current = first
    hsem.write(0x00, 0x300)
    assert hsem.read(0x00) == 0


def test_clocks_of_the_stm32h745(new: bool) -> None:
    machine = Machine("stm32h745.repl", new)
    clocks, power = machine.peripherals["rcc"], machine.peripherals["pwr"]
    assert power.read(0x04) >> 13 & 1 == 1
    power.write(0x0C, power.read(0x0C) & ~7 | 2)
    assert power.read(0x0C) == 2
    power.write(0x18, power.read(0x18) | 3 << 14)
    assert power.read(0x18) == 7 << 13
    clocks.write(0x00, clocks.read(0x00) | 5 << 16)
    assert clocks.read(0x00) >> 17 & 1 == 1
    assert clocks.read(0x00) >> 25 & 1 == 0
    clocks.write(0x00, clocks.read(0x00) | 1 << 24)
    assert clocks.read(0x00) >> 25 & 1 == 1
    clocks.write(0x10, 3)
    assert clocks.read(0x10) == 3 << 3 | 3


def test_the_network_core_of_the_nrf5340_is_held_and_released(new: bool) -> None:
    machine = Machine("nrf5340.repl", new)
    clock, network = machine.peripherals["clock"], machine["sysbus.cpu1"]
    assert clock.read(0x614) == 1
    clock.write(0x558, 0)
    assert clock.read(0x558) == 0
    clock.write(0x000, 1)
    assert clock.read(0x100) == 1
    for off in (0, 1, 0):
        clock.write(0x614, off)
        assert network.IsHalted == (off == 1)
        assert clock.read(0x614) == off


def test_mutexes_of_the_nrf5340(new: bool) -> None:
    mutex = Machine("nrf5340.repl", new).peripherals["mutex"]
    assert [mutex.read(0x400), mutex.read(0x400), mutex.read(0x404)] == [0, 1, 0]
    mutex.write(0x400, 0)
    assert [mutex.read(0x400), mutex.read(0x404)] == [0, 1]


def test_the_cores_of_the_nrf5340_call_each_other(new: bool) -> None:
    machine = Machine("nrf5340.repl", new)
    here, there = machine.peripherals["ipc"], machine.peripherals["ipc1"]
    # As the driver sets them up: channel 0 this way, channel 1 that way.
    for ipc, sends, hears in ((here, 0, 1), (there, 1, 0)):
        ipc.write(0x510 + 4 * sends, 1 << sends)
        ipc.write(0x590 + 4 * hears, 1 << hears)
        ipc.write(0x304, 1 << hears)
    here.write(0x000, 1)
    assert machine.pending("nvic1") == [18]
    assert machine.pending("nvic") == []
    assert there.read(0x100) == 1
    there.write(0x100, 0)
    assert there.read(0x100) == 0
    assert machine.pending("nvic1") == []
    there.write(0x004, 1)
    assert machine.pending("nvic") == [42]
    assert here.read(0x104) == 1
    here.write(0x308, 1 << 1)
    assert machine.pending("nvic") == []
