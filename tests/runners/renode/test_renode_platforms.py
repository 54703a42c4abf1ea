"""The descriptions for Renode say of each board what its TOML file says."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from repl import Entry, read, read_script

from pytest_arielml.boards import Board, board_names, load_board
from pytest_arielml.errors import Unavailable
from pytest_arielml.runners.renode.platforms import core_names, platform_folder, script_of

BOARDS = [name for name in board_names() if load_board(name).renode is not None]
FILES = sorted(path.name for path in platform_folder().glob("*.repl"))

CPUS = {
    ("cortex-m0", False): "cortex-m0",
    ("cortex-m0plus", False): "cortex-m0+",
    ("cortex-m3", False): "cortex-m3",
    ("cortex-m4", True): "cortex-m4f",
    ("cortex-m7", True): "cortex-m7",
    ("cortex-m33", True): "cortex-m33",
    ("generic-rv32", True): "rv32imafc_zicsr_zifencei",
    ("rv32imc", False): "rv32imc_zicsr_zifencei",
    ("rv32imac", False): "rv32imac_zicsr_zifencei",
}
UARTS = {
    "nrf-uarte": "UART.NRF52840_UART",
    "pl011": "UART.PL011",
    "cmsdk-uart": "UART.CMSDK_APB_UART",
    "ns16550": "UART.NS16550",
    "stm32-usart": "UART.STM32_UART",
    "stm32h7-usart": "UART.STM32F7_USART",
    # In front of a UART that Renode has.
    "esp32c3-uart": "Python.PythonPeripheral",
    "esp32c6-uart": "Python.PythonPeripheral",
}
# Those that bring the core's time up to date when they are read.
TIMERS = {
    "nrf-timer": "Python.PythonPeripheral",
    "rp2040-timer": "Python.PythonPeripheral",
    "rp2350-timer": "Python.PythonPeripheral",
    "cmsdk-timer": "Python.PythonPeripheral",
    "clint": "IRQControllers.CoreLevelInterruptor",
    "stm32-tim": "Timers.STM32_Timer",
    "nrf53-timer": "Python.PythonPeripheral",
    "stm32h7-tim": "Timers.STM32_Timer",
    "esp32c3-systimer": "Python.PythonPeripheral",
    "esp32c6-systimer": "Python.PythonPeripheral",
}


def test_the_boards_are_there() -> None:
    assert {"nrf52840", "rp2040", "mps2-an385", "mps2-an386"} <= set(BOARDS)


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(request.param)


@pytest.fixture
def entries(board: Board) -> dict[str, Entry]:
    assert board.renode is not None
    return read(platform_folder() / board.renode.platform)


def at(entries: dict[str, Entry], base: int) -> Entry:
    (entry,) = [entry for entry in entries.values() if entry.base == base]
    return entry


def test_memories(board: Board, entries: dict[str, Entry]) -> None:
    for region in board.memory.values():
        entry = at(entries, region.origin)
        assert entry.kind == "Memory.MappedMemory"
        assert entry.number("size") == region.length
    flash = at(entries, board.flash.origin)
    assert flash.views == ([] if board.flash_data is None else [board.flash_data])


def test_core(board: Board, entries: dict[str, Entry]) -> None:
    assert board.renode is not None
    first = board.cores[0]
    assert board.renode.cpu == "sysbus.cpu"
    cores = [entry for entry in entries.values() if entry.kind.startswith("CPU.")]
    names = [name.removeprefix("sysbus.") for name in core_names(board.renode, board)]
    assert [entry.name for entry in cores] == names
    for number, (cpu, core) in enumerate(zip(cores, board.cores, strict=False)):
        # Renode's Cortex-M33 has an FPU, which code without floats leaves off.
        known = CPUS.get((core.cpu, core.fpu)) or CPUS[core.cpu, True]
        assert cpu.text("cpuType") == known
        # A core is slower by as much as its clock.
        assert cpu.number("PerformanceInMips") * first.clock_hz == board.renode.mips * core.clock_hz
        if cpu.kind == "CPU.CortexM":
            nvic = entries[cpu.values["nvic"]]
            assert nvic.base == 0xE000_E000
            assert nvic.lines == {"IRQ": f"{cpu.name}@0"}
            assert nvic.number("systickFrequency") == core.clock_hz
            assert nvic.core == (cpu.name if len(cores) > 1 else None)
            assert cpu.values.get("id", "0") == str(number)
        else:
            assert cpu.kind == "CPU.RiscV32"
            assert cpu.number("hartId") == number
            if "timeProvider" in cpu.values:
                clint = entries[cpu.values["timeProvider"]]
                assert clint.values.get("numberOfTargets", "1") == str(len(cores))
                both = f"[{2 * number}, {2 * number + 1}]"
                assert clint.lines[both] == f"{cpu.name}@[3, 7]"


def test_uart(board: Board, entries: dict[str, Entry]) -> None:
    assert board.renode is not None
    uart = at(entries, board.uart.base)
    assert uart.kind == UARTS[board.uart.model]
    if uart.kind == "Python.PythonPeripheral":
        assert f'machine()["{board.renode.uart}"]' in uart.values["script"].replace(
            "GetMachine", "machine"
        )
        uart = entries[board.renode.uart.removeprefix("sysbus.")]
        assert uart.kind == "UART.NS16550"
    assert board.renode.uart == f"sysbus.{uart.name}"
    assert uart.lines
    if uart.kind == "UART.NRF52840_UART":
        assert uart.values["easyDMA"] == "true"
    if uart.kind == "UART.PL011":
        # The driver lets an eighth of the FIFO interrupt; more than a byte would be
        # waited for in vain, since the model has no receive timeout.
        assert uart.number("fifoSize") <= 8


def test_a_tick_of_the_timer_is_a_whole_part_of_instructions(
    board: Board, entries: dict[str, Entry]
) -> None:
    assert board.renode is not None
    timer = at(entries, board.timer.base)
    assert timer.kind == TIMERS[board.timer.model]
    # Virtual time is kept in nanoseconds, and the ticks of a call must not depend
    # on when in a nanosecond or in a tick it begins.
    assert 1000 % board.renode.mips == 0
    assert board.timer.hz % (board.renode.mips * 1_000_000) == 0
    if timer.kind == "IRQControllers.CoreLevelInterruptor":
        assert timer.number("frequency") == board.timer.hz
    elif timer.kind == "Python.PythonPeripheral":
        assert "SyncTime()" in timer.values["script"]


def test_script(board: Board) -> None:
    assert board.renode is not None
    script = read_script(script_of(board.renode.platform))
    assert script.commands[:2] == [
        'mach create "arielml"',
        f"machine LoadPlatformDescription $ORIGIN/{board.renode.platform}",
    ]
    assert "runMacro $reset" in script.commands
    loading, *rest = script.macros["reset"]
    assert loading == "sysbus LoadELF $image"
    first, *others = core_names(board.renode, board)
    if board.cores[0].cpu.startswith("cortex-m"):
        vectors, *halted = rest
        assert vectors == f"{first} VectorTableOffset {board.vectors:#010x}"
        if board.boot is not None:
            (other,) = others
            begin, *halted = halted
            assert begin == f"{other} VectorTableOffset {board.boot.origin:#010x}"
        # Until the first one starts them; the STM32H745 starts both.
        running = board.support == "stm32h745"
        assert halted == ([] if running else [f"{other} IsHalted true" for other in others])
    else:
        # What a core without `mie` has as good as set.
        assert rest == ([f"{first} MIE 0x00000800"] if board.cores[0].cpu == "rv32imc" else [])
    # Python peripherals are not made for two cores at a time, nor are two runs alike then.
    serial = "emulation SetGlobalSerialExecution true" in script.commands
    assert serial == bool(others)
    assert script.commands[-1] == "emulation SetGlobalAdvanceImmediately true"
    quantum = re.fullmatch(r'emulation SetGlobalQuantum "([\d.]+)"', script.commands[-2])
    assert quantum is not None
    # A core that another one wakes sees it with its next turn.
    turn = 1_000 if others else 100_000
    assert Fraction(quantum[1]) * board.renode.mips * 1_000_000 == turn


@pytest.mark.parametrize("name", FILES)
def test_what_renode_would_stumble_on(name: str) -> None:
    """Its lexer looks for comments and braces in scripts, too."""
    path = platform_folder() / name
    entries = read(path)
    text = path.read_text(encoding="ascii")
    assert "\t" not in text
    assert "\\" not in text
    for line in text.splitlines():
        assert line.count('"') % 2 == 0, line
    places = [(entry.base, entry.core) for entry in entries.values() if entry.base is not None]
    assert len(places) == len(set(places))
    for entry in entries.values():
        script = entry.values.get("script", "")
        assert not re.search(r"//|/\*|[{}]", script), entry.name
        # A core, or another peripheral, that a script asks for.
        for other in re.findall(r'achine(?:\(\))?\["sysbus\.(\w+)"\]', script):
            assert other in entries
        assert "http" not in script
        if script:
            assert entry.values["initable"] == "true"
            compile(script, f"{name}:{entry.name}", "exec")
        for target in entry.lines.values():
            assert target.partition("@")[0] in entries
        for key in ("nvic", "timeProvider"):
            if key in entry.values:
                assert entry.values[key] in entries
    assert path.with_suffix(".resc").is_file()


def test_a_platform_that_is_not_there_is_named() -> None:
    with pytest.raises(Unavailable, match=r"there is no nothing\.repl"):
        script_of("nothing.repl")
