"""What a RISC-V core is, which Unicorn has no functions for: its number, its extensions.

`mhartid` and `misa` are read-only, to Unicorn's register functions too. They are part of
the state that `uc_context_save` copies and `uc_context_restore` puts back.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_int, c_size_t, c_uint32, c_void_p
from typing import Final

from unicorn import riscv_const

from pytest_arielml.errors import Unavailable

# Where the state has them: words after register x0. `CPURISCVState` of 2.1.4 has
# 32 registers, as many of 64 bits, and so many words in front of each.
_REGISTERS: Final = 32 + 2 * 32
_EXTENSIONS: Final = _REGISTERS + 7
_NUMBER: Final = _REGISTERS + 13
_MARKS: Final = range(0x5EED_0001, 0x5EED_0020)


def set_hart(unicorn: ctypes.CDLL, handle: c_void_p, number: int) -> None:
    """Lets the core of the engine `handle` be hart `number`; its registers are lost.

    Raises: Unavailable when this Unicorn keeps the number elsewhere.
    """
    found = _change(unicorn, handle, _NUMBER, number, riscv_const.UC_RISCV_REG_MHARTID)
    if found != number:
        raise Unavailable(
            "this Unicorn cannot have several RISC-V cores",
            expected="Unicorn 2.1.4, whose state of a core is known",
            advice="pip install unicorn==2.1.4, or use one core",
        )


def set_extensions(unicorn: ctypes.CDLL, handle: c_void_p, extensions: int) -> None:
    """Lets the core of the engine `handle` have what `misa` says; its registers are lost.

    Instructions of others are invalid then, as on the core itself.

    Raises: Unavailable when this Unicorn keeps it elsewhere.
    """
    found = _change(unicorn, handle, _EXTENSIONS, extensions, riscv_const.UC_RISCV_REG_MISA)
    if found != extensions:
        raise Unavailable(
            "this Unicorn cannot have RISC-V cores of other extensions than its own",
            expected="Unicorn 2.1.4, whose state of a core is known",
            advice="pip install unicorn==2.1.4",
        )


def _change(unicorn: ctypes.CDLL, handle: c_void_p, place: int, value: int, register: int) -> int:
    """Sets a word of the state; what `register` reads as then."""
    for name in ("uc_context_save", "uc_context_restore"):
        getattr(unicorn, name).argtypes = [c_void_p, c_void_p]
    unicorn.uc_context_alloc.argtypes = [c_void_p, POINTER(c_void_p)]
    unicorn.uc_context_free.argtypes = [c_void_p]
    unicorn.uc_context_size.argtypes = [c_void_p]
    unicorn.uc_context_size.restype = c_size_t
    for access in (unicorn.uc_reg_read, unicorn.uc_reg_write):
        access.argtypes = [c_void_p, c_int, c_void_p]
    for marked, mark in enumerate(_MARKS, riscv_const.UC_RISCV_REG_X1):
        unicorn.uc_reg_write(handle, marked, ctypes.byref(c_uint32(mark)))
    context = c_void_p()
    if unicorn.uc_context_alloc(handle, ctypes.byref(context)):
        raise MemoryError("no memory for a core's state")
    try:
        unicorn.uc_context_save(handle, context)
        words = unicorn.uc_context_size(handle) // ctypes.sizeof(c_uint32)
        state = (c_uint32 * words).from_address(context.value or 0)
        state[list(state).index(_MARKS[0]) - 1 + place] = value
        unicorn.uc_context_restore(handle, context)
    finally:
        unicorn.uc_context_free(context)
    found = c_uint32()
    unicorn.uc_reg_read(handle, register, ctypes.byref(found))
    return found.value
