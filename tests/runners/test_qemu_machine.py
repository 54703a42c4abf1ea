"""The stream of a board in QEMU, and what is said when QEMU goes wrong."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from pathlib import Path

import pytest
from qemu_mps2 import ORIGIN, SPINS, boot, echoing, image, say, start, timing
from thumb import Thumb

from pytest_arielml.boards.board import Qemu
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.qemu import QemuMachine
from pytest_arielml.runners.qemu.command import command_line
from pytest_arielml.runners.qemu.program import find_program
from pytest_arielml.wire import Client

LONG = 20.0


def stand_in(script: str) -> QemuMachine:
    """A program in QEMU's place; `wire` is its end of the UART."""
    text = "import os, socket, sys, time\nwire = socket.socket(fileno=int(sys.argv[1]))\n"
    text += textwrap.dedent(script)
    return QemuMachine(lambda wire: [sys.executable, "-c", text, str(wire)], 10**9)


def read(machine: QemuMachine, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = machine.stream.read(LONG)
        assert piece, f"only {data!r} came"
        data += piece
    return data


class TestStandIns:
    def test_bytes_go_both_ways(self) -> None:
        machine = stand_in("while data := wire.recv(100): wire.send(data.upper())")
        machine.stream.write(b"abc")
        assert read(machine, 3) == b"ABC"
        assert machine.stream.read(0.0) == b""
        assert machine.counters() is None
        assert not machine.displaced
        machine.close()

    def test_silence_lasts_as_long_as_asked(self) -> None:
        machine = stand_in("time.sleep(100)")
        begin = time.monotonic()
        assert machine.stream.read(0.2) == b""
        assert 0.2 <= time.monotonic() - begin < LONG
        machine.close()

    def test_a_death_is_noticed_at_once_with_the_last_words(self) -> None:
        machine = stand_in("wire.send(b'last'); print('qemu: so it goes'); sys.exit(7)")
        assert read(machine, 4) == b"last"
        begin = time.monotonic()
        with pytest.raises(GuestFault, match="QEMU ended with status 7") as error:
            machine.stream.read(1000.0)
        assert time.monotonic() - begin < LONG
        assert error.value.found == "qemu: so it goes"
        assert str(error.value.where).startswith(sys.executable)
        # It stays dead, and writing to it is no crash of ours.
        machine.stream.write(b"hello")
        with pytest.raises(GuestFault, match="status 7"):
            machine.stream.read(0.0)
        machine.close()

    def test_a_death_by_a_signal_names_it(self) -> None:
        machine = stand_in("os.kill(os.getpid(), 11)")
        with pytest.raises(GuestFault, match="QEMU ended by SIGSEGV") as error:
            machine.stream.read(LONG)
        assert error.value.found == "(it said nothing)"
        machine.close()

    def test_a_flood_in_the_log_neither_stops_it_nor_fills_memory(self) -> None:
        machine = stand_in(
            """
            for number in range(200_000):
                print('Invalid read', number)
            sys.stdout.flush()
            wire.send(b'done')
            time.sleep(100)
            """
        )
        assert read(machine, 4) == b"done"
        said = machine.stream.explain()
        assert said.endswith("\nInvalid read 199999")
        assert len(said) < 10_000
        machine.close()

    def test_a_board_that_takes_no_bytes_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pytest_arielml.runners.qemu.machine._PATIENCE", 0.3)
        machine = stand_in("time.sleep(100)")
        with pytest.raises(GuestFault, match="the board takes no bytes"):
            machine.stream.write(bytes(1 << 22))
        machine.close()

    def test_a_closed_uart_of_a_living_qemu_is_told_apart(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pytest_arielml.runners.child._ENDING", 0.3)
        machine = stand_in("wire.close(); time.sleep(100)")
        with pytest.raises(GuestFault, match="QEMU has closed the UART"):
            machine.stream.read(LONG)
        machine.close()

    def test_silence_at_the_client_shows_command_line_and_log(self) -> None:
        machine = stand_in("print('cpu: stuck', flush=True); time.sleep(100)")
        with pytest.raises(GuestFault, match="did not greet") as error:
            Client(machine.stream, timeout=1.0).wait_for_greeting()
        found = str(error.value.found)
        assert "last frames:" in found
        assert f"command line of QEMU: {sys.executable}" in found
        assert "log of QEMU: cpu: stuck" in found
        machine.close()

    def test_a_closed_board_says_so(self) -> None:
        machine = stand_in("time.sleep(100)")
        machine.close()
        machine.close()
        machine.stream.close()
        with pytest.raises(ValueError, match="closed"):
            machine.stream.read(0.0)
        with pytest.raises(ValueError, match="closed"):
            machine.stream.write(b"x")


@pytest.mark.usefixtures("qemu")
class TestQemu:
    def test_bytes_go_both_ways(self, tmp_path: Path) -> None:
        machine = boot(tmp_path / "echo.elf", echoing())
        assert read(machine, 1) == b"B"
        for value in (0, 1, 0x7F, 0xFF):
            machine.stream.write(bytes([value]))
            assert read(machine, 1) == bytes([value])
        data = bytes(range(256)) * 40
        machine.stream.write(data)
        assert read(machine, len(data)) == data
        machine.close()

    def test_virtual_time_counts_instructions_the_same_each_time(self, tmp_path: Path) -> None:
        counts = set()
        for _ in range(2):
            machine = boot(tmp_path / "timing.elf", timing())
            assert read(machine, 1) == b"B"
            for _ in range(5):
                machine.stream.write(b"x")
                counts.add(int.from_bytes(read(machine, 4), "little"))
            # Two instructions a turn, MOVW and MOVT in front and a load behind.
            rate = machine.instructions_per_second / 25_000_000
            machine.close()
        assert rate == 1.25
        assert max(counts) - min(counts) <= 1
        assert all(abs(count * rate - (2 * SPINS + 3)) <= 2 * rate for count in counts)

    def test_a_sleeping_board_takes_no_time_of_the_host(self, tmp_path: Path) -> None:
        machine = boot(tmp_path / "echo.elf", echoing())
        assert read(machine, 1) == b"B"
        machine.stream.read(0.2)
        before = processor_seconds(machine.pid)
        assert machine.stream.read(1.0) == b""
        assert processor_seconds(machine.pid) - before < 0.3
        machine.close()

    def test_a_lockup_ends_qemu_with_its_registers_in_the_log(self, tmp_path: Path) -> None:
        code = Thumb(ORIGIN)
        start(code)
        say(code, "!")
        code.load(0, 0x9000_0000)
        code.ldr(0, 0)
        machine = boot(tmp_path / "lockup.elf", code)
        assert read(machine, 1) == b"!"
        with pytest.raises(GuestFault, match="QEMU ended by SIGABRT") as error:
            machine.stream.read(LONG)
        found = str(error.value.found)
        assert "Lockup" in found
        assert "R00=90000000" in found
        assert "has no peer" not in found
        assert "-machine mps2-an386" in str(error.value.where)
        assert "lockup.elf" in str(error.value.where)
        machine.close()

    def test_what_the_guest_does_wrong_is_in_the_log(self, tmp_path: Path) -> None:
        code = Thumb(ORIGIN)
        start(code)
        code.store(0x4000_4FFC, 1)
        say(code, "!")
        code.label("end")
        code.wfi()
        code.b("end")
        machine = boot(tmp_path / "wrong.elf", code)
        assert read(machine, 1) == b"!"
        assert "CMSDK APB UART write: write to RO offset 0xffc" in machine.stream.explain()
        machine.close()

    def test_a_machine_that_this_qemu_has_not(self, tmp_path: Path) -> None:
        elf = image(tmp_path / "echo.elf", echoing()).elf
        program = find_program("arm", None).path
        abacus = Qemu("arm", "abacus", 5)
        machine = QemuMachine(lambda wire: command_line(program, abacus, elf, wire), 1)
        with pytest.raises(GuestFault, match="QEMU ended with status 1") as error:
            machine.stream.read(LONG)
        assert "unsupported machine type" in str(error.value.found)
        machine.close()


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
