"""A board from the tables of its TOML file, every field checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pytest_arielml.boards.board import Board, Core, Region, Timer, Uart
from pytest_arielml.errors import UsageError
from pytest_arielml.units import format_bytes, parse_bytes

_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
_CPU: Final = re.compile(r"[a-z0-9][a-z0-9.+_-]*")
_ADDRESS_SPACE: Final = 1 << 32
_CORES_MOST: Final = 16
# The strictest of the calling conventions that boards here have (RISC-V's).
_STACK_ALIGNMENT: Final = 16


def parse_board(data: Mapping[str, Any], path: Path) -> Board:
    """The board that `data` describes; `path` is for messages.

    Raises: UsageError naming the file, the key, what was expected and what
    was found.
    """
    top = _Table(data, path, "")
    top.only(
        "name",
        "description",
        "architecture",
        "support",
        "stack",
        "vectors",
        "cores",
        "memory",
        "uart",
        "timer",
    )
    name = top.text("name", _NAME, "small letters, digits and dashes")
    memory = _memory(top.table("memory"))
    board = Board(
        name=name,
        description=top.text("description", re.compile(r"[^\n]+"), "one line of text"),
        architecture=top.text("architecture", _CPU, "a target triple, thumbv7em-none-eabihf"),
        support=top.text("support", _NAME, "name of a supported board", default=name),
        stack=top.size("stack"),
        cores=tuple(_core(table) for table in top.tables("cores")),
        memory=memory,
        uart=_uart(top.table("uart")),
        timer=_timer(top.table("timer")),
        vectors=top.address("vectors", default=memory["flash"].origin),
    )
    _check(board, top)
    return board


def _core(table: _Table) -> Core:
    table.only("cpu", "fpu", "clock_hz")
    return Core(
        cpu=table.text("cpu", _CPU, "the name that LLVM has for it, cortex-m4"),
        fpu=table.boolean("fpu"),
        clock_hz=table.integer("clock_hz", 1, _ADDRESS_SPACE - 1),
    )


def _memory(table: _Table) -> dict[str, Region]:
    table.only("flash", "ram")
    regions = {name: _region(table.table(name)) for name in ("flash", "ram")}
    flash, ram = regions["flash"], regions["ram"]
    if flash.origin < ram.end and ram.origin < flash.end:
        raise table.error(
            "ram",
            "a range apart from flash",
            f"ram {_range(ram)} overlaps flash {_range(flash)}",
        )
    return regions


def _region(table: _Table) -> Region:
    table.only("origin", "length")
    region = Region(table.address("origin"), table.size("length"))
    if region.end > _ADDRESS_SPACE:
        raise table.error("length", "a region that ends within 4 GiB", _range(region))
    return region


def _uart(table: _Table) -> Uart:
    table.only("model", "base", "baud")
    return Uart(
        model=table.text("model", _NAME, "kind of peripheral, nrf-uarte"),
        base=table.address("base"),
        baud=table.integer("baud", 1, _ADDRESS_SPACE - 1),
    )


def _timer(table: _Table) -> Timer:
    table.only("model", "base", "hz")
    return Timer(
        model=table.text("model", _NAME, "kind of peripheral, nrf-timer"),
        base=table.address("base"),
        hz=table.integer("hz", 1, _ADDRESS_SPACE - 1),
    )


def _check(board: Board, top: _Table) -> None:
    """What takes more than one field to see."""
    kinds = {(core.cpu, core.fpu) for core in board.cores}
    if len(kinds) != 1:
        found = ", ".join(f"{cpu}{' with FPU' if fpu else ''}" for cpu, fpu in sorted(kinds))
        raise top.error("cores", "cores of one kind: a model is compiled once", found)
    if not board.flash.origin <= board.vectors < board.flash.end:
        raise top.error(
            "vectors", f"an address in flash, {_range(board.flash)}", f"{board.vectors:#010x}"
        )
    if board.stack % _STACK_ALIGNMENT:
        raise top.error("stack", f"a multiple of {_STACK_ALIGNMENT} bytes", str(board.stack))
    stacks = board.stack * len(board.cores)
    if stacks >= board.ram.length:
        raise top.error(
            "stack",
            f"stacks that leave RAM over ({format_bytes(board.ram.length)} in all)",
            f"{len(board.cores)} x {format_bytes(board.stack)}",
        )


def _range(region: Region) -> str:
    return f"{region.origin:#010x} to {region.end:#010x}"


class _Table:
    """A TOML table that knows where it is, and gives checked values."""

    def __init__(self, data: Mapping[str, Any], path: Path, prefix: str) -> None:
        self._data = data
        self._path = path
        self._prefix = prefix

    def error(self, key: str, expected: str, found: str, advice: str | None = None) -> UsageError:
        return UsageError(
            f"the board's file is wrong at {self._prefix}{key}",
            where=str(self._path),
            expected=expected,
            found=found,
            advice=advice or f"correct {self._prefix}{key} there",
        )

    def only(self, *keys: str) -> None:
        """Refuses keys that mean nothing: they are mistyped or of another release."""
        for key in self._data:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                raise self.error(
                    key,
                    "one of: " + ", ".join(keys),
                    f"unknown key {key!r}",
                    f"did you mean {self._prefix}{near[0]}?" if near else None,
                )

    def text(
        self, key: str, form: re.Pattern[str], meaning: str, *, default: str | None = None
    ) -> str:
        if default is not None and key not in self._data:
            return default
        value = self._value(key, meaning)
        if not isinstance(value, str) or not form.fullmatch(value):
            raise self.error(key, meaning, repr(value))
        return value

    def boolean(self, key: str) -> bool:
        value = self._value(key, "true or false")
        if not isinstance(value, bool):
            raise self.error(key, "true or false", repr(value))
        return value

    def integer(self, key: str, least: int, most: int) -> int:
        meaning = f"a whole number from {least} to {most}"
        value = self._value(key, meaning)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.error(key, meaning, repr(value))
        return value

    def address(self, key: str, *, default: int | None = None) -> int:
        if default is not None and key not in self._data:
            return default
        value = self.integer(key, 0, _ADDRESS_SPACE - 1)
        if value % 4:
            raise self.error(key, "an address that is a multiple of 4", f"{value:#x}")
        return value

    def size(self, key: str) -> int:
        meaning = "a size such as 16KiB, or a number of bytes"
        value = self._value(key, meaning)
        try:
            size = parse_bytes(value)
        except UsageError:
            size = 0
        if not 0 < size <= _ADDRESS_SPACE or size % 4:
            raise self.error(key, meaning + ", more than 0 and a multiple of 4", repr(value))
        return size

    def table(self, key: str) -> _Table:
        value = self._value(key, f"a table, [{self._prefix}{key}]")
        if not isinstance(value, dict):
            raise self.error(key, f"a table, [{self._prefix}{key}]", repr(value))
        return _Table(value, self._path, f"{self._prefix}{key}.")

    def tables(self, key: str) -> list[_Table]:
        meaning = f"1 to {_CORES_MOST} tables, [[{self._prefix}{key}]]"
        value = self._value(key, meaning)
        if (
            not isinstance(value, list)
            or not 1 <= len(value) <= _CORES_MOST
            or not all(isinstance(item, dict) for item in value)
        ):
            raise self.error(key, meaning, repr(value))
        return [
            _Table(item, self._path, f"{self._prefix}{key}[{index}].")
            for index, item in enumerate(value)
        ]

    def _value(self, key: str, meaning: str) -> Any:
        if key not in self._data:
            raise self.error(key, meaning, "nothing", f"add {self._prefix}{key}")
        return self._data[key]
