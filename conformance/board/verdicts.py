"""What a board's measurements say about it.

Each function takes what was measured and what the board's description
promises, and raises BoardError when they differ: what, expected, found, and
what to look at next on a board that is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pytest_arielml.boards import Board
from pytest_arielml.errors import ArielError
from pytest_arielml.firmware import Symbols
from pytest_arielml.units import format_bytes
from pytest_arielml.wire import Greeting


class BoardError(ArielError):
    """The board does not do what its description promises."""


#: What `arielml_check_data` holds in flash.
COPIED: Final = 0x0DA7_AC0B
#: Symbols of the linker, in the order in which LAYOUT gives them.
_PLACES: Final = (
    "arielml_module_start",
    "arielml_module_end",
    "__stack_bottom",
    "__stack_top",
    "__data_start",
    "__data_end",
    "__bss_start",
    "__bss_end",
    "__arena_start",
    "__arena_end",
)
#: Of a walk.
_STEPS: Final = 10
_NOT_TOLD: Final = (1 << 32) - 1

#: The part numbers of Arm's cores in CPUID.
_PARTS: Final = {
    "cortex-m0": 0xC20,
    "cortex-m0plus": 0xC60,
    "cortex-m3": 0xC23,
    "cortex-m4": 0xC24,
    "cortex-m7": 0xC27,
    "cortex-m33": 0xD21,
}
#: Timers of the platform rather than the core: RISC-V's mtime.
_GO_ON: Final = ("clint",)
_WITHOUT_ATOMICS: Final = ("rv32imc",)
_BASELINE: Final = ("cortex-m0", "cortex-m0plus", "cortex-m23")
WORKS, FAULTS, EITHER = "works", "faults", "works or faults"


def is_arm(board: Board) -> bool:
    """Whether the core is one of Arm's."""
    return board.architecture.startswith("thumb")


def unaligned(board: Board) -> str:
    """What the core promises of single loads and stores at odd addresses."""
    if not is_arm(board):
        return EITHER
    return FAULTS if board.cores[0].cpu in _BASELINE else WORKS


def may_lock_up(board: Board) -> bool:
    """Whether a stack overflow may stop the core before it can report it."""
    return board.cores[0].cpu in _BASELINE


def greeting(found: Greeting, board: Board, image_id: bytes, version: str) -> None:
    """Holds a greeting against the description."""
    core = board.cores[0]
    clock = "the start-up code of this board's support sets up another clock: see its module in "
    clock += "firmware/bsp/src/board, or name another `support` in the board's file"
    for what, expected, got, advice in (
        (
            "image",
            image_id.hex(),
            found.image_id.hex(),
            "the image was not flashed, or another board answers",
        ),
        ("runtime version", version, found.runtime_version, "build the runtime: make native"),
        ("board", board.support, found.board, "the image is another board's: check `support`"),
        (
            "number of cores",
            len(board.cores),
            found.cores,
            "the board's file has other [[cores]] than the runtime of its support",
        ),
        ("clock in Hz", core.clock_hz, found.clock_hz, clock),
        ("ticks a second", board.timer.hz, found.ticks_hz, clock),
        (
            "stack",
            board.stack,
            found.stack_size,
            "the image was linked by another file of the board",
        ),
    ):
        if expected != got:
            raise BoardError(
                f"the greeting has another {what} than the board's file",
                expected=str(expected),
                found=str(got),
                advice=advice,
            )


def layout(found: tuple[int, ...], board: Board, symbols: Symbols) -> None:
    """Holds the image's places, as the device has them, against linker and description."""
    if len(found) != 5 + len(_PLACES):
        raise BoardError(
            "the layout has another number of values",
            expected=str(5 + len(_PLACES)),
            found=str(len(found)),
            advice="image and pytest-arielml are of different releases",
        )
    vectors, *places = found[: 1 + len(_PLACES)]
    pointer, copied, cleared, core = found[-4:]
    for name, place in zip(_PLACES, places, strict=True):
        _same(
            f"{name}, as the device has it, is not where the linker put it",
            symbols.address(name),
            place,
            "the image in flash is damaged or another one: flash it again and verify",
        )
    at = dict(zip(_PLACES, places, strict=True))
    # 0, where no vectors are linked, is a chip's alias of its flash.
    if vectors not in (_NOT_TOLD, 0):
        _same(
            "the core takes its vectors from elsewhere",
            board.vectors,
            vectors,
            "check `vectors` in the board's file; a bootloader may have set VTOR (or mtvec)",
        )
    _same(
        "the stack does not begin with RAM",
        board.ram.origin,
        at["__stack_bottom"],
        "check memory.ram in the board's file",
    )
    _same(
        "the arena does not end with RAM",
        board.ram.end,
        at["__arena_end"],
        "check memory.ram in the board's file",
    )
    if not at["__stack_bottom"] <= pointer <= at["__stack_top"]:
        raise BoardError(
            "the stack pointer is not in the stack",
            expected=f"{at['__stack_bottom']:#010x} to {at['__stack_top']:#010x}",
            found=f"{pointer:#010x}",
            advice="check the reset handler: it sets the stack pointer first",
        )
    _same(
        "start-up did not copy .data from flash",
        COPIED,
        copied,
        "check the reset handler, and that flash can be read where .data is loaded from",
    )
    _same("start-up did not clear .bss", 0, cleared, "check the reset handler")
    part = _PARTS.get(board.cores[0].cpu)
    if part is not None:
        _same(
            f"the core is no {board.cores[0].cpu}: its part number",
            part,
            core >> 4 & 0xFFF,
            "correct `cpu` in the board's file, or check that this is the chip you think",
        )


def walk(found: tuple[int, ...], board: Board, arena: tuple[int, int]) -> str:
    """Holds a walk through RAM against what RAM must do; what was walked, in words."""
    start, length, words, bad, step, address, expected, got = found
    first, end = arena
    if not (first <= start < first + 16 and end - 16 < start + length <= end):
        raise BoardError(
            "the walk left out a part of the arena",
            expected=f"{first:#010x} to {end:#010x}",
            found=f"{start:#010x} to {start + length:#010x}",
        )
    if bad:
        raise BoardError(
            f"RAM does not keep what is written to it: {bad} bad reads, the first in step {step}",
            where=f"{address:#010x}, {format_bytes(address - board.ram.origin)} into RAM",
            expected=f"{expected:#010x}",
            found=f"{got:#010x} (bits that differ: {expected ^ got:#010x})",
            advice=_memory_advice(bad, step, address, expected, got, board),
        )
    which = "" if 4 * words >= length else f"{words:,} words of "
    return f"{which}{length:,} bytes from {start:#010x}, every bit as 0 and 1"


def _memory_advice(bad: int, step: int, address: int, expected: int, got: int, board: Board) -> str:
    # A cell with a bit that sticks reads wrong about as often as there are steps.
    one_bit = (expected ^ got).bit_count() == 1
    another = step == 2 and board.ram.origin <= got < board.ram.end
    if another and not (one_bit and bad <= _STEPS):
        apart = abs(got - address)
        return (
            f"{address:#010x} and {got:#010x} are one cell: RAM repeats after "
            f"{format_bytes(apart)}. Correct memory.ram.length, or look for an address line "
            "that is not connected"
        )
    if one_bit:
        bit = (expected ^ got).bit_length() - 1
        return (
            f"bit {bit} sticks at {got >> bit & 1} there: a bad cell or, if it is the same bit "
            "everywhere, a data line"
        )
    return "check the RAM's clock and wait states, and that nothing else (DMA) writes there"


def walk_fault(where: str, board: Board) -> BoardError:
    """What a fault in the walk says."""
    return BoardError(
        "the board faulted while it walked through its RAM",
        where=where,
        expected=f"RAM from {board.ram.origin:#010x} to {board.ram.end:#010x}",
        advice="memory.ram in the board's file may be larger than the chip's; parts of RAM may "
        "need a clock or power first",
    )


def float_state(found: tuple[int, ...], board: Board) -> None:
    """Holds the state of the FPU against what compiled code takes for granted."""
    has, access, status, default = found
    wanted = board.cores[0].fpu
    if bool(has) != wanted:
        raise BoardError(
            "the runtime and the board's file disagree about the FPU",
            expected=f"fpu = {str(wanted).lower()}",
            found="floats by the FPU" if has else "floats in software",
            advice="`architecture` names the runtime: one with an FPU ends in hf, or has f",
        )
    if not has:
        return
    if is_arm(board):
        _same(
            "the FPU is not fully on: CPACR",
            0xF0_0000,
            access & 0xF0_0000,
            "check the reset handler",
        )
        control = 0b1111 << 22
        for name, value in (("FPSCR", status), ("FPDSCR", default)):
            _same(
                f"{name} has default NaN, flush-to-zero or another rounding set",
                0,
                value & control,
                "something changed the FPU's mode: a bootloader, or start-up code",
            )
    else:
        if not access:
            raise BoardError("the FPU is off: mstatus.FS is 0", advice="check the reset handler")
        _same("fcsr has another rounding than to nearest", 0, status >> 5 & 0b111, "check start-up")


def unaligned_access(kind: int, offset: int, found: tuple[int, ...]) -> None:
    """Holds one load or store at an odd address against the bytes that lie there."""
    before = bytes([0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE])
    size = 4 if kind <= 2 else 2
    stores = kind in (2, 4)
    value = {2: 0xA1B2_C3D4, 4: 0xE5F6}.get(
        kind, int.from_bytes(before[offset : offset + size], "little")
    )
    after = bytearray(before)
    if stores:
        after[offset : offset + size] = value.to_bytes(size, "little")
    expected = (value, *(int.from_bytes(after[at : at + 4], "little") for at in (0, 4)))
    if found != expected:
        raise BoardError(
            f"a {'store' if stores else 'load'} of {size} bytes goes wrong {offset} off alignment",
            expected=" ".join(f"{word:#010x}" for word in expected),
            found=" ".join(f"{word:#010x}" for word in found),
            advice="the core or its bus rotates or cuts off unaligned accesses: check `cpu`",
        )


def atomics(found: tuple[int, ...], board: Board) -> str:
    """Holds atomic access against what the core promises; what there is, in words."""
    kind, total, tries, used, cleared = found
    without = board.cores[0].cpu in (*_BASELINE, *_WITHOUT_ATOMICS)
    expected = 0 if without else 1 if is_arm(board) else 2
    names = {0: "none", 1: "LDREX and STREX", 2: "LR and SC"}
    _same(
        f"the core has other atomics than a {board.cores[0].cpu}: {names.get(kind, kind)}",
        expected,
        kind,
        "correct `cpu` and `architecture` in the board's file",
    )
    if kind == 0:
        return "none: the core has no instructions for them"
    _same(
        "ten additions by compare-and-swap gave another sum",
        42,
        total,
        "the reservation is lost each time, or a store passes without: check that RAM supports "
        "exclusive access on this bus",
    )
    if not used or not cleared:
        which = "used up" if not used else "cleared"
        raise BoardError(
            f"a store passed although its reservation was {which}",
            expected="a status other than 0: nothing stored",
            found="0",
            advice="the exclusive monitor does not work for this RAM: locks would not lock",
        )
    return f"{names[kind]}: 10 additions in {tries} tries"


def sleep(found: tuple[int, ...]) -> None:
    """Holds masking and waking against what the agent's waits rest on."""
    for what, got, advice in (
        ("interrupts are masked", found[0], "check the reset handler"),
        (
            "an interrupt becomes pending",
            found[1],
            "check the interrupt controller: NVIC, or mie and mip",
        ),
        ("it ends a sleep and can be taken back", found[2], "the pending bit does not clear"),
    ):
        if not got:
            raise BoardError(f"not so: {what}", expected="yes", found="no", advice=advice)


def rate(measured: float, expected: float, against: str, *, tolerance: float = 0.01) -> str:
    """Holds the timer's rate against another clock; both in ticks a second."""
    off = measured / expected - 1
    said = f"{measured:,.0f} ticks a second against {against} ({off:+.3%})"
    if abs(off) > tolerance:
        raise BoardError(
            "the timer runs at another rate than the board's file says",
            expected=f"{expected:,.0f} ticks a second, within {tolerance:.0%}",
            found=said,
            advice="look at the clock tree first: oscillator, PLL, the timer's prescaler"
            + _factor(measured / expected),
        )
    return said


def _factor(ratio: float) -> str:
    for factor in (2, 3, 4, 5, 8, 10, 16):
        if abs(ratio / factor - 1) < 0.03:
            return f"; it is {factor} times too fast"
        if abs(ratio * factor - 1) < 0.03:
            return f"; it is {factor} times too slow"
    return ""


def cycles_per_turn(cycles: float) -> None:
    """Holds a loop of two instructions against what any core of these takes for it."""
    if not 1 <= cycles <= 40:
        raise BoardError(
            "a loop of two instructions takes another time than the core's clock allows",
            expected="1 to 40 cycles a turn, at the clock of the board's file",
            found=f"{cycles:.2f}",
            advice="the core runs on another clock than cores.clock_hz: a PLL that did not lock, "
            "or flash with many wait states",
        )


def traffic(expected: Mapping[str, int], found: Mapping[str, int], seconds: float) -> str:
    """Holds what went over the UART against what had to; the throughput, in words."""
    for what, wanted in expected.items():
        if found[what] != wanted:
            raise BoardError(
                f"bytes were lost or damaged on the UART: {what}",
                expected=f"{wanted:,}",
                found=f"{found[what]:,}",
                advice="more frames than asked for: requests or answers were repeated. Try a "
                "lower baud rate; check the receiver's FIFO and its overrun flag, ground and "
                "cable length",
            )
    moved = found["bytes sent"] + found["bytes received"]
    if seconds <= 0:
        return f"{moved:,} bytes"
    return f"{moved:,} bytes in {seconds:.1f} s, {moved / seconds / 1000:,.0f} kB/s both ways"


def goes_on(board: Board) -> bool:
    """Whether the timer is none that a reset on demand starts anew."""
    return board.timer.model in _GO_ON


def restarted(before: int, after: int, least: int) -> None:
    """Holds ticks after a reset against those before it, of which `least` had gone by."""
    if after >= before or before < least:
        raise BoardError(
            "the timer did not start anew with the reset",
            expected=f"fewer than {before:,} ticks",
            found=f"{after:,}",
            advice="the reset does not reach the peripherals, or start-up does not clear the timer",
        )


def _same(what: str, expected: int, found: int, advice: str) -> None:
    if expected != found:
        raise BoardError(what, expected=f"{expected:#x}", found=f"{found:#x}", advice=advice)
