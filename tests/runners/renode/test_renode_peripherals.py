"""The peripherals that our platforms for Renode have in Python, as the drivers use them."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from repl import read

from pytest_arielml.runners.renode.platforms import platform_folder


class Request116:
    """A request as Renode 1.16 hands it to a Python peripheral."""

    def __init__(self) -> None:
        self.Type, self.Offset, self.Value = "INIT", 0, 0

    def ask(self, kind: str, offset: int, value: int) -> None:
        self.Type, self.Offset, self.Value = kind, offset, value

    @property
    def answer(self) -> int:
        return self.Value


class Request115:
    """As Renode 1.15 does."""

    def __init__(self) -> None:
        self.type, self.offset, self.value = "INIT", 0, 0

    def ask(self, kind: str, offset: int, value: int) -> None:
        self.type, self.offset, self.value = kind, offset, value

    @property
    def answer(self) -> int:
        return self.value


class Simulated:
    """Runs the script of a peripheral as Renode does: in one scope, for each access."""

    def __init__(self, script: str, request: Any) -> None:
        self._code = compile(script, "peripheral", "exec")
        self._request = request
        self._scope = {"self": self, "request": request}
        self.nanoseconds = 0
        self.pending = 0
        self.resets = 0
        self.current = "cpu"
        self.received: list[int] = []
        self.written: list[tuple[int, int]] = []
        self.cpu1 = types.SimpleNamespace(IsHalted=True)
        self._access("INIT", 0, 0)

    def read(self, offset: int) -> int:
        answer = self._access("READ", offset, 0)
        assert 0 <= answer < 1 << 32
        return answer

    def write(self, offset: int, value: int) -> None:
        self._access("WRITE", offset, value)

    # What scripts call.
    def GetMachine(self) -> Any:  # noqa: N802
        return self

    def __getitem__(self, name: str) -> Any:
        if name == "sysbus.cpu1":
            return self.cpu1
        if name == "sysbus.wire":
            return self
        assert name == "sysbus.cpu"
        return self

    def ReadByte(self, offset: int) -> int:  # noqa: N802
        assert offset in (0, 5)
        if offset == 5:
            return 0x60 | bool(self.received)
        return self.received.pop(0)

    def WriteByte(self, offset: int, value: int) -> None:  # noqa: N802
        self.written.append((offset, value))

    @property
    def SystemBus(self) -> Any:  # noqa: N802
        return self

    def GetCurrentCPU(self) -> Any:  # noqa: N802
        return self

    def GetLocalName(self, peripheral: Any) -> str:  # noqa: N802
        assert peripheral is self
        return self.current

    def SyncTime(self) -> None:  # noqa: N802
        self.nanoseconds, self.pending = self.nanoseconds + self.pending, 0

    def RequestReset(self) -> None:  # noqa: N802
        self.resets += 1

    @property
    def ElapsedVirtualTime(self) -> Any:  # noqa: N802
        return self

    @property
    def TimeElapsed(self) -> Any:  # noqa: N802
        return self

    @property
    def TotalNanoseconds(self) -> int:  # noqa: N802
        return self.nanoseconds

    def _access(self, kind: str, offset: int, value: int) -> int:
        self._request.ask(kind, offset, value)
        exec(self._code, self._scope)
        answer: int = self._request.answer
        return answer


@pytest.fixture(params=[Request115, Request116])
def request_type(request: pytest.FixtureRequest) -> Any:
    return request.param


def simulated(platform: str, name: str, request_type: Any) -> Simulated:
    script = read(platform_folder() / platform)[name].values["script"]
    return Simulated(script, request_type())


def test_timer_of_the_nrf52840(request_type: Any) -> None:
    timer = simulated("nrf52840.repl", "timer0", request_type)
    timer.nanoseconds = 1_000_000
    # As the driver does.
    timer.write(0x510, 0)
    timer.write(0x00C, 1)
    timer.write(0x000, 1)
    timer.write(0x040, 1)
    assert timer.read(0x540) == 0
    # 1,000 instructions of 125 ns, not yet accounted for by Renode.
    timer.pending = 125_000
    timer.write(0x040, 1)
    assert timer.read(0x540) == 2000
    timer.pending = 125
    assert timer.read(0x540) == 2000
    timer.write(0x040, 1)
    assert timer.read(0x540) == 2002
    # Stopped it keeps its count; started again it goes on.
    timer.write(0x004, 1)
    timer.pending = 1_000_000
    timer.write(0x044, 1)
    assert timer.read(0x544) == 2002
    timer.write(0x000, 1)
    timer.pending = 125
    timer.write(0x044, 1)
    assert timer.read(0x544) == 2004
    # It wraps at 32 bits.
    timer.pending = (1 << 32) * 125 // 2
    timer.write(0x044, 1)
    assert timer.read(0x544) == 2004


def test_timer_of_the_rp2040(request_type: Any) -> None:
    timer = simulated("rp2040.repl", "timer", request_type)
    timer.pending = 5_000
    assert timer.read(0x28) == 5
    timer.pending = (1 << 32) * 1000
    assert timer.read(0x28) == 5
    assert timer.read(0x24) == 1


@pytest.mark.parametrize(("platform", "period"), [("mps2-an386", 40), ("mps2-an505", 50)])
def test_timer_of_the_mps2(platform: str, period: int, request_type: Any) -> None:
    timer = simulated(f"{platform}.repl", "timer0", request_type)
    timer.write(0x0, 0)
    timer.write(0x8, 0xFFFF_FFFF)
    timer.write(0x4, 0xFFFF_FFFF)
    timer.pending = 100 * period
    assert timer.read(0x4) == 0xFFFF_FFFF
    timer.write(0x0, 1)
    timer.pending = 100 * period
    assert timer.read(0x4) == 0xFFFF_FFFF - 100
    timer.pending = ((1 << 32) - 101) * period
    assert timer.read(0x4) == 0
    timer.pending = period
    assert timer.read(0x4) == 0xFFFF_FFFF
    # A smaller period.
    timer.write(0x8, 9)
    assert [count(timer, period) for _ in range(12)] == [8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7]


def count(timer: Simulated, nanoseconds: int) -> int:
    timer.pending = nanoseconds
    return timer.read(0x4)


def test_clocks_of_the_rp2040(request_type: Any) -> None:
    """The start-up code's own sequence ends."""
    crystal = simulated("rp2040.repl", "xosc", request_type)
    assert crystal.read(0x4) == 0
    crystal.write(0x0, 0xFAB << 12 | 0xAA0)
    assert crystal.read(0x4) >> 31 == 1

    clocks = simulated("rp2040.repl", "clocks", request_type)
    clocks.write(0x3C, 0)
    assert clocks.read(0x44) == 1
    clocks.write(0x30, 2)
    assert clocks.read(0x38) == 1 << 2
    clocks.write(0x3C, 1)
    assert clocks.read(0x44) == 1 << 1

    resets = simulated("rp2040.repl", "resets", request_type)
    assert resets.read(0x8) == 0
    resets.write(0x0, resets.read(0x0) & ~(1 << 12))
    assert resets.read(0x8) == 1 << 12

    pll = simulated("rp2040.repl", "pll_sys", request_type)
    pll.write(0x0, 1)
    pll.write(0x8, 125)
    assert pll.read(0x0) == 1
    pll.write(0x4, 1 << 2 | 1 << 3)
    assert pll.read(0x0) == 1 << 31 | 1


def test_clocks_of_the_rp2350(request_type: Any) -> None:
    """The start-up code's own sequence ends, from the ring oscillator on."""
    crystal = simulated("rp2350.repl", "xosc", request_type)
    crystal.write(0x0, 0xFAB << 12 | 0xAA0)
    assert crystal.read(0x4) >> 31 == 1

    clocks = simulated("rp2350.repl", "clocks", request_type)
    assert (clocks.read(0x3C), clocks.read(0x44)) == (0x41, 1 << 1)
    clocks.write(0x3C, 0x40)
    assert clocks.read(0x44) == 1
    clocks.write(0x30, 2)
    assert clocks.read(0x38) == 1 << 2
    clocks.write(0x3C, 1)
    assert clocks.read(0x44) == 1 << 1

    resets = simulated("rp2350.repl", "resets", request_type)
    resets.write(0x0, resets.read(0x0) & ~(1 << 26 | 1 << 14))
    assert resets.read(0x8) == 1 << 26 | 1 << 14

    ticks = simulated("rp2350.repl", "ticks", request_type)
    assert ticks.read(0x18) == 0
    ticks.write(0x1C, 12)
    ticks.write(0x18, 1)
    assert (ticks.read(0x18), ticks.read(0x1C)) == (3, 12)

    watchdog = simulated("rp2350.repl", "watchdog", request_type)
    watchdog.write(0x0, 1 << 31)
    assert watchdog.resets == 1


def test_watchdog_of_the_rp2040(request_type: Any) -> None:
    watchdog = simulated("rp2040.repl", "watchdog", request_type)
    watchdog.write(0x2C, 1 << 9 | 12)
    assert watchdog.read(0x2C) == 1 << 10 | 1 << 9 | 12
    assert watchdog.resets == 0
    watchdog.write(0x0, 1 << 31)
    assert watchdog.resets == 1


def test_reset_of_the_riscv_machine(request_type: Any) -> None:
    test = simulated("riscv-virt.repl", "test", request_type)
    assert test.read(0x0) == 0
    test.write(0x0, 0x5555)
    assert test.resets == 0
    test.write(0x0, 0x7777)
    assert test.resets == 1


def test_clocks_of_the_stm32f4(request_type: Any) -> None:
    clocks = simulated("stm32f4.repl", "rcc", request_type)
    assert clocks.read(0x0) & 0b11 == 0b11
    clocks.write(0x0, clocks.read(0x0) | 1 << 16)
    assert clocks.read(0x0) >> 17 & 1 == 1
    assert clocks.read(0x0) >> 25 & 1 == 0
    clocks.write(0x0, clocks.read(0x0) | 1 << 24)
    assert clocks.read(0x0) >> 25 & 1 == 1
    assert clocks.read(0x8) >> 2 & 0b11 == 0
    clocks.write(0x8, 0b101 << 10 | 2)
    assert clocks.read(0x8) & 0xF == 0b1010


@pytest.fixture
def sio(request_type: Any, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    """With what the script imports of Renode."""
    whole = "Antmicro.Renode.Peripherals.CPU"
    values = types.SimpleNamespace(Create=lambda value, bits: (value, bits))
    parts = whole.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        module = types.ModuleType(name)
        module.__dict__["RegisterValue"] = values
        monkeypatch.setitem(sys.modules, name, module)
    return simulated("rp2040.repl", "sio", request_type)


def test_each_core_of_the_rp2040_has_its_number(sio: Simulated) -> None:
    assert sio.read(0x0) == 0
    sio.current = "cpu1"
    assert sio.read(0x0) == 1


def test_the_rom_of_the_rp2040_starts_core_1(sio: Simulated) -> None:
    """As the runtime does it: what is sent comes back."""
    words = [0, 0, 1, 0x1000_2000, 0x2000_8000, 0x1000_2345]
    for word in words:
        assert sio.cpu1.IsHalted
        if word == 0:
            while sio.read(0x50) & 1:
                sio.read(0x58)
        assert sio.read(0x50) & 2
        sio.write(0x54, word)
        assert sio.read(0x50) & 1
        assert sio.read(0x58) == word
    assert vars(sio.cpu1) == {
        "IsHalted": False,
        "VectorTableOffset": 0x1000_2000,
        "SP": (0x2000_8000, 32),
        "PC": (0x1000_2345, 32),
    }
    # From now on what is sent is for core 1, and what that sends for core 0.
    sio.write(0x54, 7)
    assert sio.read(0x50) == 2
    sio.current = "cpu1"
    assert (sio.read(0x50), sio.read(0x58)) == (3, 7)
    for word in range(9):
        sio.write(0x54, word)
    assert sio.read(0x50) == 0
    sio.current = "cpu"
    assert [sio.read(0x58) for _ in range(8)] == list(range(8))
    assert sio.read(0x50) == 2


@pytest.mark.parametrize("words", [[2], [1, 0], [1, 5, 0], [1, 5, 6, 0]])
def test_the_rom_of_the_rp2040_begins_again(sio: Simulated, words: list[int]) -> None:
    assert sio.read(0x58) == 0
    for word in words:
        sio.write(0x54, word)
    answers = [sio.read(0x58) for _ in words]
    assert answers == [*words[:-1], 0]
    for word in (1, 0x1000_2000, 0x2000_8000):
        sio.write(0x54, word)
        assert sio.cpu1.IsHalted
    sio.write(0x54, 0x1000_2345)
    assert not sio.cpu1.IsHalted


def test_spinlocks_of_the_rp2040(sio: Simulated) -> None:
    assert sio.read(0x100) == 1
    sio.current = "cpu1"
    assert sio.read(0x100) == 0
    assert sio.read(0x17C) == 1 << 31
    assert sio.read(0x5C) == 1 << 31 | 1
    # Whoever writes gives it up.
    sio.write(0x100, 5)
    assert sio.read(0x5C) == 1 << 31
    assert sio.read(0x100) == 1


def test_the_rp2350_has_shorter_mailboxes() -> None:
    older, newer = (
        read(platform_folder() / f"{name}.repl")["sio"].values["script"]
        for name in ("rp2040", "rp2350")
    )
    assert older.count("< 8") == 3
    assert newer == older.replace("< 8", "< 4")


@pytest.mark.parametrize("platform", ["esp32c3.repl", "esp32c6.repl"])
def test_timer_of_the_esp32(platform: str, request_type: Any) -> None:
    timer = simulated(platform, "systimer", request_type)
    timer.nanoseconds = 1_000_000
    # As the driver does.
    for offset, value in ((0x0C, 0), (0x10, 0), (0x5C, 1)):
        timer.write(offset, value)
    # 1,000 instructions of 125 ns, not yet accounted for by Renode.
    timer.pending = 125_000
    timer.write(0x04, 1 << 30)
    assert timer.read(0x04) & 1 << 29
    timer.pending = 125
    assert (timer.read(0x44), timer.read(0x40)) == (2000, 0)
    timer.write(0x04, 1 << 30)
    assert timer.read(0x44) == 2002
    timer.pending = (1 << 32) * 125 // 2
    timer.write(0x04, 1 << 30)
    assert (timer.read(0x44), timer.read(0x40)) == (2002, 1)


@pytest.mark.parametrize(
    ("platform", "update", "state"), [("esp32c3.repl", 0x80, 0x6C), ("esp32c6.repl", 0x98, 0x70)]
)
def test_uart_of_the_esp32(platform: str, update: int, state: int, request_type: Any) -> None:
    uart = simulated(platform, "uart0", request_type)
    uart.write(update, 1 << 31 | 1)
    assert uart.read(update) == 0
    assert uart.read(state) == 0
    uart.write(0x0C, 0x101)
    for byte in b"hi":
        assert uart.read(0x1C) & 0x00FF_00FF == 0
        uart.write(0x00, byte)
    assert uart.written == [(1, 1), (0, 0x68), (0, 0x69)]
    uart.received = [1, 2]
    assert uart.read(0x1C) & 0xFF == 1
    assert (uart.read(0x00), uart.read(0x00)) == (1, 2)
    assert uart.read(0x1C) & 0xFF == 0


@pytest.mark.parametrize(
    ("platform", "name", "offset"),
    [("esp32c3.repl", "rtc_cntl", 0), ("esp32c6.repl", "lp_aon", 0x34)],
)
def test_reset_of_the_esp32(platform: str, name: str, offset: int, request_type: Any) -> None:
    low_power = simulated(platform, name, request_type)
    low_power.write(offset, 1 << 10)
    assert (low_power.read(offset), low_power.resets) == (1 << 10, 0)
    low_power.write(offset, 1 << 31)
    assert low_power.resets == 1


def test_pll_of_the_esp32c6(request_type: Any) -> None:
    analog = simulated("esp32c6.repl", "i2c_ana_mst", request_type)
    analog.write(0x04, 1 << 24 | 5 << 16 | 2 << 8 | 0x66)
    assert analog.read(0x04) >> 25 & 1 == 0
    analog.write(0x18, 1 << 3)
    assert analog.read(0x18) == 1 << 24 | 1 << 3
