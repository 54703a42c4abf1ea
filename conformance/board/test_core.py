"""RAM, floats, odd addresses, atomics, sleep and the end of the stack."""

from __future__ import annotations

from conformance.board import floats, verdicts
from conformance.board.bench import Bench
from conformance.board.conftest import Note
from conformance.board.verdicts import BoardError
from pytest_arielml.errors import GuestFault
from pytest_arielml.wire import Check

ACCESSES = {1: "load of a word", 2: "store of a word", 3: "load of half", 4: "store of half"}
# Bytes of RAM that are tried word by word.
MOST = 4 << 20
# A core that locks up never answers; this is how long it is waited for.
PATIENCE = 5.0
WRITABLE_BELOW = (
    "what lies below RAM must not be writable: check memory.ram.origin, and whether the chip "
    "needs a region of its MPU or PMP there"
)


def stride(length: int) -> int:
    """Each how many-th word is tried: odd, so that every address line is taken both ways."""
    return max(1, length // MOST | 1) if length > MOST else 1


def test_ram_keeps_what_is_written(board_bench: Bench, note: Note) -> None:
    """Walks through all RAM that is not stack or static data: see docs/wire.md, WALK."""
    symbols = board_bench.image.symbols
    arena = symbols.address("__arena_start"), symbols.address("__arena_end")
    board_bench.client.release()
    try:
        found = board_bench.check(Check.WALK, stride(arena[1] - arena[0])).values
    except GuestFault as fault:
        raise verdicts.walk_fault(str(fault), board_bench.board) from None
    note(verdicts.walk(found, board_bench.board, arena))


def test_float_unit_is_set_up(board_bench: Bench, note: Note) -> None:
    """It is on where the board has one; no flush-to-zero, no default NaN, rounding to nearest."""
    found = board_bench.check(Check.FLOAT_STATE).values
    verdicts.float_state(found, board_bench.board)
    note("FPU, IEEE 754 as it comes" if found[0] else "floats in software")


def test_floats_are_exact(board_bench: Bench, note: Note) -> None:
    """Every operation gives the bits that IEEE 754 asks for, subnormals and ties included."""
    count = 0
    for vector in floats.vectors():
        (found,) = board_bench.check(Check.FLOAT, vector.operation, *vector.operands).values
        count += 1
        if not vector.agrees(found):
            raise BoardError(
                f"floats are computed wrong: {vector}",
                expected=f"{vector.expected:#010x}",
                found=f"{found:#010x}",
                advice="subnormals that become 0: flush-to-zero is on. Else check that "
                "`architecture` fits the core's FPU",
            )
    note(f"{count:,} operations to the bit")


def test_unaligned_access(board_bench: Bench, note: Note) -> None:
    """Loads and stores off alignment work or fault, as the core promises."""
    promise = verdicts.unaligned(board_bench.board)
    outcomes = set()
    for kind, what in ACCESSES.items():
        for offset in (1, 2, 3) if kind <= 2 else (1, 3):
            try:
                found = board_bench.check(Check.UNALIGNED, kind, offset, timeout=PATIENCE).values
            except GuestFault as fault:
                if "no answer" in fault.what:
                    raise BoardError(
                        f"the board says nothing after a {what}, {offset} off alignment",
                        expected=f"it {promise}, and says so",
                        found=str(fault),
                        advice="a fault that is not reported: check the vector table's entries",
                    ) from None
                outcome = verdicts.FAULTS
            else:
                verdicts.unaligned_access(kind, offset, found)
                outcome = verdicts.WORKS
            outcomes.add(outcome)
            if promise not in (outcome, verdicts.EITHER):
                raise BoardError(
                    f"a {what}, {offset} off alignment, does not do what the core promises",
                    expected=f"it {promise}",
                    found=f"it {outcome}",
                    advice=f"check `cpu`: {board_bench.board.cores[0].cpu}. Where it must work, "
                    "look at CCR.UNALIGN_TRP, and at the attributes of that memory",
                )
    note(f"{' and '.join(sorted(outcomes))}; promised: {promise}")


def test_atomics(board_bench: Bench, note: Note) -> None:
    """Compare-and-swap works where the core has it, and fails without a reservation."""
    note(verdicts.atomics(board_bench.check(Check.ATOMICS).values, board_bench.board))


def test_a_masked_interrupt_ends_a_sleep(board_bench: Bench, note: Note) -> None:
    """Interrupts are masked, one that is pending wakes the core, and none is entered."""
    try:
        found = board_bench.check(Check.SLEEP, timeout=PATIENCE).values
    except GuestFault as fault:
        raise BoardError(
            "the board did not come back from a sleep",
            expected="a pending interrupt ends it",
            found=str(fault),
            advice="a debugger or a low-power mode may hold the core; check PRIMASK or mstatus.MIE",
        ) from None
    verdicts.sleep(found)
    note("masked, pending, awake" if found[1] == 1 else "masked; each byte received woke it")


def test_stack_overflow_is_reported(board_bench: Bench, note: Note) -> None:
    """Below the stack there is nothing: an overflow is a fault that says so."""
    lock_up = verdicts.may_lock_up(board_bench.board)
    try:
        (depth,) = board_bench.check(Check.OVERFLOW, timeout=PATIENCE).values
    except GuestFault as caught:
        fault = caught
    else:
        board_bench.close()
        raise BoardError(
            "a stack overflow goes unnoticed",
            expected="a fault at the first write below the stack",
            found=f"none, {depth} calls deep, 4 KiB below it",
            advice=WRITABLE_BELOW,
        )
    if "no answer" in fault.what and lock_up:
        note("the core locks up, as it may; the time limit ends it")
    elif "stack overflow" not in str(fault) and "stack overflowed" not in str(fault):
        raise BoardError(
            "a stack overflow is not reported as one",
            expected="a fault that says: stack overflow",
            found=str(fault),
            advice=WRITABLE_BELOW,
        )
    else:
        note("reported")
    greeting = board_bench.greeting
    assert greeting.image_id == board_bench.image.identity
