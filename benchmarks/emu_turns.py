"""What turns cost the emu runner: million guest instructions a second of two cores.

Both cores of an RP2040 count in loops of two instructions, or compute inner
products of nine, as a kernel does. The last line is one core alone.

    python benchmarks/emu_turns.py [INSTRUCTIONS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "runners"))

import duo
import pico
from thumb import Thumb

from pytest_arielml.runners.emu import EmuMachine, Interleaving

TURNS = (16, 32, 64, 128, 256, 512, 1024, 8192)


def count(code: Thumb, name: str) -> None:
    """Two instructions a block."""
    code.label(name)
    code.adds(1, 1)
    code.b(name)


def inner_product(code: Thumb, name: str) -> None:
    """Four loads, two products and a sum in a block of nine."""
    code.load(0, pico.RAM)
    code.label(name)
    code.ldrb(3, 0, 1)
    code.ldrb(4, 0, 2)
    code.muls(4, 3)
    code.adds_r(2, 2, 4)
    code.ldrb(5, 0, 3)
    code.ldrb(6, 0, 4)
    code.muls(6, 5)
    code.adds_r(2, 2, 6)
    code.b(name)


def rate(work: Callable[[Thumb, str], None], instructions: int, turn: int) -> float:
    """Million instructions a second; one core if `turn` is 0."""
    code = pico.thumb()
    if turn:
        duo.launch(code, "second")
    work(code, "first")
    code.label("second")
    work(code, "other")
    board = duo.board() if turn else pico.BOARD
    machine = EmuMachine(pico.program(code), board, Interleaving(turn=turn or 128))
    machine.advance(instructions=100_000, seconds=60.0)
    before, start = machine.counters().instructions, time.perf_counter()
    machine.advance(instructions=instructions, seconds=60.0)
    seconds = time.perf_counter() - start
    issued = machine.counters().instructions - before
    machine.close()
    return issued / seconds / 1e6


def main() -> None:
    """Prints a table."""
    instructions = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    sys.stdout.write(f"{'turn':<10}{'count':>8}{'inner product':>16}   MIPS\n")
    for turn in (*TURNS, 0):
        best = [
            max(rate(work, instructions, turn) for _ in range(3)) for work in (count, inner_product)
        ]
        sys.stdout.write(f"{turn or 'one core':<10}{best[0]:8.0f}{best[1]:16.0f}\n")


if __name__ == "__main__":
    main()
