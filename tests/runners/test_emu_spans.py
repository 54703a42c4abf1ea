"""Counts of chosen functions."""

from __future__ import annotations

from emulated import ORIGIN, boot
from thumb import LR, PC, Thumb

from pytest_arielml.runners import Span


def test_nested_calls_include_their_callees() -> None:
    code = Thumb(ORIGIN)
    code.movs(5, 3)
    code.label("again")
    code.bl("outer")
    code.subs(5, 1)
    code.b("again", "ne")
    code.wfi()
    code.label("outer")
    code.push(4, LR)
    code.bl("inner")
    code.nop()
    code.bl("inner")
    code.pop(4, PC)
    code.label("inner")
    code.nop()
    code.bx(LR)
    machine = boot(code, watch=("inner", "outer"))
    assert machine.counters().spans == {"outer": Span(0, 0, 0), "inner": Span(0, 0, 0)}
    machine.advance()
    spans = machine.counters().spans
    # nop 1, bx 1 and its refill 1.
    assert spans["inner"] == Span(6, 12, 18)
    # push 3, two bl of 2, nop 1, pop 3 and its refill 3: 14, and two inner of 3.
    assert spans["outer"] == Span(3, 27, 60)


def test_a_tail_call_ends_with_its_caller() -> None:
    code = Thumb(ORIGIN)
    code.bl("first")
    code.wfi()
    code.label("first")
    code.nop()
    code.b("second")
    code.label("second")
    code.nop()
    code.nop()
    code.bx(LR)
    machine = boot(code, watch=("first", "second"))
    machine.advance()
    spans = machine.counters().spans
    assert (spans["first"].count, spans["first"].instructions) == (1, 5)
    assert (spans["second"].count, spans["second"].instructions) == (1, 3)


def test_a_loop_to_the_first_instruction_is_one_call() -> None:
    code = Thumb(ORIGIN)
    code.movs(0, 9)
    code.bl("leaf")
    code.wfi()
    code.label("leaf")
    code.subs(0, 1)
    code.b("leaf", "ne")
    code.bx(LR)
    machine = boot(code, watch=("leaf",))
    machine.advance()
    span = machine.counters().spans["leaf"]
    assert (span.count, span.instructions) == (1, 19)


def test_recursion_counts_inner_calls_again() -> None:
    code = Thumb(ORIGIN)
    code.movs(0, 2)
    code.bl("down")
    code.wfi()
    code.label("down")
    code.push(4, LR)
    code.subs(0, 1)
    code.b("out", "eq")
    code.bl("down")
    code.label("out")
    code.pop(4, PC)
    machine = boot(code, watch=("down",))
    machine.advance()
    span = machine.counters().spans["down"]
    # Inner: push, subs, b, pop. Outer: those, a bl, and the inner.
    assert (span.count, span.instructions) == (2, 4 + 9)


def test_slices_do_not_split_calls() -> None:
    code = Thumb(ORIGIN)
    code.label("again")
    code.bl("leaf")
    code.b("again")
    code.label("leaf")
    code.nop()
    code.bx(LR)
    machine = boot(code, watch=("leaf",))
    for _ in range(300):
        machine.advance(instructions=1)
    span = machine.counters().spans["leaf"]
    assert span.count >= 99
    assert span.instructions == 2 * span.count


def test_a_call_that_is_not_over_is_not_counted() -> None:
    code = Thumb(ORIGIN)
    code.bl("leaf")
    code.label("leaf")
    code.wfi()
    code.nop()
    machine = boot(code, watch=("leaf",))
    machine.advance()
    assert machine.counters().spans["leaf"] == Span(0, 0, 0)
