"""What a board has, as the other stages see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_arielml.boards.bus import Bus


@dataclass(frozen=True)
class Core:
    """One processor core.

    Attributes:
        cpu: LLVM's name of it or, of a RISC-V core that LLVM has none for, its instruction set.
        fpu: whether it has one.
        clock_hz: its clock, in Hz.
    """

    cpu: str
    fpu: bool
    clock_hz: int


@dataclass(frozen=True)
class Region:
    """A range of addresses: `origin` up to, but not including, `end`.

    Attributes:
        origin: the first address.
        length: bytes.
    """

    origin: int
    length: int

    @property
    def end(self) -> int:
        """The first address after the region."""
        return self.origin + self.length


@dataclass(frozen=True)
class Uart:
    """The UART that carries the wire: kind of peripheral, base address, bits a second."""

    model: str
    base: int
    baud: int


@dataclass(frozen=True)
class Timer:
    """The timer that ticks are read from: kind of peripheral, base address, ticks a second."""

    model: str
    base: int
    hz: int


@dataclass(frozen=True)
class Qemu:
    """How QEMU runs the board.

    Attributes:
        system: which program, the end of its name: `arm` for `qemu-system-arm`.
        machine: its name of the board.
        shift: an instruction takes 2**shift ns of virtual time (`-icount`).
        arguments: what else its command line needs.
    """

    system: str
    machine: str
    shift: int
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Renode:
    """How Renode runs the board.

    Attributes:
        platform: file in `renode_platforms/`.
        cpu, uart: Renode's full names of the first core and of the wire's UART. Other
            cores have the first one's name and their number, `sysbus.cpu1`.
        mips: millions of instructions a second of virtual time.
    """

    platform: str
    cpu: str
    uart: str
    mips: int


@dataclass(frozen=True)
class FlashTool:
    """A program that puts an image into the flash of the board, and what it calls the chip."""

    name: str
    chip: str | None = None


@dataclass(frozen=True)
class Serial:
    """How the board itself is reached.

    Attributes:
        usb: vendor and product ids of its serial port, the likeliest first.
        tools: programs that flash it, the preferred first.
    """

    usb: tuple[tuple[int, int], ...]
    tools: tuple[FlashTool, ...]


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        name: what users call it.
        description: one line for listings.
        architecture: the target triple of the runtime archive for its first core.
        common_architecture: that of the archive for cores of several kinds.
        support: which board's start-up code and drivers of that archive it
            runs; its own name, unless it is a relative of a supported board.
        stack: bytes reserved for the stack of each core.
        cores: its cores; the first starts with the board.
        memory: `flash`, where the image is, and `ram`; `boot`, if the chip starts
            another core by a vector table at a place of its own.
        vectors: address of the vector table: the start of flash, unless
            something that the chip's ROM wants lies in front of it.
        flash_data: where data in flash is read, if not at the addresses of code.
        qemu, renode, serial: how these runners reach it; `None` where one does not.
        bus: what its memories make cores wait for; `None` where nobody published it.
    """

    name: str
    description: str
    architecture: str
    support: str
    stack: int
    cores: tuple[Core, ...]
    memory: Mapping[str, Region]
    uart: Uart
    timer: Timer
    vectors: int
    common_architecture: str = ""
    flash_data: int | None = None
    qemu: Qemu | None = None
    renode: Renode | None = None
    serial: Serial | None = None
    bus: Bus | None = None

    @property
    def flash(self) -> Region:
        """Where code and weights are."""
        return self.memory["flash"]

    @property
    def ram(self) -> Region:
        """Where everything that changes is."""
        return self.memory["ram"]

    @property
    def boot(self) -> Region | None:
        """Where the chip expects another core's vector table, if anywhere."""
        return self.memory.get("boot")
