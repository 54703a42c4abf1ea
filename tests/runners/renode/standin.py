"""A program in Renode's place: its flags, its robot server, its monitor, as far as we use them.

Behind the socket of the UART it runs the image on our own emulator. Run as
`standin.py PLAN FLAGS...`; PLAN is a JSON file that says what goes wrong.
What it was told goes to a file of JSON lines that PLAN names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from repl import read, read_script

from pytest_arielml.boards import load_board
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import load_program

FLAGS = ("--plain", "--disable-xwt", "--hide-log")
WITH_VALUE = ("--robot-server-port", "-P", "--config", "--pid-file")


class Refused(Exception):
    """What a keyword answers with FAIL."""


class Plan:
    """What goes wrong, and when: `{"fault": "hang", "at": "ExecuteScript", "after": 1}`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        data = json.loads(path.read_text())
        self.fault = data.get("fault")
        self.at = data.get("at")
        self.after = data.get("after", 0)
        self.version = data.get("version", "1.16.1")
        self.delay = data.get("delay", 0.0)
        self.journal = Path(data["journal"])
        self.once = data.get("once", False)

    def note(self, *words: object) -> None:
        with self.journal.open("a") as file:
            file.write(json.dumps(words) + "\n")

    def due(self, *names: str, at: str | None = None) -> bool:
        """Whether one of the faults happens now."""
        if self.fault not in names or (self.at is not None and at != self.at):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.once:
            data = json.loads(self._path.read_text())
            if data.get("happened"):
                return False
            self._path.write_text(json.dumps(data | {"happened": True}))
        return True


class Uart:
    """The board behind a socket: the emulator runs in a thread of its own."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_server(("", port), reuse_port=False)
        self._client: socket.socket | None = None
        self._machine: EmuMachine | None = None
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self._incoming: list[bytes] = []
        self._waiting: list[bytes] = []
        self.instructions: tuple[int, ...] = ()

    def start(self, elf: Path, board: str) -> None:
        self._machine = EmuMachine(load_program(elf), load_board(board))
        thread = threading.Thread(target=self._run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        self._stop.set()
        with_shutdown(self._server)
        if self._client is not None:
            with_shutdown(self._client)
        for thread in self._threads:
            thread.join()
        if self._machine is not None:
            self._machine.close()

    def _accept(self) -> None:
        try:
            client, _ = self._server.accept()
        except OSError:
            return
        self._client = client
        while not self._stop.is_set():
            try:
                data = client.recv(4096)
            except OSError:
                return
            if not data:
                return
            self._incoming.append(data)

    def _run(self) -> None:
        assert self._machine is not None
        while not self._stop.is_set():
            while self._incoming:
                self._machine.write(self._incoming.pop(0))
            try:
                self._machine.advance(seconds=0.01)
                data = self._machine.read(0.0)
            except GuestFault:
                return
            self.instructions = tuple(core.instructions for core in self._machine.counters().cores)
            if data:
                self._waiting.append(data)
            # What was sent before anybody was connected is kept.
            while self._client is not None and self._waiting:
                try:
                    self._client.sendall(self._waiting.pop(0))
                except OSError:
                    return
            if not data and not self._incoming:
                time.sleep(0.001)


def with_shutdown(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


class Emulation:
    """What `Clear` throws away."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.macros: dict[str, list[str]] = {}
        self.machine: str | None = None
        self.platform: dict[str, Any] = {}
        self.board = ""
        self.elf: Path | None = None
        self.vectors: int | None = None
        self.terminals: dict[str, Uart] = {}
        self.connected: str | None = None
        self.quantum = "0.0001"
        self.immediately = False
        self.serially = False
        self.halted: set[str] = set()
        self.started = time.monotonic()

    def close(self) -> None:
        for uart in self.terminals.values():
            uart.close()


class Renode:
    """The keywords, and the monitor behind them."""

    def __init__(self, plan: Plan, temporary: Path) -> None:
        self.plan = plan
        self.temporary = temporary
        self.emulation = Emulation()
        self.quit = False
        self.keywords: dict[str, Callable[..., Any]] = {
            "ResetEmulation": self.reset,
            "StartEmulation": self.start,
            "ExecuteCommand": lambda command, machine=None: self.command(command),
            "ExecuteScript": lambda path: self.script(path),
            "ExecutePython": lambda command, machine=None: self.python(command),
            "StopRemoteServer": self.stop,
            "AllocateTemporaryFile": lambda: str(temporary / f"{uuid.uuid4()}.tmp"),
        }

    def get_keyword_names(self) -> list[str]:
        if self.plan.due("no keywords"):
            return ["Help"]
        return sorted(self.keywords)

    def run_keyword(self, name: str, arguments: list[Any]) -> dict[str, Any]:
        self.plan.note(name, *arguments)
        if self.plan.due("hang", at=name):
            time.sleep(3600)
        if self.plan.due("die", at=name):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.plan.due("crash", at=name):
            say("Fatal error: out of luck")
            os._exit(134)
        if self.plan.due("fault 1", at=name) or name not in self.keywords:
            raise Fault(1, f'Keyword "{name}" not found')
        if self.plan.due("fault 2", at=name):
            raise Fault(2, f'Arguments types do not match any available keyword "{name}" : []')
        if self.plan.due("garbage", at=name):
            return {"state": "unknown"}
        try:
            if self.plan.due("fail", at=name):
                raise Refused("KeywordException: it does not please me\n")
            result = self._call(name, arguments)
        except Refused as refused:
            return {"status": "FAIL", "error": str(refused), "traceback": "  at Antmicro.Renode"}
        return {"status": "PASS"} if result is None else {"status": "PASS", "return": result}

    def _call(self, name: str, arguments: list[Any]) -> Any:
        """Named arguments are strings `name=value`, and those that look so are taken so."""
        positional: list[str] = []
        named: dict[str, str] = {}
        for argument in arguments:
            if match := re.match(r"([a-zA-Z0-9_]+)=(.+)", argument, re.DOTALL):
                named[match[1]] = match[2]
            elif named:
                raise Refused("ArgumentException: Named arguments must appear after\n")
            else:
                positional.append(argument)
        try:
            return self.keywords[name](*positional, **named)
        except TypeError:
            raise Fault(
                2, f'Arguments types do not match any available keyword "{name}" : {arguments}'
            ) from None

    # Keywords.

    def reset(self) -> None:
        self.emulation.close()
        self.emulation = Emulation()

    def start(self) -> None:
        emulation = self.emulation
        if emulation.elf is None or emulation.connected is None:
            raise Refused("RecoverableException: nothing to start\n")
        expected = load_board(emulation.board).vectors
        if emulation.vectors not in (expected, None):
            raise Refused("the core starts elsewhere\n")
        self._check_cores()
        emulation.started = time.monotonic()
        emulation.terminals[emulation.connected].start(emulation.elf, emulation.board)

    def stop(self) -> None:
        self.quit = True

    def script(self, path: str) -> str:
        file = Path(path)
        script = read_script(file)
        self.emulation.variables["ORIGIN"] = str(file.parent)
        self.emulation.macros |= script.macros
        return "".join(self.command(line) for line in script.commands)

    def python(self, command: str) -> str:
        emulation = self.emulation
        if emulation.connected is None:
            raise Refused("NullReferenceException: no machine\n")
        counts = r'str\(monitor\.Machine\["(sysbus\.cpu(\d?))"\]\.ExecutedInstructions\)'
        if match := re.fullmatch(counts, command):
            self._device(match[1])
            counted = emulation.terminals[emulation.connected].instructions
            return str(counted[int(match[2] or 0)] if counted else 0)
        if command == "str(monitor.Machine.ElapsedVirtualTime.TimeElapsed.TotalSeconds)":
            return str(time.monotonic() - emulation.started)
        raise Refused(f"Python runtime error: {command}\n")

    def _check_cores(self) -> None:
        """What a real one would take in silence, and go wrong with."""
        emulation = self.emulation
        cores = [entry for entry in emulation.platform.values() if entry.kind.startswith("CPU.")]
        if len(cores) != len(load_board(emulation.board).cores):
            raise Refused(f"{len(cores)} cores\n")
        if len(cores) > 1 and not emulation.serially:
            raise Refused("two cores in one Python peripheral at the same time\n")
        for core in cores[1:]:
            if core.kind == "CPU.CortexM" and core.name not in emulation.halted:
                raise Refused(f"{core.name} runs from reset on\n")

    def command(self, command: str) -> str:
        """What the monitor prints: lines that end twice, numbers in hex."""
        self.plan.note("monitor", command)
        for form, action in self._forms():
            if match := re.fullmatch(form, command):
                said = action(*match.groups())
                return "" if said is None else f"{said}\n\n"
        raise Refused(
            f"KeywordException: Could not execute command '{command}': No such command or device\n"
        )

    def _forms(self) -> list[tuple[str, Callable[..., str | None]]]:
        emulation = self.emulation

        def assign(name: str, value: str) -> None:
            emulation.variables[name] = value.replace("\\ ", " ")

        def create(name: str) -> None:
            emulation.machine = name

        def load_platform(folder: str, name: str) -> None:
            path = Path(emulation.variables[folder]) / name
            emulation.platform = dict(read(path))
            emulation.board = path.stem

        def run_macro(name: str) -> None:
            for line in emulation.macros[name]:
                self.command(line)

        def load_elf(name: str) -> None:
            emulation.elf = Path(emulation.variables[name])
            if not emulation.elf.is_file():
                raise Refused(f"RecoverableException: File {emulation.elf} does not exist\n")

        def vectors(cpu: str, address: str) -> None:
            self._device(cpu)
            emulation.vectors = int(address, 16)

        def mips(cpu: str) -> str:
            value = self._device(cpu).number("PerformanceInMips")
            return f"0x{value + self.plan.due('mips'):08X}"

        def terminal(port: str, name: str) -> None:
            if self.plan.due("uart taken"):
                port_taken(port)
            try:
                emulation.terminals[name] = Uart(int(port))
            except OSError:
                port_taken(port)

        def port_taken(port: str) -> NoReturn:
            raise Refused(
                "KeywordException: There was an error when executing command: Unable to create "
                f"'0.0.0.0:{port}' socket:[AddressAlreadyInUse] Address already in use\n"
            )

        def connect(uart: str, name: str) -> None:
            self._device(uart)
            if name not in emulation.terminals:
                raise Refused(f"RecoverableException: no {name}\n")
            emulation.connected = name

        def quantum(value: str) -> None:
            emulation.quantum = value

        def immediately() -> None:
            emulation.immediately = True

        def serially() -> None:
            emulation.serially = True

        def halt(cpu: str) -> None:
            emulation.halted.add(self._device(cpu).name)

        def log_file(path: str) -> None:
            Path(path.replace("\\ ", " ")).write_text("12:00:00 [INFO] sysbus: a line of its log\n")

        return [
            (r"\$(\w+)=@((?:[^ ;]|\\ )+)", assign),
            (r'mach create "(\w+)"', create),
            (r"machine LoadPlatformDescription \$(\w+)/([\w.-]+)", load_platform),
            (r"runMacro \$(\w+)", run_macro),
            (r"sysbus LoadELF \$(\w+)", load_elf),
            (r"(sysbus\.\w+) VectorTableOffset 0x([0-9a-fA-F]+)", vectors),
            (r"(sysbus\.\w+) PerformanceInMips", mips),
            (r'emulation CreateServerSocketTerminal (\d+) "(\w+)" false', terminal),
            (r"connector Connect (sysbus\.\w+) (\w+)", connect),
            (r'emulation SetGlobalQuantum "([\d.]+)"', quantum),
            (r"emulation SetGlobalAdvanceImmediately true", immediately),
            (r"emulation SetGlobalSerialExecution true", serially),
            (r"(sysbus\.\w+) IsHalted true", halt),
            (r"(sysbus\.\w+) MIE 0x00000800", lambda cpu: self._device(cpu) and None),
            (r"logFile @((?:[^ ;]|\\ )+) true", log_file),
        ]

    def _device(self, name: str) -> Any:
        entry = self.emulation.platform.get(name.removeprefix("sysbus."))
        if entry is None:
            raise Refused(f"KeywordException: No such command or device: {name}\n")
        return entry


class Handler(SimpleXMLRPCRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return ""


class Server(SimpleXMLRPCServer):
    """One request at a time; a port that is taken is taken."""

    allow_reuse_address = False


def main(words: list[str]) -> int:
    plan = Plan(Path(words[0]))
    if words[1:] == ["--version"]:
        say(
            f"Renode v{plan.version}.0\n  build: 20ad06d9-202508030050\n  build type: Release\n"
            "  runtime: .NET 8.0.12"
        )
        return 0
    options: dict[str, str] = {}
    rest = iter(words[1:])
    for word in rest:
        if word in WITH_VALUE:
            options[word] = next(rest)
        elif word in FLAGS:
            options[word] = ""
        else:
            say(f"Unexpected options detected: {word}")
            return 1
    if missing := [flag for flag in (*FLAGS, *WITH_VALUE) if flag not in options]:
        say(f"a real one would misbehave without {missing}")
        return 1
    plan.note("start", os.getpid(), *words[1:])
    temporary = own_folder()
    Path(options["--pid-file"]).write_text(str(os.getpid()))
    Path(options["--config"]).touch()
    if plan.due("no start"):
        say("Couldn't find a valid ICU package installed on the system.")
        return 134
    try:
        monitor = socket.create_server(("", int(options["-P"])))
    except OSError:
        traceback.print_exc()
        return 134
    time.sleep(plan.delay)
    renode = Renode(plan, temporary)
    port = int(options["--robot-server-port"])
    if plan.due("robot taken"):
        # Another process was faster, and it speaks the protocol, too.
        return 0
    try:
        server = Server(("", port), Handler, logRequests=False, allow_none=False)
    except OSError:
        return 0
    if not plan.due("no port file"):
        (temporary / "robot_port").write_text(str(port))
    server.register_function(renode.get_keyword_names, "get_keyword_names")
    server.register_function(renode.run_keyword, "run_keyword")
    server.register_function(renode.stop, "stop_remote_server")
    with server, monitor:
        while not renode.quit:
            server.handle_request()
        if plan.due("no end"):
            time.sleep(3600)
    renode.reset()
    shutil.rmtree(temporary)
    return 0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def own_folder() -> Path:
    """Makes its temporary folder; removes those of others whose process has ended."""
    folder = Path(os.environ["TMPDIR"])
    for path in folder.glob("renode-*"):
        number = path.name.removeprefix("renode-")
        if not (number.isdigit() and Path(f"/proc/{number}").exists()):
            shutil.rmtree(path)
    own = folder / f"renode-{os.getpid()}"
    own.mkdir()
    return own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
