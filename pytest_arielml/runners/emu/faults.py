"""What a fault of the guest means, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from pytest_arielml.boards import Board
from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu.cores import RISCV, THUMB, CoreModel
from pytest_arielml.runners.emu.native import FaultRecord, unicorn_error
from pytest_arielml.runners.emu.program import Program
from pytest_arielml.units import format_bytes


class Kind(IntEnum):
    """`Kind` of native/src/fault.rs."""

    READ_UNMAPPED = 1
    WRITE_UNMAPPED = 2
    FETCH_UNMAPPED = 3
    READ_PROTECTED = 4
    WRITE_PROTECTED = 5
    FETCH_PROTECTED = 6
    INVALID_INSTRUCTION = 7
    EXCEPTION = 8
    PERIPHERAL = 9
    DMA = 10
    FPU_OFF = 11
    INTERRUPT = 12
    NULL_BRANCH = 13
    ENGINE = 14
    INTERNAL = 15


_ACCESSES: Final = (Kind.READ_UNMAPPED, Kind.WRITE_UNMAPPED, Kind.WRITE_PROTECTED)

# How far below the stack's end an access still counts as an overflow of it.
_BELOW_STACK: Final = 64 * 1024

# Addresses of peripherals: Armv7-M (B3.1) and most RISC-V chips.
_DEVICES: Final = range(0x4000_0000, 0x6000_0000)

# The T bit of xPSR.
_THUMB_STATE: Final = 1 << 24

# Unicorn's exception numbers: QEMU's EXCP_* of target/arm/cpu.h.
_ARM_EXCEPTIONS: Final = {
    1: "an undefined instruction",
    2: "a supervisor call (SVC), for which there is no handler",
    3: "a prefetch abort",
    4: "a data abort: the core does not allow this unaligned access",
    7: "a breakpoint instruction (BKPT)",
    17: "a floating-point instruction on a core without an FPU",
}
_STACK_LIMIT: Final = 19
# UDF of Thumb; EBREAK, its short form and the all-zero instruction of RISC-V.
_THUMB_STOPS: Final = range(0xDE00, 0xDF00)
_RISCV_STOPS: Final = (b"\x73\x00\x10\x00", b"\x02\x90", b"\x00\x00")

_RISCV_ILLEGAL: Final = 2
# Opcodes that need the F extension. Of its compressed loads and stores Unicorn
# skips those that come while the FPU is off.
_RISCV_FLOAT: Final = (0x07, 0x27, 0x43, 0x47, 0x4B, 0x4F, 0x53)
# `mcause` of the RISC-V privileged specification.
_RISCV_EXCEPTIONS: Final = {
    0: "a misaligned jump",
    1: "an instruction fetch fault",
    4: "a misaligned load",
    5: "a load fault",
    6: "a misaligned store",
    7: "a store fault",
    8: "an environment call (ECALL), for which there is no handler",
    11: "an environment call (ECALL), for which there is no handler",
}


@dataclass(frozen=True)
class Context:
    """Where a fault happened: the board, the program, the core, its registers."""

    board: Board
    program: Program
    core: CoreModel
    record: FaultRecord

    def register(self, name: str) -> int:
        """The value of a core register at the fault."""
        return int(self.record.registers[list(self.core.registers).index(name)])


def guest_fault(context: Context) -> GuestFault:
    """The error that reports a fault: what, where, the registers, what to do."""
    what, expected, advice = _explain(context)
    return GuestFault(
        what,
        where=_where(context),
        expected=expected,
        found=_registers(context),
        advice=advice,
    )


def _explain(context: Context) -> tuple[str, str | None, str]:
    """What happened, what was expected, and what to do next."""
    record, board = context.record, context.board
    kind, address = Kind(record.kind), record.address
    message = record.message.decode("utf-8", "replace")
    if kind in _ACCESSES and (overflow := _stack_overflow(context)):
        return overflow
    access = f"{record.size} byte{'s' if record.size != 1 else ''} at {address:#010x}"
    match kind:
        case Kind.READ_UNMAPPED | Kind.WRITE_UNMAPPED:
            verb = "read" if kind is Kind.READ_UNMAPPED else "wrote"
            if address in _DEVICES:
                return (
                    f"the program {verb} {access}: no peripheral is modelled there",
                    "peripherals of this board that the emu runner has",
                    "use another runner for this peripheral, or do not touch it",
                )
            return (
                f"the program {verb} {access}, where {board.name} has no memory",
                "addresses within " + _memories(board),
                "look for a bad pointer in the function at pc",
            )
        case Kind.WRITE_PROTECTED:
            return (
                f"the program wrote {access}, which is flash",
                "writes to RAM only",
                "look for a bad pointer, or for data that should not be constant",
            )
        case Kind.READ_PROTECTED:
            return f"the program may not read {address:#010x}", None, "look for a bad pointer"
        case Kind.FETCH_PROTECTED:
            return (
                f"the program jumped to {address:#010x}, where the image has data",
                "code in flash, or in a segment of RAM that the image marks as executable",
                "look for an overwritten return address or function pointer",
            )
        case Kind.FETCH_UNMAPPED | Kind.NULL_BRANCH:
            return (
                f"the program jumped to {address:#010x}, where there is no code",
                "addresses within " + _memories(board),
                "look for a null function pointer or an overwritten return address",
            )
        case Kind.INVALID_INSTRUCTION:
            return _invalid_instruction(context)
        case Kind.EXCEPTION if context.core.isa == RISCV and record.number == _RISCV_ILLEGAL:
            return _invalid_instruction(context)
        case Kind.EXCEPTION if context.core.isa == THUMB and record.number == _STACK_LIMIT:
            return (
                "the stack overflowed: the stack pointer went below its limit (MSPLIM)",
                None,
                f"give {board.name} more `stack`, or call a model that needs less",
            )
        case Kind.EXCEPTION:
            riscv = context.core.isa == RISCV
            names = _RISCV_EXCEPTIONS if riscv else _ARM_EXCEPTIONS
            name = names.get(record.number, f"exception {record.number} of the emulator")
            return f"the program caused {name}", None, "look at the instruction at pc"
        case Kind.PERIPHERAL:
            return (
                f"{message} (address {address:#010x})",
                None,
                "use what the model has, or another runner",
            )
        case Kind.DMA:
            return message, "a buffer in RAM", "copy constant data to RAM before it is sent"
        case Kind.FPU_OFF if not context.board.cores[record.core].fpu:
            return (
                f"a floating-point instruction at {address:#010x} on a core without an FPU",
                f"instructions of a {context.board.cores[record.core].cpu} that has none",
                "compile for this core, or say `fpu = true` for the board",
            )
        case Kind.FPU_OFF:
            return (
                f"a floating-point instruction at {address:#010x} while the FPU is off",
                "CP10 and CP11 set in CPACR, then DSB and ISB, before the first of them",
                "enable the FPU in start-up code, or say `fpu = false` for the board",
            )
        case Kind.INTERRUPT:
            masked = "mstatus.MIE clear" if context.core.isa == RISCV else "PRIMASK set"
            return (
                f"{message or f'interrupt {record.number}'} would be taken: "
                "the emu runner enters no handlers",
                f"{masked} while an enabled interrupt may become pending",
                "mask interrupts and poll, or use another runner",
            )
        case Kind.ENGINE:
            return (
                f"the emulator refused: {unicorn_error(record.number)}",
                None,
                "please report this with the image",
            )
        case Kind.INTERNAL:
            return message, None, "please report this with the image"


def _stack_overflow(context: Context) -> tuple[str, str | None, str] | None:
    stack = context.program.stack
    if stack is None:
        return None
    bottom, top = stack
    pointer, address = context.register(context.core.sp), context.record.address
    if not bottom - _BELOW_STACK <= address < bottom or pointer > bottom + _BELOW_STACK:
        return None
    return (
        f"the stack overflowed: {address:#010x} is {bottom - address} bytes below its end",
        f"at most {format_bytes(top - bottom)} of stack, from {bottom:#010x} to {top:#010x}",
        f"give {context.board.name} more `stack`, or call a model that needs less",
    )


def _invalid_instruction(context: Context) -> tuple[str, str | None, str]:
    pc = context.register(context.core.pc)
    code = _code(context.program, pc)
    if context.core.isa != RISCV and not context.register("xpsr") & _THUMB_STATE:
        return (
            f"the program switched to Arm state at {pc:#010x}, which the core does not have",
            "an address with bit 0 set",
            "look for a function pointer without its Thumb bit, or an overwritten one",
        )
    if context.core.isa == RISCV:
        stopped = code.startswith(_RISCV_STOPS)
    else:
        stopped = int.from_bytes(code[:2], "little") in _THUMB_STOPS
    if stopped:
        return (
            "the program gave up: it ran into an instruction that is never valid "
            f"(bytes {code[:2].hex(' ')})",
            None,
            "an unreachable place was reached, or a check failed: look at the function at pc",
        )
    if (
        context.core.isa == RISCV
        and code
        and context.board.cores[0].fpu
        and code[0] & 0x7F in _RISCV_FLOAT
    ):
        return (
            f"a floating-point instruction at {pc:#010x} while the FPU is off",
            "mstatus.FS other than 0 before the first of them",
            "enable the FPU in start-up code, or say `fpu = false` for the board",
        )
    shown = code.hex(" ") or "unreadable"
    return (
        f"the core does not have the instruction at {pc:#010x} (bytes {shown})",
        f"instructions of a {context.board.cores[context.record.core].cpu}",
        "compile for this core, and look for jumps into data",
    )


def _code(program: Program, address: int) -> bytes:
    """The four bytes at `address`, as far as the image has them."""
    for start, data in program.segments:
        if start <= address < start + len(data):
            return data[address - start : address - start + 4]
    return b""


def _memories(board: Board) -> str:
    return ", ".join(
        f"{name} {region.origin:#010x} to {region.end:#010x}"
        for name, region in board.memory.items()
    )


def _place(program: Program, address: int) -> str:
    name = program.describe(address)
    return f"{address:#010x}" + (f" ({name})" if name else "")


def _where(context: Context) -> str:
    core = context.core
    pc, link = context.register(core.pc), context.register(core.lr)
    if core.isa != RISCV:
        link &= ~1
    place = f"pc {_place(context.program, pc)}, {core.lr} {_place(context.program, link)}"
    return f"core {context.record.core}, {place}" if len(context.board.cores) > 1 else place


def _registers(context: Context) -> str:
    cells = [
        f"{name:>3} {value:08x}"
        for name, value in zip(context.core.registers, context.record.registers, strict=False)
    ]
    rows = ["  ".join(cells[start : start + 4]) for start in range(0, len(cells), 4)]
    return "\n".join(rows)
