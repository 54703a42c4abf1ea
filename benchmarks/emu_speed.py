"""How fast the emu runner is, in million guest instructions a second.

Two programs for an nRF52840: an inner product, nine instructions a block as
kernels have them, and calls in a loop, two or three instructions a block.
Each runs five ways:

    bare    Unicorn alone, nothing is counted
    code    Unicorn with a native callback an instruction that does nothing
    runner  the emu runner: exact instructions, cycles and spans
    bus     the same with a bus model, the STM32F4's: one core, so RAM costs nothing
    banks   with RAM of one wait state, so that every access is looked at

    python benchmarks/emu_speed.py [TURNS]
"""

from __future__ import annotations

import ctypes
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "runners"))

from thumb import LR, Thumb
from unicorn import Uc, arm_const, unicorn_const
from unicorn.unicorn_py3.unicorn import uclib

from pytest_arielml.boards import Banks, Board, load_board
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import Program

ORIGIN = 0x400
RAM = 0x2000_0000
STACK = RAM + 0x4000


def inner_product(turns: int) -> bytes:
    """Four products a turn, in one block."""
    code = Thumb(ORIGIN)
    code.load(0, RAM)
    code.load(1, RAM + 64)
    code.load(7, turns)
    code.label("turn")
    code.ldrb(3, 0, 1)
    code.ldrb(4, 1, 2)
    code.mla(2, 3, 4, 2)
    code.ldrb(5, 0, 3)
    code.ldrb(6, 1, 4)
    code.mla(2, 5, 6, 2)
    code.eors(2, 3)
    code.subs(7, 1)
    code.b("turn", "ne")
    code.wfi()
    return code.finish()


def calls(turns: int) -> bytes:
    """A call and two branches a turn."""
    code = Thumb(ORIGIN)
    code.load(7, turns)
    code.label("turn")
    code.adds(0, 1)
    code.cmp(0, 128)
    code.b("high", "cs")
    code.bl("leaf")
    code.label("high")
    code.subs(7, 1)
    code.b("turn", "ne")
    code.wfi()
    code.label("leaf")
    code.adds(2, 1)
    code.bx(LR)
    return code.finish()


def board(wait_states: int) -> Board:
    """The nRF52840 with the STM32F4's bus, and RAM of so many wait states."""
    here, bus = load_board("nrf52840"), load_board("stm32f4").bus
    assert bus is not None
    memories = {
        name: replace(timing, banks=(Banks(here.memory[name].length, 1, 4),))
        for name, timing in bus.memories.items()
    }
    memories["ram"] = replace(memories["ram"], wait_states=wait_states)
    return replace(here, bus=replace(bus, memories=memories))


def run_machine(code: bytes, on: Board, *, bus_model: bool = False) -> tuple[float, int]:
    """Seconds and instructions on the runner."""
    vectors = struct.pack("<II", STACK, ORIGIN | 1)
    program = Program(((0, vectors), (ORIGIN, code)))
    machine = EmuMachine(program, on, bus_model=bus_model)
    start = time.perf_counter()
    while machine.advance():
        pass
    seconds = time.perf_counter() - start
    instructions = machine.counters().instructions
    machine.close()
    return seconds, instructions


def run_unicorn(code: bytes, *, callback: bool) -> float:
    """Seconds on Unicorn alone; the program ends by its WFI."""
    uc = Uc(unicorn_const.UC_ARCH_ARM, unicorn_const.UC_MODE_THUMB)
    uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
    uc.mem_map(0, 1 << 20)
    uc.mem_map(RAM, 1 << 18)
    uc.mem_write(ORIGIN, code)
    uc.reg_write(arm_const.UC_ARM_REG_SP, STACK)
    if callback:
        # The cheapest native function there is stands for any callback.
        function = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p)
        hook = ctypes.c_size_t()
        everywhere = (ctypes.c_uint64(1), ctypes.c_uint64(0))
        uclib.uc_hook_add(
            uc._uch, ctypes.byref(hook), unicorn_const.UC_HOOK_CODE, function, None, *everywhere
        )
    start = time.perf_counter()
    uc.emu_start(ORIGIN | 1, 0)
    return time.perf_counter() - start


def main() -> None:
    """Prints a table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    programs: dict[str, Callable[[int], bytes]] = {"inner product": inner_product, "calls": calls}
    sys.stdout.write(f"{'MIPS':<16}{'bare':>8}{'code':>8}{'runner':>8}{'bus':>8}{'banks':>8}\n")
    for name, make in programs.items():
        code = make(turns)
        on, slow = board(0), board(1)
        seconds, instructions = min(run_machine(code, on) for _ in range(3))
        bus, _ = min(run_machine(code, on, bus_model=True) for _ in range(3))
        banks, _ = min(run_machine(code, slow, bus_model=True) for _ in range(3))
        bare = min(run_unicorn(code, callback=False) for _ in range(3))
        each = min(run_unicorn(code, callback=True) for _ in range(3))
        rates = (instructions / took / 1e6 for took in (bare, each, seconds, bus, banks))
        sys.stdout.write(f"{name:<16}" + "".join(f"{rate:8.0f}" for rate in rates) + "\n")


if __name__ == "__main__":
    main()
