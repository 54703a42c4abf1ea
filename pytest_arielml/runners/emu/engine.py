"""Unicorn engines, one a core, and the native board around them: opened, and closed for good."""

from __future__ import annotations

import ctypes
import mmap
from dataclasses import dataclass
from typing import Final

from unicorn import unicorn_const

from pytest_arielml.boards import Board
from pytest_arielml.errors import UsageError
from pytest_arielml.runners.emu import native
from pytest_arielml.runners.emu.cores import RISCV, CoreModel, core_model
from pytest_arielml.runners.emu.harts import set_extensions, set_hart
from pytest_arielml.runners.emu.program import Program
from pytest_arielml.runners.emu.waits import memory_records

_PAGE: Final = 0x1000
_RECEIVE: Final = 1 << 16

# What the board's start-up code touches beside its UART and timer, by the timer,
# which tells the family of the chip.
_COMPANIONS: Final = {
    "clint": (("plic", 0x0C00_0000), ("sifive-test", 0x0010_0000)),
    "esp32c3-systimer": (
        ("esp32c3-rtc-cntl", 0x6000_8000),
        ("esp-io-mux", 0x6000_9000),
        ("esp-timg0", 0x6001_F000),
        ("esp-timg1", 0x6002_0000),
        ("esp32c3-system", 0x600C_0000),
        ("esp32c3-interrupts", 0x600C_2000),
    ),
    "esp32c6-systimer": (
        ("esp32c6-plic", 0x2000_1000),
        ("esp-timg0", 0x6000_8000),
        ("esp-timg1", 0x6000_9000),
        ("esp32c6-intmtx", 0x6001_0000),
        ("esp-io-mux", 0x6009_0000),
        ("esp32c6-pcr", 0x6009_6000),
        ("esp32c6-modem-lpcon", 0x600A_F000),
        ("esp32c6-i2c-ana-mst", 0x600A_F800),
        ("esp32c6-pmu", 0x600B_0000),
        ("esp32c6-lp-aon", 0x600B_1000),
        ("esp32c6-lp-wdt", 0x600B_1C00),
    ),
    "nrf-timer": (("nrf-clock", 0x4000_0000), ("nrf-gpio", 0x5000_0000)),
    "nrf53-timer": (
        ("nrf53-cache", 0x5000_1000),
        ("nrf53-spu", 0x5000_3000),
        ("nrf53-clock", 0x5000_5000),
        ("nrf53-ipc", 0x5002_A000),
        ("nrf53-mutex", 0x5003_0000),
        ("nrf53-ipc", 0x4101_2000),
        # Its registers are at the end of the page.
        ("nrf-gpio", 0x5084_2000),
    ),
    "rp2040-timer": (
        ("rp2040-clocks", 0x4000_8000),
        ("rp2040-resets", 0x4000_C000),
        ("rp2040-psm", 0x4001_0000),
        ("rp2040-io-bank0", 0x4001_4000),
        ("rp2040-pads-bank0", 0x4001_C000),
        ("rp2040-xosc", 0x4002_4000),
        ("rp2040-pll", 0x4002_8000),
        ("rp2040-watchdog", 0x4005_8000),
        ("rp2040-sio", 0xD000_0000),
    ),
    "rp2350-timer": (
        ("rp2350-clocks", 0x4001_0000),
        ("rp2350-psm", 0x4001_8000),
        ("rp2350-resets", 0x4002_0000),
        ("rp2350-io-bank0", 0x4002_8000),
        ("rp2350-pads-bank0", 0x4003_8000),
        ("rp2350-xosc", 0x4004_8000),
        ("rp2350-pll", 0x4005_0000),
        ("rp2350-watchdog", 0x400D_8000),
        ("rp2350-ticks", 0x4010_8000),
        ("rp2350-sio", 0xD000_0000),
    ),
    "stm32-tim": (
        ("stm32-gpio", 0x4002_0000),
        ("stm32-rcc", 0x4002_3800),
        ("stm32-flash", 0x4002_3C00),
    ),
    "stm32h7-tim": (
        ("stm32h7-flash", 0x5200_2000),
        ("stm32h7-syscfg", 0x5800_0400),
        ("stm32-gpio", 0x5802_0C00),
        ("stm32h7-rcc", 0x5802_4400),
        ("stm32h7-pwr", 0x5802_4800),
        ("stm32h7-hsem", 0x5802_6400),
    ),
}

# What its cores agree by, where the timer does not tell.
_SUBSYSTEMS: Final = {
    "mps2-an521": (
        ("sse200-mhu", 0x5000_3000),
        ("sse200-cpu-identity", 0x5001_F000),
        ("sse200-control", 0x5002_1000),
    ),
}

# `UC_CTL_WRITE(UC_CTL_CPU_MODEL, 1)` of unicorn.h.
_SET_CPU_MODEL: Final = (
    unicorn_const.UC_CTL_CPU_MODEL | 1 << 26 | unicorn_const.UC_CTL_IO_WRITE << 30
)


@dataclass(frozen=True)
class Interleaving:
    """How the cores of a board take turns.

    The same one gives the same run. With `seed` 0 cores agree in the order of
    their times: this is for figures. Another one gives another order of what
    the cores do at about the same time: these are for finding races.

    Attributes:
        seed: gives the lengths of the turns, and from 1 on which core begins.
        turn: instructions of a turn, on average.
    """

    seed: int = 0
    turn: int = 128


class Engine:
    """One emulated board with a program in its flash, reset and ready to run.

    With `bus_model` cores wait for memories, by the board's figures.

    Raises: UsageError when the board cannot be modelled or the program lies
    outside its memories; Unavailable when a library is missing.
    """

    def __init__(
        self, board: Board, program: Program, interleaving: Interleaving, *, bus_model: bool = False
    ) -> None:
        self.library = native.load_native()
        self.cores = tuple(core_model(core.cpu) for core in board.cores)
        self._unicorn = native.load_unicorn()
        self._handles: list[ctypes.c_void_p] = []
        self._board: int | None = None
        self._memories: list[mmap.mmap] = []
        self._buffer = ctypes.create_string_buffer(_RECEIVE)
        try:
            for number, core in enumerate(self.cores):
                self._open(core, number)
            self._create(board, program)
            self.library.interleave(self._board, interleaving.turn, interleaving.seed)
            if bus_model:
                self._wait_for(board)
            self._map(board, program)
            self._attach(board)
            for index, symbol in enumerate(program.watched):
                if self.library.watch(self._board, symbol.address) != index:
                    raise RuntimeError("watched functions are numbered in order")
            self.library.reset(self._board)
        except BaseException:
            self.close()
            raise

    def run(self, instructions: int, seconds: float) -> int:
        """Runs the guest; why it stopped is one of `native.TIME` to `native.FAULT`."""
        state = int(self.library.run(self._board, instructions, seconds))
        if state < 0:
            raise RuntimeError("the emu runner's native library failed; please report this")
        return state

    def send(self, data: bytes) -> None:
        """Queues bytes for the guest's UART."""
        self.library.send(self._board, data, len(data))

    def receive(self) -> bytes:
        """What the guest sent since the last call."""
        taken = []
        while count := self.library.receive(self._board, self._buffer, _RECEIVE):
            taken.append(self._buffer.raw[:count])
        return b"".join(taken)

    def totals(self, core: int) -> native.Totals:
        """Counts of `core` since power-on."""
        totals = native.Totals()
        self.library.counters(self._board, core, ctypes.byref(totals))
        return totals

    def span(self, core: int, index: int) -> native.SpanRecord:
        """Counts of the watched function `index` on `core`."""
        record = native.SpanRecord()
        self.library.span(self._board, core, index, ctypes.byref(record))
        return record

    def waited(self, core: int, memory: int) -> native.WaitedRecord:
        """What `core` waited for a memory of the bus model, in the order of `Bus.memories`."""
        record = native.WaitedRecord()
        self.library.waited(self._board, core, memory, ctypes.byref(record))
        return record

    def fault(self) -> native.FaultRecord | None:
        """What ended the run, if a fault did."""
        record = native.FaultRecord()
        return record if self.library.fault(self._board, ctypes.byref(record)) else None

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return not self._handles

    def close(self) -> None:
        """Frees engines, board and memories; a second call does nothing."""
        while self._handles:
            self._unicorn.uc_close(self._handles.pop())
        if self._board is not None:
            self.library.destroy(self._board)
            self._board = None
        # Only now does nothing point into them any more.
        while self._memories:
            self._memories.pop().close()

    def _open(self, core: CoreModel, number: int) -> None:
        handle = ctypes.c_void_p()
        error = self._unicorn.uc_open(core.architecture, core.mode, ctypes.byref(handle))
        if not error:
            self._handles.append(handle)
            if core.model is not None:
                control = self._unicorn.uc_ctl
                error = control(handle, ctypes.c_uint32(_SET_CPU_MODEL), core.model)
        if error:
            raise RuntimeError(f"Unicorn cannot be opened: {native.unicorn_error(error)}")
        if core.extensions is not None:
            set_extensions(self._unicorn, handle, core.extensions)
        if core.isa == RISCV and number:
            set_hart(self._unicorn, handle, number)

    def _create(self, board: Board, program: Program) -> None:
        configurations = (native.Configuration * len(self.cores))()
        for number, (core, handle) in enumerate(zip(self.cores, self._handles, strict=True)):
            registers = core.registers
            ids = (ctypes.c_int32 * len(registers))(*registers.values())
            configurations[number] = native.Configuration(
                functions=native.unicorn_functions(self._unicorn),
                engine=handle.value,
                isa=core.isa,
                fpu=board.cores[number].fpu,
                starts=number == 0 or core.all_start,
                reset_address=program.entry if core.entry_from_elf else board.vectors,
                register_count=len(ids),
                registers=ids,
                pc=registers[core.pc],
                sp=registers[core.sp],
                lr=registers[core.lr],
                mask=core.mask,
                status=core.status,
                clock_hz=board.cores[number].clock_hz,
                core=board.cores[number].cpu.encode(),
            )
        self._board = self.library.create(configurations, len(configurations))
        if self._board is None:
            raise RuntimeError("Unicorn refused a hook")

    def _wait_for(self, board: Board) -> None:
        records = memory_records(board)
        error = self.library.wait_for(self._board, records, len(records))
        self._check(error, f"the bus model of {board.name}")

    def _map(self, board: Board, program: Program) -> None:
        left = list(program.segments)
        for name, region in board.memory.items():
            if region.origin % _PAGE or region.length % _PAGE:
                raise UsageError(
                    f"{board.name}'s {name} cannot be emulated",
                    expected=f"origin and length in whole pages of {_PAGE} bytes",
                    found=f"{region.length:#x} bytes at {region.origin:#x}",
                    advice="correct the region in the board's file, or take another runner",
                )
            memory = mmap.mmap(-1, region.length)
            self._memories.append(memory)
            for segment in program.segments:
                start = segment[0] - region.origin
                if start >= 0 and start + len(segment[1]) <= region.length:
                    memory[start : start + len(segment[1])] = segment[1]
                    left.remove(segment)
            view = (ctypes.c_char * region.length).from_buffer(memory)
            address = ctypes.addressof(view)
            # The export is given back at once, or the memory could not be closed.
            del view
            uses = native.EXECUTABLE
            if name == "ram":
                code_here = any(region.origin <= at < region.end for at in program.code)
                uses = native.WRITABLE | (native.EXECUTABLE if code_here else 0)
            elif board.flash_data is not None:
                # A chip may read whole words there; images leave even that alone.
                uses |= native.UNREADABLE
                error = self.library.map(self._board, board.flash_data, region.length, address, 0)
                self._check(error, f"{board.name}'s {name}, where data is read")
            error = self.library.map(self._board, region.origin, region.length, address, uses)
            self._check(error, f"{board.name}'s {name}")
        self._check(self.library.guard(self._board), board.name)
        if left:
            address, data = left[0]
            raise UsageError(
                f"the image does not lie in the memories of {board.name}",
                found=f"{len(data)} bytes at {address:#010x}",
                advice="link it for this board",
            )

    def _attach(self, board: Board) -> None:
        uart, timer = board.uart, board.timer
        shared = (
            (uart.model, uart.base),
            (timer.model, timer.base),
            *_COMPANIONS.get(timer.model, ()),
            *_SUBSYSTEMS.get(board.support, ()),
        )
        wanted = (
            *((number, *own) for number, core in enumerate(self.cores) for own in core.peripherals),
            *((native.SHARED, *other) for other in shared),
        )
        for core, model, base in wanted:
            error = self.library.attach(self._board, model.encode(), base, core)
            if error == native.UNKNOWN:
                raise UsageError(
                    f"the emu runner has no model of {model!r}, which {board.name} has",
                    advice="run this board on another runner",
                )
            self._check(error, f"{model} at {base:#010x}")

    @staticmethod
    def _check(error: int, what: str) -> None:
        if error <= native.ENGINE:
            reason = native.unicorn_error(native.ENGINE - error)
            raise UsageError(
                f"{what} cannot be mapped: {reason}",
                advice="see that no two memories or peripherals of the board's file overlap",
            )
        if error:
            raise RuntimeError(f"{what}: the native library failed")
