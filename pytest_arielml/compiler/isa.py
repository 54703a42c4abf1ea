"""The shapes of the VM's instructions, to walk bytecode by.

From IREE's own description, ``iree/vm/bytecode/isa/isa.json``, version 17.0.
An operation is written as one letter per field:

- ``i`` ``l`` ``r`` ``m``: a register (two bytes);
- ``g`` ``G`` ``o`` ``t`` ``d`` ``c``: an ordinal, an offset or a constant (four bytes);
- ``C``: a constant (eight bytes);
- ``s``: a string with its length before it;
- ``b``: a branch: four bytes and a list of pairs of registers;
- ``v``: a list of registers, whose kind the next letter names;
- ``a``: after ``v`` any register; alone: calls, returns and tables, read by hand.
"""

from __future__ import annotations

from typing import Final

#: Prefixes of the float extensions.
EXTENSION_F32: Final = 0xE0
EXTENSION_F64: Final = 0xE1

_CORE: Final = """
    gi gi ii ii Gl Gl il il otm otm itm itm i ci l Cl
    m dm tim ri ri ri rii rii ril ril ritm rim iiii illl itmmm iivii
    ilvll itmvmm iii iii iii iii iii iii iii iiii lll lll lll lll lll lll
    lll llll ii iii iii iii ll lll lll lll iii iii iii lil lil lil
    ii ii li ii ii ii ii il il iii iii iii iii ii lli lli
    lli lli li rri rri ri b ibb a a a is a b sva sva
    ib b rli rli rli rli rli rll rli rli rli rll lim rllim rl rlrll
    rlrlli rlli rlli rlli rlll ii ll ii ll - iii iii iii iii lll lll
    lll lll mtm a rlll vm mm a a
"""

_F32: Final = """
    gi gi ii ii i ci rii rii iiii iivii iii iii iii iii iii iiii
    ii ii ii ii ii ii ii ii ii ii ii iii ii ii ii ii
    ii ii ii ii ii iii ii ii ii ii iii iii iii iii iii iii
    iii iii ii rli rli rlli ii iii iii ii il il li li
"""

_F64: Final = """
    Gl Gl il il l Cl ril ril illl ilvll lll lll lll lll lll llll
    ll ll ll ll li il il il li li ll ll ll ll ll ll
    ll lll ll ll ll ll ll ll ll ll ll lll ll ll ll ll
    lli lli lli lli lli lli lli lli li rll rll rlll ll lll lll ll
"""

#: Shapes by opcode; `-` for an opcode without fields.
SHAPES: Final = {0: _CORE.split(), EXTENSION_F32: _F32.split(), EXTENSION_F64: _F64.split()}

BLOCK: Final = 0x79
CALL: Final = 0x58
CALL_VARIADIC: Final = 0x59
RETURN: Final = 0x5A
IMPORT_RESOLVED: Final = 0x5C
BR_TABLE: Final = 0x83
CALL_YIELDABLE: Final = 0x87
CALL_VARIADIC_YIELDABLE: Final = 0x88

#: Which instructions a part of the runtime is for, in the core set.
LISTS: Final = range(0x12, 0x1C)
BUFFERS: Final = frozenset((*range(0x62, 0x75), 0x84))
DIVISION: Final = frozenset((*range(0x25, 0x29), *range(0x2D, 0x31)))
#: Instructions of the f32 set that work on buffers.
BUFFERS_F32: Final = range(0x33, 0x36)
#: Instructions of the f64 set that work on buffers.
BUFFERS_F64: Final = range(0x39, 0x3C)
