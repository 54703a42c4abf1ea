"""Flashing: finds the tools, runs them, and tells what they said when they fail."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_arielml.boards import Board
from pytest_arielml.compiler import run_tool
from pytest_arielml.errors import CompileError, DeviceError, Unavailable, UsageError
from pytest_arielml.runners.serial.port import Port
from pytest_arielml.runners.serial.tools import TOOLS, Command, Job, Tool

_log = logging.getLogger(__name__)
_SHOWN: Final = 2000
_LEAST_TIME: Final = 1.0
_VERSION_TIME: Final = 10.0
_VERSION: Final = re.compile(r"\d+\.\d+[\w.+-]*")


@dataclass(frozen=True)
class ToolFinding:
    """A flash tool, looked for: where it is and its version, or `None`."""

    name: str
    gives: str
    get: str
    found: str | None


class Flasher:
    """Flashes and resets one board with the first tool of its file that is installed."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._wanted = board.serial.tools if board.serial else ()

    @property
    def tool(self) -> str | None:
        """The tool that would be used and where it is; `None` when none is installed."""
        found = self._find()
        return f"{found[0].name} ({found[1]})" if found else None

    @property
    def advice(self) -> str:
        """How to get a tool for this board."""
        ways = [f"{tool.name} ({TOOLS[tool.name].get})" for tool in self._known()]
        return "install one of: " + ", ".join(ways) if ways else "flash it with a tool of its maker"

    def flash(self, elf: Path, port: Port, timeout: float) -> str:
        """Puts `elf` into flash and starts it, within `timeout` seconds; the tool's name.

        Raises: Unavailable when no tool is installed, DeviceError with what
        the tool said when it fails.
        """
        found = self._find()
        if found is None:
            raise Unavailable("no tool to flash the board is installed", advice=self.advice)
        tool, program, chip = found
        _log.info("flashing %s with %s", port, tool.name)
        with tempfile.TemporaryDirectory(prefix="arielml-flash-") as folder:
            job = Job(elf, self._board.flash, chip, port, Path(folder))
            _run(tool, program, tool.flash(job), job, timeout)
        return tool.name

    def reset(self, elf: Path, port: Port, timeout: float) -> bool:
        """Restarts the board by the tool; whether there is one that can.

        Raises: DeviceError with what the tool said when it fails.
        """
        found = self._find()
        if found is None or found[0].reset is None:
            return False
        tool, program, chip = found
        with tempfile.TemporaryDirectory(prefix="arielml-flash-") as folder:
            job = Job(elf, self._board.flash, chip, port, Path(folder))
            _run(tool, program, [found[0].reset(job)], job, timeout)
        return True

    def _known(self) -> list[Tool]:
        unknown = [tool.name for tool in self._wanted if tool.name not in TOOLS]
        if unknown:
            raise UsageError(
                f"the file of {self._board.name} names a flash tool that is not known",
                expected="one of: " + ", ".join(TOOLS),
                found=", ".join(unknown),
                advice="correct `tool` of its [[serial.flash]]",
            )
        return [TOOLS[tool.name] for tool in self._wanted]

    def _find(self) -> tuple[Tool, str, str | None] | None:
        for tool, wanted in zip(self._known(), self._wanted, strict=True):
            program = find_program(tool)
            if program is None:
                continue
            if tool.needs_chip and not wanted.chip:
                raise UsageError(
                    f"the file of {self._board.name} does not say what {tool.name} calls its chip",
                    advice=f'add chip = "..." to the [[serial.flash]] of {tool.name}',
                )
            return tool, program, wanted.chip
        return None


def find_program(tool: Tool) -> str | None:
    """Where `tool` is installed; `None` when it is not."""
    return next(filter(None, map(shutil.which, tool.programs)), None)


def flash_tools() -> list[ToolFinding]:
    """Every flash tool, looked for."""
    return [
        ToolFinding(tool.name, tool.gives, tool.get, _described(tool)) for tool in TOOLS.values()
    ]


def _described(tool: Tool) -> str | None:
    program = find_program(tool)
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program, *tool.version],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_VERSION_TIME,
            check=False,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    version = _VERSION.search(said)
    return f"{version.group()}, {program}" if version else f"{program} (its version is unknown)"


def _run(tool: Tool, program: str, runs: Sequence[Command], job: Job, timeout: float) -> None:
    end = time.monotonic() + timeout
    for arguments in runs:
        command = [program, *arguments]
        try:
            finished = run_tool(
                command,
                folder=job.folder,
                timeout=max(end - time.monotonic(), _LEAST_TIME),
                name=tool.name,
            )
        except CompileError as error:
            raise DeviceError(
                error.what,
                where=f"{job.port}: {' '.join(command)}",
                advice="check the probe's cable, or give it longer with --arielml-timeout",
            ) from None
        except OSError as error:
            raise DeviceError(
                f"{tool.name} cannot be started",
                where=program,
                found=str(error),
                advice="start it by hand and see, or install it anew",
            ) from None
        if finished.status != 0:
            raise DeviceError(
                f"{tool.name} could not flash or reset the board",
                where=f"{job.port}: {' '.join(command)}",
                found=f"status {finished.status}, and:\n{finished.output.strip()[-_SHOWN:]}",
                advice="check the probe's cable and the board's power, and that no debugger "
                "has the probe",
            )
