"""The number of a RISC-V hart, which Unicorn has no function for.

`mhartid` is read-only, to Unicorn's register functions too. It is part of the
state that `uc_context_save` copies and `uc_context_restore` puts back.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_int, c_size_t, c_uint32, c_void_p
from typing import Final

from unicorn import riscv_const

from pytest_arielml.errors import Unavailable

# Where the state has it: words after register x0. `CPURISCVState` of 2.1.4 has
# 32 registers, as many of 64 bits, and 13 words in front of it.
_PLACE: Final = 32 + 2 * 32 + 13
_MARKS: Final = range(0x5EED_0001, 0x5EED_0020)


def set_hart(unicorn: ctypes.CDLL, handle: c_void_p, number: int) -> None:
    """Lets the core of the engine `handle` be hart `number`; its registers are lost.

    Raises: Unavailable when this Unicorn keeps the number elsewhere.
    """
    for name in ("uc_context_save", "uc_context_restore"):
        getattr(unicorn, name).argtypes = [c_void_p, c_void_p]
    unicorn.uc_context_alloc.argtypes = [c_void_p, POINTER(c_void_p)]
    unicorn.uc_context_free.argtypes = [c_void_p]
    unicorn.uc_context_size.argtypes = [c_void_p]
    unicorn.uc_context_size.restype = c_size_t
    for access in (unicorn.uc_reg_read, unicorn.uc_reg_write):
        access.argtypes = [c_void_p, c_int, c_void_p]
    for register, mark in enumerate(_MARKS, riscv_const.UC_RISCV_REG_X1):
        unicorn.uc_reg_write(handle, register, ctypes.byref(c_uint32(mark)))
    context = c_void_p()
    if unicorn.uc_context_alloc(handle, ctypes.byref(context)):
        raise MemoryError("no memory for a core's state")
    try:
        unicorn.uc_context_save(handle, context)
        words = unicorn.uc_context_size(handle) // ctypes.sizeof(c_uint32)
        state = (c_uint32 * words).from_address(context.value or 0)
        place = list(state).index(_MARKS[0]) - 1 + _PLACE
        state[place] = number
        unicorn.uc_context_restore(handle, context)
    finally:
        unicorn.uc_context_free(context)
    found = c_uint32()
    unicorn.uc_reg_read(handle, riscv_const.UC_RISCV_REG_MHARTID, ctypes.byref(found))
    if found.value != number:
        raise Unavailable(
            "this Unicorn cannot have several RISC-V cores",
            expected="Unicorn 2.1.4, whose state of a core is known",
            advice="pip install unicorn==2.1.4, or use one core",
        )
