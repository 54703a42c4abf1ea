"""A board from the tables of its TOML file, every field checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pytest_arielml.boards.board import (
    Board,
    Core,
    FlashTool,
    Qemu,
    Region,
    Renode,
    Serial,
    Timer,
    Uart,
)
from pytest_arielml.boards.parse_bus import parse_bus
from pytest_arielml.boards.table import ADDRESS_SPACE, Table
from pytest_arielml.units import format_bytes

_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
_CPU: Final = re.compile(r"[a-z0-9][a-z0-9.+_-]*")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PATH: Final = re.compile(r"[A-Za-z0-9_.]+")
_TEXT: Final = re.compile(r"[^\n]+")
_USB: Final = re.compile(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}")
# The strictest of the calling conventions that boards here have (RISC-V's).
_STACK_ALIGNMENT: Final = 16


def parse_board(data: Mapping[str, Any], path: Path) -> Board:
    """The board that `data` describes; `path` is for messages.

    Raises: UsageError naming the file, the key, what was expected and what
    was found.
    """
    top = Table(data, path, "")
    top.only(
        "name",
        "description",
        "architecture",
        "common_architecture",
        "support",
        "stack",
        "vectors",
        "cores",
        "memory",
        "uart",
        "timer",
        "qemu",
        "renode",
        "serial",
        "bus",
    )
    name = top.text("name", _NAME, "small letters, digits and dashes")
    memory = _memory(top.table("memory"))
    architecture = top.text("architecture", _CPU, "a target triple, thumbv7em-none-eabihf")
    board = Board(
        name=name,
        description=top.text("description", _TEXT, "one line of text"),
        architecture=architecture,
        common_architecture=top.text(
            "common_architecture",
            _CPU,
            "a target triple, thumbv8m.main-none-eabi",
            default=architecture,
        ),
        support=top.text("support", _NAME, "name of a supported board", default=name),
        stack=top.size("stack"),
        cores=tuple(_core(table) for table in top.tables("cores")),
        memory=memory,
        uart=_uart(top.table("uart")),
        timer=_timer(top.table("timer")),
        vectors=top.address("vectors", default=memory["flash"].origin),
        flash_data=_flash_data(top.table("memory").table("flash")),
        qemu=_qemu(top.table("qemu")) if "qemu" in data else None,
        renode=_renode(top.table("renode")) if "renode" in data else None,
        serial=_serial(top.table("serial")) if "serial" in data else None,
        bus=parse_bus(top.table("bus"), memory) if "bus" in data else None,
    )
    _check(board, top)
    return board


def _core(table: Table) -> Core:
    table.only("cpu", "fpu", "clock_hz")
    return Core(
        cpu=table.text("cpu", _CPU, "the name that LLVM has for it, cortex-m4"),
        fpu=table.boolean("fpu"),
        clock_hz=table.integer("clock_hz", 1, ADDRESS_SPACE - 1),
    )


def _memory(table: Table) -> dict[str, Region]:
    table.only("flash", "ram", "boot")
    names = ("flash", "ram", *(("boot",) if table.has("boot") else ()))
    others = {"flash": ("data",)}
    regions = {name: _region(table.table(name), *others.get(name, ())) for name in names}
    for number, name in enumerate(names):
        for other in names[:number]:
            here, there = regions[name], regions[other]
            if here.origin < there.end and there.origin < here.end:
                raise table.error(
                    name,
                    f"a range apart from {other}",
                    f"{name} {_range(here)} overlaps {other} {_range(there)}",
                )
    return regions


def _flash_data(table: Table) -> int | None:
    return table.address("data") if "data" in table else None


def _region(table: Table, *others: str) -> Region:
    table.only("origin", "length", *others)
    region = Region(table.address("origin"), table.size("length"))
    if region.end > ADDRESS_SPACE:
        raise table.error("length", "a region that ends within 4 GiB", _range(region))
    return region


def _uart(table: Table) -> Uart:
    table.only("model", "base", "baud")
    return Uart(
        model=table.text("model", _NAME, "kind of peripheral, nrf-uarte"),
        base=table.address("base"),
        baud=table.integer("baud", 1, ADDRESS_SPACE - 1),
    )


def _timer(table: Table) -> Timer:
    table.only("model", "base", "hz")
    return Timer(
        model=table.text("model", _NAME, "kind of peripheral, nrf-timer"),
        base=table.address("base"),
        hz=table.integer("hz", 1, ADDRESS_SPACE - 1),
    )


def _qemu(table: Table) -> Qemu:
    table.only("system", "machine", "shift", "arguments")
    return Qemu(
        system=table.text("system", _NAME, "end of the program's name, arm"),
        machine=table.text("machine", _CPU, "QEMU's name of the machine, mps2-an386"),
        shift=table.integer("shift", 0, 10),
        arguments=tuple(table.texts("arguments", default=())),
    )


def _renode(table: Table) -> Renode:
    table.only("platform", "cpu", "uart", "mips")
    return Renode(
        platform=table.text("platform", _FILE, "name of a file in renode_platforms"),
        cpu=table.text("cpu", _PATH, "Renode's name of the core, sysbus.cpu"),
        uart=table.text("uart", _PATH, "Renode's name of the UART, sysbus.uart0"),
        mips=table.integer("mips", 1, 100_000),
    )


def _serial(table: Table) -> Serial:
    table.only("usb", "flash")
    usb = []
    for text in table.texts("usb", default=()):
        if not _USB.fullmatch(text):
            raise table.error("usb", "vendor and product id in hex, 1366:1015", repr(text))
        vendor, _, product = text.partition(":")
        usb.append((int(vendor, 16), int(product, 16)))
    return Serial(tuple(usb), tuple(_flash_tool(tool) for tool in table.tables("flash")))


def _flash_tool(table: Table) -> FlashTool:
    table.only("tool", "chip")
    return FlashTool(
        name=table.text("tool", _NAME, "name of a program, probe-rs"),
        chip=table.text("chip", _TEXT, "the program's name of the chip", default="") or None,
    )


def _check(board: Board, top: Table) -> None:
    """What takes more than one field to see."""
    if not board.flash.origin <= board.vectors < board.flash.end:
        raise top.error(
            "vectors", f"an address in flash, {_range(board.flash)}", f"{board.vectors:#010x}"
        )
    if board.flash_data is not None:
        view = Region(board.flash_data, board.flash.length)
        for name, region in board.memory.items():
            if view.origin < region.end and region.origin < view.end:
                raise top.error(
                    "memory.flash.data",
                    f"as many addresses as flash has, apart from {name}'s",
                    f"{_range(view)} overlaps {_range(region)}",
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
