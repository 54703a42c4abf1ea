"""The model of the RP2040: its core, its start-up, its UART and its timer."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from oracle import count
from pico import (
    ALL,
    CLOCKS,
    ORIGIN,
    PLL,
    PLL_SYS,
    PSM,
    RAM,
    RESETS,
    SCS,
    STACK,
    TIMER,
    TIMER_RESET,
    UART,
    UART0,
    WATCHDOG,
    XOSC,
    boot,
    echo,
    program,
    start_crystal,
    start_uart,
    thumb,
)
from thumb import LR, PC, Thumb
from unicorn import arm_const

from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu import EmuMachine


def run(machine: EmuMachine) -> str | None:
    """Runs until the guest sleeps or faults; where it faulted."""
    try:
        while machine.advance(instructions=10**9):
            pass
    except GuestFault as fault:
        return fault.where
    return None


def registers_at_fault(code: Thumb) -> dict[str, int]:
    with pytest.raises(GuestFault) as fault:
        boot(code).advance()
    words = str(fault.value.found).split()
    return {name: int(value, 16) for name, value in zip(words[::2], words[1::2], strict=True)}


def random_program(seed: int) -> Thumb:
    """Loops, calls, branches, loads and stores of Armv6-M; ends in WFI or a fault."""
    chance = random.Random(seed)
    code = thumb()
    code.load(6, RAM + 0x2000)
    code.b("main")
    for leaf in range(3):
        code.label(f"leaf{leaf}")
        code.push(4, LR)
        if leaf == 2:
            code.bl("leaf0")
        _straight(code, chance, chance.randint(0, 6))
        code.pop(4, PC)
    code.label("main")
    for part in range(chance.randint(3, 12)):
        code.movs(7, chance.randint(1, 20))
        code.label(f"loop{part}")
        _straight(code, chance, chance.randint(0, 8))
        if chance.randrange(2):
            code.bl(f"leaf{chance.randrange(3)}")
        else:
            code.cmp(7, chance.randint(0, 20))
            code.b(f"skip{part}", chance.choice(["eq", "hi", "ls", "ge"]))
            _straight(code, chance, chance.randint(1, 5))
            code.label(f"skip{part}")
        code.subs(7, 1)
        code.b(f"loop{part}", "ne")
    match chance.randrange(3):
        case 0:
            code.wfi()
        case 1:
            code.half(0xDE00)
        case 2:
            code.adds(6, 1)
            _straight(code, chance, 1)
            code.ldr(0, 6)  # not aligned
            code.nop()
    return code


def _straight(code: Thumb, chance: random.Random, length: int) -> None:
    for _ in range(length):
        rd, rm = chance.randrange(5), chance.randrange(5)
        match chance.randrange(6):
            case 0:
                code.movs(rd, chance.randrange(256))
            case 1:
                code.adds_r(rd, rm, rd)
            case 2:
                code.eors(rd, rm)
            case 3:
                code.muls(rd, rm)
            case 4:
                code.ldrb(rd, 6, chance.randrange(32))
            case 5:
                code.lsrs(rd, rm, chance.randrange(32))


@pytest.mark.parametrize("seed", range(30))
def test_counts_are_those_of_single_steps(seed: int) -> None:
    code = random_program(seed)
    expected, pc = count(
        program(code),
        ORIGIN,
        STACK[1],
        model=arm_const.UC_CPU_ARM_CORTEX_M0,
        flash=0x1000_0000,
    )
    machine = boot(code)
    where = run(machine)
    assert machine.counters().instructions == expected
    assert where is None or f"pc {pc:#010x}" in where


def test_cycles_by_the_manual() -> None:
    code = thumb()
    code.movs(0, 10)  # 1
    code.label("loop")
    code.subs(0, 1)  # 1
    code.b("loop", "ne")  # 1, and 1 when taken
    code.muls(0, 0)  # 1
    code.bl("leaf")  # 2, and 1
    code.cpsid()  # 1
    code.half(0xF3BF, 0x8F5F)  # dmb: 3
    code.wfi()  # 1
    code.label("leaf")
    code.push(4, LR)  # 3
    code.load(6, RAM)  # 7
    code.str_(0, 6)  # 2
    code.ldr(1, 6)  # 2
    code.pop(4, PC)  # 3 + 2
    machine = boot(code)
    run(machine)
    counters = machine.counters()
    assert counters.instructions == 1 + 20 + 2 + 3 + 11
    assert counters.cycles == 1 + 10 * 2 + 9 + 1 + 3 + 1 + 3 + 1 + 3 + 7 + 2 + 2 + 5
    assert "Cortex-M0+ Technical Reference Manual" in counters.cycles_from


def test_bytes_go_through_the_uart_and_back() -> None:
    code = thumb()
    echo(code)
    machine = boot(code)
    assert machine.read(0.2) == b""
    # Longer than the FIFO, and byte by byte.
    text = bytes(range(200))
    machine.write(text)
    assert machine.read(5.0) == text
    for byte in b"abc":
        machine.write(bytes([byte]))
        assert machine.read(5.0) == bytes([byte])


def test_sleep_counts_nothing() -> None:
    code = thumb()
    echo(code)
    machines = boot(code), boot(code)
    for machine, pauses in zip(machines, (1, 5), strict=True):
        for _ in range(pauses):
            machine.read(0.01)
        machine.write(b"x")
        assert machine.read(5.0) == b"x"
    assert machines[0].counters() == machines[1].counters()


def _start_all(code: Thumb) -> None:
    """Clocks as the firmware starts them, then the timer."""
    start_crystal(code)
    code.store(RESETS, ALL & ~(PLL_SYS | TIMER_RESET))
    code.store(PLL + 0x8, 125)
    code.store(PLL + 0x4, 1 << 2 | 1 << 3)
    code.store(PLL + 0xC, 6 << 16 | 2 << 12)
    code.store(PLL + 0x4, 1 << 2)
    code.store(CLOCKS + 0x3C, 1)
    code.store(WATCHDOG + 0x2C, 1 << 9 | 12)


def test_the_timer_counts_microseconds() -> None:
    code = thumb()
    _start_all(code)
    code.load(4, TIMER)
    code.ldr(2, 4, 0x28)
    code.load(7, 125_000)
    code.label("loop")
    code.subs(7, 1)
    code.b("loop", "ne")
    code.ldr(3, 4, 0x28)
    code.half(0xDE00)
    registers = registers_at_fault(code)
    # Three cycles a turn at 125 MHz: 3 ms.
    assert 3000 <= registers["r3"] - registers["r2"] <= 3001


def test_the_watchdog_resets_the_board() -> None:
    code = thumb()
    code.load(4, WATCHDOG)
    code.ldr(2, 4, 0x0C)
    code.adds(2, 1)
    code.str_(2, 4, 0x0C)
    code.cmp(2, 3)
    code.b("done", "eq")
    code.store(PSM + 0x8, 0x1_FFFC)
    code.store(WATCHDOG, 1 << 31)
    code.half(0xDE00)  # never reached
    code.label("done")
    code.wfi()
    machine = boot(code)
    assert run(machine) is None
    assert machine.resets == 2


def divide(code: Thumb) -> None:
    code.udiv(0, 1, 2)


def load_unaligned(code: Thumb) -> None:
    code.load(0, RAM + 2)
    code.ldr(1, 0)


def read_fault_status(code: Thumb) -> None:
    code.load(0, SCS + 0xD28)
    code.ldr(1, 0)


def read_cycle_counter(code: Thumb) -> None:
    code.load(0, 0xE000_1004)
    code.ldr(1, 0)


def use_uart_in_reset(code: Thumb) -> None:
    code.store(UART + 0x24, 7)


def use_uart_without_baud_rate(code: Thumb) -> None:
    code.store(RESETS, ALL & ~UART0)
    code.store(UART + 0x30, 0x301)
    code.store(UART, 1)


def read_empty_uart(code: Thumb) -> None:
    start_uart(code)
    code.load(0, UART)
    code.ldr(1, 0)
    code.ldr(1, 0)


def interrupt_unmasked(code: Thumb) -> None:
    start_uart(code)
    code.half(0xB662)  # cpsie i
    code.wfi()


def read_timer_without_tick(code: Thumb) -> None:
    code.store(RESETS, ALL & ~TIMER_RESET)
    code.load(0, TIMER + 0x28)
    code.ldr(1, 0)


def reference_without_crystal(code: Thumb) -> None:
    code.store(CLOCKS + 0x30, 2)


def system_without_pll(code: Thumb) -> None:
    start_crystal(code)
    code.store(CLOCKS + 0x3C, 1)


def another_clock(code: Thumb) -> None:
    start_crystal(code)
    code.store(RESETS, ALL & ~PLL_SYS)
    code.store(PLL + 0x8, 133)
    code.store(PLL + 0xC, 6 << 16 | 2 << 12)
    code.store(PLL + 0x4, 1 << 2)


def crystal_of_another_range(code: Thumb) -> None:
    code.store(XOSC, 0x00FA_BAA1)


def write_rom(code: Thumb) -> None:
    code.store(0, 1)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (divide, "does not have the instruction"),
        (load_unaligned, "unaligned"),
        (read_fault_status, "register 0xd28 is not in Armv6-M"),
        (read_cycle_counter, "read 4 bytes at 0xe0001004"),
        (use_uart_in_reset, "write of the pl011, which is held in reset"),
        (use_uart_without_baud_rate, "while IBRD is 0"),
        (read_empty_uart, "the receive FIFO is empty"),
        (interrupt_unmasked, "interrupt 20 would be taken"),
        (read_timer_without_tick, "the watchdog gives no ticks"),
        (reference_without_crystal, "the crystal, which is off"),
        (system_without_pll, "a source that does not run"),
        (another_clock, "makes 133000000 Hz, the board says 125000000"),
        (crystal_of_another_range, "not for 1 to 15 MHz"),
        (write_rom, "wrote 4 bytes at 0x00000000, where rp2040 has no memory"),
    ],
)
def test_a_wrong_use_is_named(fault: Callable[[Thumb], None], text: str) -> None:
    code = thumb()
    fault(code)
    code.nop()
    code.half(0xE7FE)  # b .
    machine = boot(code)
    machine.write(b"x")
    with pytest.raises(GuestFault) as caught:
        machine.advance(seconds=1.0)
    assert text in str(caught.value)
