"""What a user reads when the program on the board goes wrong."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from emulated import ORIGIN, RAM, SCS, STACK, UART, board, boot, start_uart
from thumb import LR, Thumb

from pytest_arielml.errors import GuestFault
from pytest_arielml.runners.emu import EmuMachine
from pytest_arielml.runners.emu.program import Program


def read_nowhere(code: Thumb) -> None:
    code.load(0, 0x3000_0000)
    code.ldr(1, 0)


def write_nowhere(code: Thumb) -> None:
    code.load(0, 0x3000_0000)
    code.str_(1, 0)


def write_flash(code: Thumb) -> None:
    code.load(0, 0x1000)
    code.str_(1, 0)


def jump_nowhere(code: Thumb) -> None:
    code.load(0, 0x6000_0001)
    code.bx(0)


def jump_into_data(code: Thumb) -> None:
    code.load(0, RAM + 0x801)
    code.bx(0)


def jump_to_null(code: Thumb) -> None:
    code.movs(0, 1)
    code.bx(0)


def jump_without_thumb_bit(code: Thumb) -> None:
    code.load(0, ORIGIN)
    code.bx(0)


def undefined(code: Thumb) -> None:
    code.half(0xDE2A)


def not_on_m0(code: Thumb) -> None:
    code.udiv(0, 1, 2)


def supervisor_call(code: Thumb) -> None:
    code.half(0xDF00)


def missing_peripheral(code: Thumb) -> None:
    code.load(0, 0x4001_3000)
    code.ldr(1, 0)


def missing_register(code: Thumb) -> None:
    code.load(0, UART + 0x5AC)
    code.ldr(1, 0)


def byte_of_a_register(code: Thumb) -> None:
    code.load(0, UART + 0x500)
    code.ldrb(1, 0)


def send_from_flash(code: Thumb) -> None:
    start_uart(code)
    code.store(UART + 0x544, ORIGIN)
    code.store(UART + 0x548, 4)
    code.store(UART + 0x008, 1)


def send_while_off(code: Thumb) -> None:
    code.store(UART + 0x008, 1)


def float_while_off(code: Thumb) -> None:
    code.half(0xEE30, 0x0A81)


def interrupt_unmasked(code: Thumb) -> None:
    start_uart(code)
    code.half(0xB662)  # cpsie i
    code.store(UART + 0x110, 1)
    code.wfi()


def stack_overflow(code: Thumb) -> None:
    code.label("deeper")
    code.push(0, 1, 2, 3, 4, 5, 6, LR)
    code.bl("deeper")


def reset_without_key(code: Thumb) -> None:
    code.store(SCS + 0xD0C, 4)


CASES: list[tuple[Callable[[Thumb], None], str, str]] = [
    (read_nowhere, "read 4 bytes at 0x30000000, where nrf52840 has no memory", "bad pointer"),
    (write_nowhere, "wrote 4 bytes at 0x30000000, where nrf52840 has no memory", "bad pointer"),
    (write_flash, "wrote 4 bytes at 0x00001000, which is flash", "bad pointer"),
    (jump_nowhere, "jumped to 0x60000000, where there is no code", "function pointer"),
    (jump_into_data, "jumped to 0x20000800, where the image has data", "return address"),
    (jump_to_null, "jumped to 0x00000000, where there is no code", "null function pointer"),
    (jump_without_thumb_bit, "switched to Arm state at 0x00000400", "Thumb bit"),
    (undefined, "the program gave up", "unreachable"),
    (supervisor_call, "a supervisor call (SVC)", "instruction at pc"),
    (missing_peripheral, "no peripheral is modelled there", "another runner"),
    (missing_register, "register 0x5ac, which the nrf-uarte model lacks", "another runner"),
    (byte_of_a_register, "1-byte read of a nrf-uarte register", "another runner"),
    (send_from_flash, "DMA of 4 bytes at 0x00000400: only RAM is reachable", "copy constant data"),
    (send_while_off, "STARTTX while ENABLE is 0", "another runner"),
    (float_while_off, "floating-point instruction at 0x00000400 while the FPU is off", "start-up"),
    (interrupt_unmasked, "interrupt 2 would be taken", "mask interrupts"),
    (stack_overflow, "the stack overflowed: 0x1fffffe0 is 32 bytes below its end", "`stack`"),
    (reset_without_key, "key missing", "another runner"),
]


@pytest.mark.parametrize(
    ("make", "sentence", "advice"), CASES, ids=[make.__name__ for make, _, _ in CASES]
)
def test_faults_say_what_and_what_next(
    make: Callable[[Thumb], None], sentence: str, advice: str
) -> None:
    code = Thumb(ORIGIN)
    code.label("main")
    make(code)
    code.nop()
    machine = boot(code, board(fpu=True))
    with pytest.raises(GuestFault) as first:
        machine.stream.read(1.0)
    assert sentence in first.value.what
    assert advice in str(first.value.advice)
    assert " sp " in str(first.value.found)
    # The board stays dead, and says the same.
    with pytest.raises(GuestFault) as second:
        machine.stream.read(1.0)
    assert str(second.value) == str(first.value)
    assert machine.counters().instructions > -1
    machine.close()


def test_a_fault_names_functions_and_registers() -> None:
    code = Thumb(ORIGIN)
    code.label("main")
    code.movs(5, 0xAB)
    code.bl("helper")
    code.nop()
    code.label("helper")
    code.load(0, 0x3000_0000)
    code.ldr(1, 0)
    machine = boot(code)
    with pytest.raises(GuestFault) as fault:
        machine.advance()
    assert fault.value.where == "pc 0x00000410 (helper+0x8), lr 0x00000406 (main+0x6)"
    assert " r5 000000ab" in str(fault.value.found)
    assert " r0 30000000" in str(fault.value.found)


def test_a_peripheral_stops_at_the_access() -> None:
    code = Thumb(ORIGIN)
    code.load(0, UART + 0x5AC)
    code.movs(2, 1)
    code.ldr(1, 0)
    code.movs(2, 2)
    machine = boot(code)
    with pytest.raises(GuestFault) as fault:
        machine.advance()
    assert "pc 0x0000040a" in str(fault.value.where)
    assert " r2 00000001" in str(fault.value.found)
    assert machine.counters().instructions == 3


def test_the_core_has_what_its_board_says() -> None:
    code = Thumb(ORIGIN)
    code.udiv(0, 1, 2)
    code.wfi()
    assert boot(code, board("cortex-m4")).advance() is False
    with pytest.raises(GuestFault, match="does not have the instruction") as fault:
        boot(code, board("cortex-m0plus")).advance()
    assert fault.value.expected == "instructions of a cortex-m0plus"


def test_what_was_sent_before_a_fault_is_read_first() -> None:
    code = Thumb(ORIGIN)
    start_uart(code)
    code.store(RAM + 0x2000, 0x6F6C6C61)
    code.store(UART + 0x544, RAM + 0x2000)
    code.store(UART + 0x548, 4)
    code.store(UART + 0x008, 1)
    code.half(0xDE00)
    machine = boot(code)
    assert machine.stream.read(1.0) == b"allo"
    with pytest.raises(GuestFault, match="gave up"):
        machine.stream.read(1.0)


def test_an_fpu_that_was_enabled_is_used() -> None:
    code = Thumb(ORIGIN)
    code.store(SCS + 0xD88, 0x00F0_0000)
    code.half(0xF3BF, 0x8F4F, 0xF3BF, 0x8F6F)  # dsb; isb
    code.half(0xEE30, 0x0A81)
    code.wfi()
    assert boot(code, board(fpu=True)).advance() is False


def riscv(*halves: int) -> EmuMachine:
    code = struct.pack(f"<{len(halves)}H", *halves)
    segments = ((ORIGIN, code),)
    return EmuMachine(Program(segments, stack=STACK, entry=ORIGIN), board("generic-rv32"))


@pytest.mark.parametrize(
    ("halves", "sentence"),
    [
        ((0x4515, 0x9002), "gave up"),
        ((0x4515, 0x0000), "gave up"),
        ((0x4515, 0x0073, 0x0000), "an environment call (ECALL)"),
        ((0x4515, 0xFFFF, 0xFFFF), "does not have the instruction at 0x00000402"),
    ],
)
def test_riscv_faults_point_at_their_instruction(halves: tuple[int, ...], sentence: str) -> None:
    machine = riscv(*halves)
    with pytest.raises(GuestFault) as fault:
        machine.advance()
    assert sentence in fault.value.what
    assert "pc 0x00000402" in str(fault.value.where)
    assert machine.counters().instructions == 1


def test_riscv_jump_to_null() -> None:
    machine = riscv(0x4501, 0x8502)  # li a0, 0; jr a0
    with pytest.raises(GuestFault, match="jumped to 0x00000000"):
        machine.advance()
    assert machine.counters().instructions == 2
