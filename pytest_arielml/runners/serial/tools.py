"""Programs that put an image into a board's flash: their command lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_arielml.boards import Region
from pytest_arielml.runners.serial.binary import flat
from pytest_arielml.runners.serial.port import Port

#: Whose USB serial ports are a debug probe's, which tools know by its serial
#: number too: SEGGER, Arm DAPLink, ST-LINK, NXP, Microchip.
_PROBE_VENDORS: Final = (0x1366, 0x0D28, 0x0483, 0x1FC9, 0x03EB)
#: The Raspberry Pi Debug Probe; other products of that vendor are boards.
_DEBUG_PROBE: Final = (0x2E8A, 0x000C)

Command = list[str]


@dataclass(frozen=True)
class Job:
    """What to flash: `elf`, onto what the tool calls `chip`, of the board at `port`.

    `flash` is where that chip has its flash, `folder` for files made on the way.
    """

    elf: Path
    flash: Region
    chip: str | None
    port: Port
    folder: Path

    @property
    def probe(self) -> str | None:
        """Serial number of the debug probe, where the port is one's."""
        usb, number = self.port.usb, self.port.serial_number
        if usb is None or number is None:
            return None
        return number if usb[0] in _PROBE_VENDORS or usb == _DEBUG_PROBE else None

    def binary(self) -> tuple[int, Path]:
        """The image without ELF around it: its offset into flash, and its file."""
        begin, data = flat(self.elf, self.flash)
        path = self.folder / "image.bin"
        path.write_bytes(data)
        return begin - self.flash.origin, path


@dataclass(frozen=True)
class Tool:
    """A program that flashes.

    Attributes:
        name: what boards' files call it.
        programs: what the program is called, the preferred name first.
        gives: what it is good for.
        get: how to get it.
        version: arguments that make it tell its version.
        flash: the arguments of each run that it takes to flash and start an image.
        reset: the arguments that restart the board; `None` where it cannot.
        needs_chip: whether it must be told what the board's chip is.
    """

    name: str
    programs: tuple[str, ...]
    gives: str
    get: str
    version: Command
    flash: Callable[[Job], list[Command]]
    reset: Callable[[Job], Command] | None = None
    needs_chip: bool = True


def _probe_rs_options(job: Job) -> Command:
    options = ["--non-interactive", "--chip", job.chip or ""]
    if job.probe and job.port.usb:
        vendor, product = job.port.usb
        options += ["--probe", f"{vendor:04x}:{product:04x}:{job.probe}"]
    return options


def _probe_rs_flash(job: Job) -> list[Command]:
    options = _probe_rs_options(job)
    download = ["download", *options, "--disable-progressbars", "--verify", str(job.elf)]
    return [download, ["reset", *options]]


def _probe_rs_reset(job: Job) -> Command:
    return ["reset", *_probe_rs_options(job)]


def _pyocd_options(job: Job) -> Command:
    # It would wait for a probe for good. A J-Link has no leading zeros for it,
    # and a part of the number is enough.
    number = ["--uid", job.probe.lstrip("0")] if job.probe else []
    return ["--no-wait", "--target", job.chip or "", *number]


def _pyocd_flash(job: Job) -> list[Command]:
    return [["load", *_pyocd_options(job), "--format", "elf", str(job.elf)]]


def _pyocd_reset(job: Job) -> Command:
    return ["reset", *_pyocd_options(job)]


def _openocd(job: Job, script: str) -> Command:
    """`chip` is the names of its configuration files, the interface's first."""
    options = [part for name in (job.chip or "").split() for part in ("--file", name)]
    if job.probe:
        options += ["--command", f"adapter serial {job.probe}"]
    return [*options, "--command", script]


def _openocd_flash(job: Job) -> list[Command]:
    return [_openocd(job, f"program {{{job.elf}}} verify reset exit")]


def _openocd_reset(job: Job) -> Command:
    return _openocd(job, "init; reset run; shutdown")


def _picotool_flash(job: Job) -> list[Command]:
    return [["load", "-v", "-x", str(job.elf), "-t", "elf"]]


def _esptool_flash(job: Job) -> list[Command]:
    offset, path = job.binary()
    return [[*_esptool(job), "write_flash", f"{offset:#x}", str(path)]]


def _esptool_reset(job: Job) -> Command:
    return [*_esptool(job), "run"]


def _esptool(job: Job) -> Command:
    return ["--chip", job.chip or "", "--port", job.port.url]


def _bossac_flash(job: Job) -> list[Command]:
    offset, path = job.binary()
    run = ["--port", job.port.url.removeprefix("/dev/"), f"--offset={offset:#x}"]
    return [[*run, "--erase", "--write", "--verify", "--reset", str(path)]]


_TOOLS: Final = (
    Tool(
        "probe-rs",
        ("probe-rs",),
        "flashes by debug probe: J-Link, ST-LINK, CMSIS-DAP",
        "https://probe.rs/docs/getting-started/installation",
        ["--version"],
        _probe_rs_flash,
        _probe_rs_reset,
    ),
    Tool(
        "pyocd",
        ("pyocd",),
        "flashes Cortex-M boards by debug probe",
        "pip install pyocd",
        ["--version"],
        _pyocd_flash,
        _pyocd_reset,
    ),
    Tool(
        "openocd",
        ("openocd",),
        "flashes by debug probe",
        "apt install openocd",
        ["--version"],
        _openocd_flash,
        _openocd_reset,
    ),
    Tool(
        "picotool",
        ("picotool",),
        "flashes a Raspberry Pi Pico in BOOTSEL mode by its own USB",
        "apt install picotool, or https://github.com/raspberrypi/picotool",
        ["version"],
        _picotool_flash,
        needs_chip=False,
    ),
    Tool(
        "esptool",
        ("esptool", "esptool.py"),
        "flashes Espressif chips over their serial port",
        "pip install esptool",
        ["version"],
        _esptool_flash,
        _esptool_reset,
    ),
    Tool(
        "bossac",
        ("bossac",),
        "flashes SAM chips with a SAM-BA bootloader over their serial port",
        "apt install bossa-cli",
        ["--help"],
        _bossac_flash,
        needs_chip=False,
    ),
)

TOOLS: Final = {tool.name: tool for tool in _TOOLS}
