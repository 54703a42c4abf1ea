"""What every runner gives: a booted board, its byte stream, its counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_arielml.errors import UsageError

if TYPE_CHECKING:
    from pytest_arielml.boards import Board
    from pytest_arielml.firmware import Image


class Place(Protocol):
    """A board in a lab, reached by the lab's own means."""

    def port(self) -> str:
        """The serial port or pyserial URL of the board, which has power then.

        Raises: Unavailable when the lab does not give it.
        """

    def reset(self) -> bool:
        """Resets the board; whether the lab can. Raises: Unavailable when that fails."""

    def flash(self, elf: Path) -> str | None:
        """Puts an image into flash and says with what; `None` where the lab cannot.

        Raises: DeviceError when that fails.
        """

    def close(self) -> None:
        """Gives the board back; a second call does nothing."""


@dataclass(frozen=True)
class RunnerOptions:
    """Where runners find what they need.

    Attributes:
        port: serial port or pyserial URL of the board.
        baud: bits a second there, where not the board's own.
        one_of_several: of several connected boards of a kind any free one will do.
        place: gives a board's place in a lab; `None` where there is no lab.
        renode, qemu: the program, or the folder that it is in.
        bus_model: `emu` adds what memories make cores wait for, by the board's figures.
        seed: of the order in which emulated cores do what they do at about the
            same time; the same one gives the same run. 0 keeps to their times.
    """

    port: str | None = None
    baud: int | None = None
    one_of_several: bool = False
    place: Callable[[Board], Place] | None = None
    renode: Path | None = None
    qemu: Path | None = None
    seed: int = 0
    bus_model: bool = False


def runner_options(
    *,
    port: str | None = None,
    baud: str | None = None,
    renode: str | None = None,
    qemu: str | None = None,
    bus_model: bool = False,
) -> RunnerOptions:
    """The options as people write them. Raises: UsageError for a rate that is no number."""
    if baud is not None and (not baud.isdecimal() or int(baud) == 0):
        raise UsageError(
            "the baud rate is not a number",
            expected="such as 1000000",
            found=repr(baud),
            advice="leave it out for the board's own",
        )
    return RunnerOptions(
        port=port,
        baud=int(baud) if baud else None,
        renode=Path(renode).expanduser() if renode else None,
        qemu=Path(qemu).expanduser() if qemu else None,
        bus_model=bus_model,
    )


@dataclass(frozen=True)
class Span:
    """What all finished calls of one function took together, callees included.

    `instructions` are those of the core that made the call. `cycles` are its
    cycles from begin to end, estimated from the core's published timing table;
    while it slept and another core worked they went on, so that by its clock
    they are the time that passed. `others` are the instructions that other
    cores issued meanwhile.
    """

    count: int
    instructions: int
    cycles: int
    others: int = 0

    def __add__(self, other: Span) -> Span:
        """Both together."""
        return Span(
            self.count + other.count,
            self.instructions + other.instructions,
            self.cycles + other.cycles,
            self.others + other.others,
        )


@dataclass(frozen=True)
class WaitCycles:
    """What was waited for one memory, in cycles that are part of all cycles.

    Attributes:
        wait_states: until the memory had done what it was asked for.
        contention: until it had done what another core asked it for.
    """

    wait_states: int
    contention: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.wait_states + self.contention

    def __add__(self, other: WaitCycles) -> WaitCycles:
        """Of two cores, together."""
        return WaitCycles(self.wait_states + other.wait_states, self.contention + other.contention)


@dataclass(frozen=True)
class CoreCounters:
    """Counts of one core since power-on; they only rise.

    Attributes:
        spans, instructions, cycles: as in `Counters`, of what this core did.
        idle: cycles that it slept, or was not started, while another core worked.
        wait_cycles: by the memory's name; empty unless that is modelled.
    """

    spans: Mapping[str, Span]
    instructions: int
    cycles: int
    idle: int
    wait_cycles: Mapping[str, WaitCycles] = field(default_factory=dict)


@dataclass(frozen=True)
class Counters:
    """Counts since power-on; they only rise.

    Attributes:
        spans: by symbol name, for every watched function, called or not:
            `arielml_load`, `arielml_call` and the model's dispatch functions.
            The calls that all cores made, in sum.
        instructions: all instructions issued, predicated-off ones included.
        cycles: their cycles, estimated; each core's are of its own clock.
        cycles_from: where the estimate is from: the manual, or that there is none.
        wait_cycles: those of them that were waited, by the memory's name; empty
            unless that is modelled.
        cores: the same, core by core.
    """

    spans: Mapping[str, Span] = field(default_factory=dict)
    instructions: int = 0
    cycles: int = 0
    cycles_from: str = ""
    cores: tuple[CoreCounters, ...] = ()
    wait_cycles: Mapping[str, WaitCycles] = field(default_factory=dict)


class ByteStream(Protocol):
    """The bytes to and from the board's UART."""

    def write(self, data: bytes) -> None:
        """Sends all of `data`."""

    def read(self, timeout: float) -> bytes:
        """The bytes that came, at least one; `b""` after `timeout` seconds without any.

        Raises: GuestFault when the board can answer no more.
        """

    def close(self) -> None:
        """Ends the stream; a second call does nothing."""


class Machine(Protocol):
    """One booted board."""

    @property
    def stream(self) -> ByteStream:
        """The wire to the image."""

    @property
    def displaced(self) -> bool:
        """Whether another image has taken its place: its stream is dead then."""

    @property
    def instructions_per_second(self) -> int | None:
        """Instructions in a second of the board's own timer.

        Emulators whose virtual time is a count of instructions have it;
        `None` elsewhere, hardware included.
        """

    def counters(self) -> Counters | None:
        """Exact counts up to now; `None` where nothing counts them."""

    def close(self) -> None:
        """Stops the board and frees all of it; a second call does nothing."""


class Runner(Protocol):
    """A way to run images: an emulator, or hardware."""

    @property
    def name(self) -> str:
        """What target names begin with."""

    def boot(self, image: Image, board: Board, *, timeout: float) -> Machine:
        """Starts `image` on `board`, within `timeout` seconds.

        Raises: Unavailable when what the runner needs is not there,
        UsageError when it cannot run this board, GuestFault when the image
        does not start.
        """

    def close(self) -> None:
        """Ends what is kept between boots, machines included; a second call does nothing."""
