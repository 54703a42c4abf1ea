"""A booted board in this process."""

from __future__ import annotations

import functools
import operator
import time
from typing import Final

from pytest_arielml.boards import Board
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.base import CoreCounters, Counters, Span, WaitCycles
from pytest_arielml.runners.emu import native
from pytest_arielml.runners.emu.engine import Engine, Interleaving
from pytest_arielml.runners.emu.faults import Context, guest_fault
from pytest_arielml.runners.emu.program import Program

# The guest runs this long, in seconds, before Python can react to Ctrl-C.
_SLICE: Final = 0.1
_ENDLESS: Final = (1 << 64) - 1


class EmuMachine:
    """One emulated board. It runs only while its stream is read."""

    def __init__(
        self,
        program: Program,
        board: Board,
        interleaving: Interleaving | None = None,
        *,
        bus_model: bool = False,
    ) -> None:
        self._program = program
        self._board = board
        turns = interleaving or Interleaving()
        self._engine = Engine(board, program, turns, bus_model=bus_model)
        self._stream = EmuStream(self)
        self._cycles_from = self._engine.library.timing(board.cores[0].cpu)
        self._memories: tuple[str, ...] = ()
        if bus_model and board.bus is not None:
            self._memories = tuple(board.bus.memories)
            self._cycles_from += f"; memories: {board.bus.source}"

    @property
    def stream(self) -> EmuStream:
        """The board's UART."""
        return self._stream

    @property
    def displaced(self) -> bool:
        """Never: each image has an emulated board of its own."""
        return False

    @property
    def instructions_per_second(self) -> None:
        """None: `counters` are exact, and time goes by cycles."""
        return None

    def counters(self) -> Counters:
        """Counts up to where the guest stopped last."""
        self._check_open()
        cores = tuple(self._core_counters(number) for number in range(len(self._board.cores)))
        return Counters(
            spans={
                symbol.name: functools.reduce(
                    operator.add, (core.spans[symbol.name] for core in cores)
                )
                for symbol in self._program.watched
            },
            instructions=sum(core.instructions for core in cores),
            cycles=sum(core.cycles for core in cores),
            cycles_from=self._cycles_from,
            cores=cores,
            wait_cycles={
                name: functools.reduce(operator.add, (core.wait_cycles[name] for core in cores))
                for name in self._memories
            },
        )

    def _core_counters(self, number: int) -> CoreCounters:
        totals = self._engine.totals(number)
        spans = {}
        for index, symbol in enumerate(self._program.watched):
            record = self._engine.span(number, index)
            spans[symbol.name] = Span(
                record.count, record.instructions, record.cycles, record.others
            )
        waits = {}
        for index, name in enumerate(self._memories):
            waited = self._engine.waited(number, index)
            waits[name] = WaitCycles(waited.states, waited.contention)
        return CoreCounters(spans, totals.instructions, totals.cycles, totals.idle, waits)

    @property
    def resets(self) -> int:
        """How often the guest has reset itself."""
        return self._engine.totals(0).resets

    def advance(self, *, instructions: int = _ENDLESS, seconds: float = _SLICE) -> bool:
        """Runs the guest for a while; whether it still had something to do.

        It stops at the first block that begins when `instructions` more have
        been issued or `seconds` have passed (looked at each million
        instructions), or when it sleeps until the host sends something.

        Raises: GuestFault when it faulted, now or before.
        """
        self._check_open()
        state = self._engine.run(instructions, seconds)
        if state == native.FAULT:
            raise self._fault()
        return state != native.ASLEEP

    def write(self, data: bytes) -> None:
        """Queues `data` for the UART; the guest gets it when it runs."""
        self._check_open()
        self._engine.send(data)

    def read(self, timeout: float) -> bytes:
        """What the guest sends; runs it until there is something.

        Raises: GuestFault when it faulted and all it had sent was read.
        """
        self._check_open()
        deadline = time.monotonic() + timeout
        while True:
            try:
                busy = self.advance(seconds=min(_SLICE, max(deadline - time.monotonic(), 0.0)))
            except GuestFault:
                if data := self._engine.receive():
                    return data
                raise
            if data := self._engine.receive():
                return data
            left = deadline - time.monotonic()
            if left <= 0.0:
                return b""
            if not busy:
                # It waits for the host: nothing will come until `write`.
                time.sleep(left)
                return b""

    def close(self) -> None:
        """Frees the board; a second call does nothing."""
        self._engine.close()

    def _fault(self) -> GuestFault:
        record = self._engine.fault()
        if record is None:
            raise RuntimeError("the native library reports a fault, and has none")
        core = self._engine.cores[record.core]
        return guest_fault(Context(self._board, self._program, core, record))

    def _check_open(self) -> None:
        if self._engine.closed:
            raise ValueError("this board was closed")


class EmuStream:
    """The byte stream of an emulated board."""

    def __init__(self, machine: EmuMachine) -> None:
        self._machine = machine

    def write(self, data: bytes) -> None:
        """Queues all of `data` for the board."""
        self._machine.write(data)

    def read(self, timeout: float) -> bytes:
        """The bytes that came, at least one; `b""` after `timeout` seconds without any.

        The guest runs during this call only. When it sleeps until the host
        sends something, nothing can come, and the rest of the time is slept.

        Raises: GuestFault when the board can answer no more.
        """
        return self._machine.read(timeout)

    def close(self) -> None:
        """Ends the board with its stream."""
        self._machine.close()
