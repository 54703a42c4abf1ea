"""The linker script of a board."""

from __future__ import annotations

from pytest_arielml.boards import Board, Region

#: Sections of the image, by what is in them.
VECTORS = ".vectors"
KERNELS = ".kernels"
TEXT = ".text"
KERNEL_CONSTANTS = ".kernel_constants"
RODATA = ".rodata"
IDENTITY = ".image_id"
MODULE = ".module"
STACK = ".stack"
DATA = ".data"
BSS = ".bss"
#: The runtime's sentences: in the ELF, never on the board.
TEXTS = ".arielml.texts"


def linker_script(board: Board, identity: bytes, records: int = 0) -> str:
    """The script that lays an image out for `board`, for LLD or GNU ld.

    Its symbols are what the start-up code, the agent and the emulator go by:
    the stacks are at the origin of RAM, so that an overflow leaves RAM and
    faults; what static data leaves over is the arena.

    Args:
        board: memories, stacks, and whose start-up code to take.
        identity: 8 bytes that tell this image from others.
        records: bytes for records of dispatches.
    """
    return f"""\
ENTRY({reset_symbol(board)})
ASSERT(DEFINED({reset_symbol(board)}), "no {reset_symbol(board)}")

MEMORY {{
  FLASH (rx) : {_region(board.flash)}
  RAM (rwx) : {_region(board.ram)}
}}

PHDRS {{
  flash PT_LOAD FLAGS(5);
  stack PT_LOAD FLAGS(6);
  data PT_LOAD FLAGS(6);
  bss PT_LOAD FLAGS(6);
}}

SECTIONS {{
  {VECTORS} : {{ KEEP(*(.vectors.{board.support})) }} > FLASH : flash
  {KERNELS} : ALIGN(4) {{
    arielml_kernels_start = .;
    *model.o(.text .text.*)
    arielml_kernels_end = .;
  }} > FLASH : flash
  {TEXT} : {{ *(.text .text.*) }} > FLASH : flash
  {KERNEL_CONSTANTS} : {{
    *model.o(.rodata .rodata.* .srodata .srodata.* .data.rel.ro .data.rel.ro.*)
  }} > FLASH : flash
  {RODATA} : {{
    *(.rodata .rodata.* .srodata .srodata.* .data.rel.ro .data.rel.ro.*)
  }} > FLASH : flash
  {IDENTITY} : ALIGN(8) {{
    arielml_image_id = .;
    QUAD({int.from_bytes(identity, "little"):#018x})
  }} > FLASH : flash
  /* Weights are read in place: IREE aligns them to 64 bytes from here. */
  {MODULE} : ALIGN(64) {{
    arielml_module_start = .;
    KEEP(*model.vmfb(.data))
    arielml_module_end = .;
  }} > FLASH : flash

  __stack_size = {board.stack};
  {STACK} (NOLOAD) : {{
{_stacks(board)}
  }} > RAM : stack
  /* Start-up copies and clears words. */
  {DATA} : ALIGN(8) {{
    __data_start = .;
    *(.sdata .sdata.* .data .data.*)
    . = ALIGN(4);
    __data_end = .;
  }} > RAM AT> FLASH : data
  __data_load = LOADADDR({DATA});
  /* RISC-V reaches 2 KiB to either side of it in one instruction. */
  __global_pointer$ = ADDR({DATA}) + 0x800;
  {BSS} (NOLOAD) : ALIGN(8) {{
    __bss_start = .;
    *(.sbss .sbss.* .bss .bss.*) *(COMMON)
    . = ALIGN(4);
    __records_start = .;
    . += {records};
    __records_end = .;
    __bss_end = .;
  }} > RAM : bss
  __arena_start = ALIGN(64);
  __arena_end = {board.ram.end:#x};

  /* Not loaded: an error carries where its sentence begins, which is never 0. */
  {TEXTS} 0 (INFO) : {{ BYTE(0) *({TEXTS}) }} :NONE

  /* Nothing unwinds: a panic is a fault. */
  /DISCARD/ : {{ *(.ARM.exidx .ARM.exidx.* .ARM.extab .ARM.extab.* .eh_frame) }}
}}
"""


def _stacks(board: Board) -> str:
    """One stack after the other, the first core's lowest; other cores' symbols end in a number."""
    lines = []
    for number in range(len(board.cores)):
        suffix = f"_{number}" if number else ""
        lines += [
            f"    __stack_bottom{suffix} = .;",
            f"    . += {board.stack};",
            f"    __stack_top{suffix} = .;",
        ]
    return "\n".join(lines)


def reset_symbol(board: Board) -> str:
    """Name of the board's reset handler; Rust's names have no dashes."""
    return f"arielml_reset_{board.support.replace('-', '_')}"


def records_symbol(board: Board) -> str:
    """Name of what answers RECORD on the board; only images that record dispatches take it."""
    return f"{reset_symbol(board)}_records"


def checks_symbol(board: Board) -> str:
    """Name of what answers CHECK on the board; only images without a model take it."""
    return f"{reset_symbol(board)}_checks"


def _region(region: Region) -> str:
    return f"ORIGIN = {region.origin:#x}, LENGTH = {region.length:#x}"
