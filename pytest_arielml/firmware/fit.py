"""Whether an image fits its board: asked before it boots."""

from __future__ import annotations

from typing import Final

from pytest_arielml.boards import Board, board_names, load_board
from pytest_arielml.compiler import CompiledModel
from pytest_arielml.errors import DoesNotFit
from pytest_arielml.firmware.size import SizeReport
from pytest_arielml.units import format_bytes

# Boards that an error names.
_NAMED: Final = 4


def check_fit(compiled: CompiledModel, board: Board, size: SizeReport, data: int = 0) -> None:
    """Raises DoesNotFit when flash or RAM is too small; `data` is what RAM holds besides.

    RAM is counted from below: static data, stacks, and the tensors of one
    call. What the runtime keeps on its arena besides is only known on the
    device, which reports it when it runs out.
    """
    if size.flash > board.flash.length:
        raise _error("flash", compiled, board, size.flash, board.flash.length, size.largest())
    parts = {
        "transients and results": compiled.statistics.transient,
        "inputs": compiled.input_bytes,
        "data of the runner": data,
        "variables": compiled.statistics.variable,
        "stacks": size.stacks,
        "static data": size.ram_static,
    }
    needed = sum(parts.values())
    if needed > board.ram.length:
        largest = sorted(parts.items(), key=lambda part: -part[1])[:4]
        raise _error("RAM", compiled, board, needed, board.ram.length, largest)


def _error(
    memory: str,
    compiled: CompiledModel,
    board: Board,
    needed: int,
    available: int,
    largest: list[tuple[str, int]],
) -> DoesNotFit:
    at_least = "at least " if memory == "RAM" else ""
    parts = ", ".join(f"{name} {format_bytes(count)}" for name, count in largest if count)
    return DoesNotFit(
        f"{compiled.name} does not fit the {memory} of {board.name}",
        expected=f"at most {format_bytes(available)} ({available:,} bytes)",
        found=f"{at_least}{format_bytes(needed)} ({needed:,} bytes): {parts}",
        advice=f"make the model {format_bytes(needed - available)} smaller, "
        f"or take a board with more {memory}{_larger(memory, needed)}",
    )


def _larger(memory: str, needed: int) -> str:
    """The boards that have as much, those with least first: ``: rp2350, stm32h745``."""
    boards = [load_board(name) for name in board_names()]
    lengths = {board.name: board.memory[memory.lower()].length for board in boards}
    enough = sorted((length, name) for name, length in lengths.items() if length >= needed)
    return ": " + ", ".join(name for _, name in enough[:_NAMED]) if enough else ""
