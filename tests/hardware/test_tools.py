"""Command lines of the flash tools, and the tools themselves where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_arielml.boards import Region, Serial, board_names, load_board
from pytest_arielml.boards.board import FlashTool
from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.runners.serial import Port, flash_tools
from pytest_arielml.runners.serial.binary import flat
from pytest_arielml.runners.serial.flash import Flasher
from pytest_arielml.runners.serial.tools import TOOLS, Job

PATH = os.environ["PATH"]
FLASH = load_board("nrf52840").flash
JLINK = Port("/dev/ttyACM0", (0x1366, 0x1051), "000683123456")
CABLE = Port("/dev/ttyUSB0", (0x0403, 0x6001), "A1")


def job(tmp_path: Path, chip: str | None, port: Port, elf: Path = Path("/x/image.elf")) -> Job:
    return Job(elf, FLASH, chip, port, tmp_path)


def test_probe_rs(tmp_path: Path) -> None:
    tool = TOOLS["probe-rs"]
    options = "--non-interactive --chip nRF52840_xxAA --probe 1366:1051:000683123456"
    probe = job(tmp_path, "nRF52840_xxAA", JLINK)
    assert [" ".join(run) for run in tool.flash(probe)] == [
        f"download {options} --disable-progressbars --verify /x/image.elf",
        f"reset {options}",
    ]
    assert tool.reset is not None
    assert " ".join(tool.reset(probe)) == f"reset {options}"
    # An adapter that is no probe has a serial number that means nothing to the tool.
    assert "--probe" not in tool.flash(job(tmp_path, "nRF52840_xxAA", CABLE))[0]


def test_pyocd(tmp_path: Path) -> None:
    (run,) = TOOLS["pyocd"].flash(job(tmp_path, "nrf52840", JLINK))
    assert " ".join(run) == (
        "load --no-wait --target nrf52840 --uid 683123456 --format elf /x/image.elf"
    )


def test_openocd(tmp_path: Path) -> None:
    pico = Port("/dev/ttyACM0", (0x2E8A, 0x000C), "E66")
    (run,) = TOOLS["openocd"].flash(
        job(tmp_path, "interface/cmsis-dap.cfg target/rp2040.cfg", pico, Path("/a b/image.elf"))
    )
    assert run == [
        *("--file", "interface/cmsis-dap.cfg", "--file", "target/rp2040.cfg"),
        *("--command", "adapter serial E66"),
        *("--command", "program {/a b/image.elf} verify reset exit"),
    ]


def test_picotool(tmp_path: Path) -> None:
    (run,) = TOOLS["picotool"].flash(job(tmp_path, None, CABLE))
    assert run == ["load", "-v", "-x", "/x/image.elf", "-t", "elf"]
    assert TOOLS["picotool"].reset is None


def test_tools_that_take_bytes(tmp_path: Path, lenet5_image: Path) -> None:
    begin, data = flat(lenet5_image, FLASH)
    assert begin == 0
    (run,) = TOOLS["esptool"].flash(job(tmp_path, "esp32c3", CABLE, lenet5_image))
    assert run == [
        *("--chip", "esp32c3", "--port", "/dev/ttyUSB0"),
        *("write_flash", "0x0", str(tmp_path / "image.bin")),
    ]
    assert (tmp_path / "image.bin").read_bytes() == data
    (run,) = TOOLS["bossac"].flash(job(tmp_path, None, CABLE, lenet5_image))
    assert run == [
        *("--port", "ttyUSB0", "--offset=0x0", "--erase", "--write", "--verify", "--reset"),
        str(tmp_path / "image.bin"),
    ]


def test_bytes_are_those_of_objcopy(tmp_path: Path, lenet5_image: Path) -> None:
    objcopy = shutil.which("llvm-objcopy", path=PATH)
    if objcopy is None:
        pytest.skip("needs llvm-objcopy")
    out = tmp_path / "image.bin"
    subprocess.run([objcopy, "-O", "binary", lenet5_image, out], check=True)
    begin, data = flat(lenet5_image, FLASH)
    other = out.read_bytes()
    assert (begin, len(data)) == (0, len(other))
    # Gaps are zeros there, and as erased here.
    assert all(
        ours == its or (ours, its) == (0xFF, 0) for ours, its in zip(data, other, strict=False)
    )


def test_bytes_outside_of_flash_are_refused(lenet5_image: Path) -> None:
    with pytest.raises(ValueError, match="not in flash"):
        flat(lenet5_image, Region(0x1000, 0x1000))


@pytest.mark.parametrize("name", board_names())
def test_every_board_names_tools_that_are_known(name: str) -> None:
    board = load_board(name)
    if board.serial is None:
        pytest.skip("it is emulated only")
    for tool in board.serial.tools:
        assert tool.chip or not TOOLS[tool.name].needs_chip


class TestFlasher:
    def test_an_unknown_tool_is_named(self) -> None:
        board = replace(load_board("nrf52840"), serial=Serial((), (FlashTool("jflash"),)))
        with pytest.raises(UsageError, match="not known") as raised:
            Flasher(board).advice  # noqa: B018
        assert raised.value.found == "jflash"

    def test_a_chip_that_is_missing_is_named(self, tmp_path: Path) -> None:
        (Path(os.environ["PATH"]) / "pyocd").symlink_to(sys.executable)
        board = replace(load_board("nrf52840"), serial=Serial((), (FlashTool("pyocd"),)))
        with pytest.raises(UsageError, match="what pyocd calls its chip"):
            Flasher(board).tool  # noqa: B018

    def test_no_tool(self, tmp_path: Path) -> None:
        flasher = Flasher(load_board("rp2040"))
        assert flasher.tool is None
        assert not flasher.reset(tmp_path, CABLE, 1.0)
        with pytest.raises(Unavailable, match="no tool") as raised:
            flasher.flash(tmp_path, CABLE, 1.0)
        assert "picotool (apt install picotool" in str(raised.value.advice)


def test_tools_are_told_with_their_version(probe_rs, board) -> None:
    assert {finding.found for finding in flash_tools()} == {None}
    probe_rs(board)
    found = {finding.name: finding.found for finding in flash_tools() if finding.found}
    assert found == {"probe-rs": f"0.0.1-stand-in, {os.environ['PATH']}/probe-rs"}


NO_PROBE = {
    "openocd": "No J-Link device found",
    "pyocd": "No connected debug probe",
    "esptool": "Could not open /dev/arielml-none",
    "bossac": "No device found",
}


@pytest.mark.parametrize("name", NO_PROBE)
def test_the_tool_itself_takes_the_command_line(
    name: str, tmp_path: Path, lenet5_image: Path
) -> None:
    """It gets as far as looking for the board."""
    tool = TOOLS[name]
    program = next(filter(None, (shutil.which(p, path=PATH) for p in tool.programs)), None)
    if program is None:
        pytest.skip(f"needs {name}: {tool.get}")
    chips = {"openocd": "board/nordic_nrf52_dk.cfg", "pyocd": "nrf52840", "esptool": "esp32c3"}
    port = replace(JLINK, url="/dev/arielml-none", serial_number="000999999999")
    wanted = Job(lenet5_image, FLASH, chips.get(name), port, tmp_path)
    assert tool.reset or name == "bossac"
    for arguments in [*tool.flash(wanted), *([tool.reset(wanted)] if tool.reset else [])]:
        ran = subprocess.run(
            [program, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PATH": PATH},
        )
        said = ran.stdout + ran.stderr
        assert ran.returncode != 0
        assert NO_PROBE[name].split(":")[0] in said.replace("\n", " "), said
