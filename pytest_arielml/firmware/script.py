"""The linker script of a board."""

from __future__ import annotations

from dataclasses import dataclass

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
#: Where a chip starts another core at a place of its own.
BOOT = ".boot"
#: The file with what an image that speaks another protocol says of its model.
DESCRIPTION_FILE = "model.description"
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
    constants = _constants(board)
    return f"""\
ENTRY({reset_symbol(board)})
ASSERT(DEFINED({reset_symbol(board)}), "no {reset_symbol(board)}")

MEMORY {{
  FLASH (rx) : {_region(board.flash)}
{constants.memory}\
  RAM (rwx) : {_region(board.ram)}
{_boot_memory(board)}}}

PHDRS {{
  flash PT_LOAD FLAGS(5);
{constants.header}\
  stack PT_LOAD FLAGS(6);
  data PT_LOAD FLAGS(6);
  bss PT_LOAD FLAGS(6);
{_boot_header(board)}}}

SECTIONS {{
  {VECTORS} : {{
    KEEP(*(.header.vectors.{board.support}))
    KEEP(*(.vectors.{board.support}))
  }} > FLASH : flash
  {KERNELS} : ALIGN(4) {{
    arielml_kernels_start = .;
    *model.o(.text .text.*)
    arielml_kernels_end = .;
  }} > FLASH : flash
  {TEXT} : {{ *(.text .text.*) }} > FLASH : flash
  {KERNEL_CONSTANTS} {constants.begin}: {constants.at(KERNEL_CONSTANTS)}{{
    *model.o(.rodata .rodata.* .srodata .srodata.* .data.rel.ro .data.rel.ro.*)
  }} {constants.place}
  {RODATA} : {constants.at(RODATA)}{{
{_boot_constants(board)}    *(.rodata .rodata.* .srodata .srodata.* .data.rel.ro .data.rel.ro.*)
  }} {constants.place}
  {IDENTITY} : {constants.at(IDENTITY)}ALIGN(8) {{
    arielml_image_id = .;
    QUAD({int.from_bytes(identity, "little"):#018x})
    arielml_description_start = .;
    KEEP(*{DESCRIPTION_FILE}(.data))
    arielml_description_end = .;
  }} {constants.place}
  /* Weights are read in place: IREE aligns them to 64 bytes from here. */
  {MODULE} : {constants.at(MODULE)}ALIGN(64) {{
    arielml_module_start = .;
    KEEP(*model.vmfb(.data))
    arielml_module_end = .;
  }} {constants.place}

  __stack_size = {board.stack};
  {STACK} (NOLOAD) : {{
{_stacks(board)}
  }} > RAM : stack
  /* Start-up copies and clears words. */
  {DATA} : {constants.at_data()}ALIGN(8) {{
    __data_start = .;
    *(.sdata .sdata.* .data .data.*)
    . = ALIGN(4);
    __data_end = .;
  }} {constants.place_data}
  __data_load = LOADADDR({DATA}){constants.from_flash};
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
{_boot_section(board)}
  /* Not loaded: an error carries where its sentence begins, which is never 0. */
  {TEXTS} 0 (INFO) : {{ BYTE(0) *({TEXTS}) }} :NONE

  /* Nothing unwinds: a panic is a fault. */
  /DISCARD/ : {{ *(.ARM.exidx .ARM.exidx.* .ARM.extab .ARM.extab.* .eh_frame) }}
}}
{constants.check}\
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


def _boot_memory(board: Board) -> str:
    return f"  BOOT (rx) : {_region(board.boot)}\n" if board.boot else ""


def _boot_header(board: Board) -> str:
    return "  boot PT_LOAD FLAGS(5);\n" if board.boot else ""


def _boot_constants(board: Board) -> str:
    """The vector table of another core, where the first one says where it lies."""
    return "" if board.boot else "    *(.helper.vectors.*)\n"


def _boot_section(board: Board) -> str:
    """The vector table of another core, where the chip starts it at a place of its own."""
    if not board.boot:
        return ""
    return f"  {BOOT} : {{ *(.helper.vectors.{board.support}) }} > BOOT : boot\n"


@dataclass(frozen=True)
class _Constants:
    """How constants are laid out: behind code, by the same addresses.

    Where data has addresses of its own, the place behind code has another one there.
    A linker counts the two apart; so the script says both.
    """

    memory: str = ""
    header: str = ""
    begin: str = ""
    to_flash: str = ""
    from_flash: str = ""
    place: str = "> FLASH : flash"
    place_data: str = "> RAM AT> FLASH : data"
    check: str = ""

    def at(self, section: str) -> str:
        """Where in flash `section` lies."""
        return f"AT(ADDR({section}){self.to_flash}) " if self.to_flash else ""

    def at_data(self) -> str:
        """Where in flash initial data lies: behind the last of the constants."""
        end = f"LOADADDR({MODULE}) + SIZEOF({MODULE})"
        return f"AT(ALIGN({end}, 8)) " if self.to_flash else ""


def _constants(board: Board) -> _Constants:
    if board.flash_data is None:
        return _Constants()
    distance = board.flash_data - board.flash.origin
    return _Constants(
        memory=f"  CONSTANTS (r) : {_region(Region(board.flash_data, board.flash.length))}\n",
        header="  constants PT_LOAD FLAGS(4);\n",
        begin=f"ADDR({TEXT}) + SIZEOF({TEXT}){_plus(distance)} ",
        to_flash=_plus(-distance),
        from_flash=_plus(distance),
        place="> CONSTANTS : constants",
        place_data="> RAM : data",
        check=f"""\
ASSERT(LOADADDR({DATA}) + SIZEOF({DATA}) <= {board.flash.end:#x},
  "section '{DATA}' will not fit in region 'FLASH'")
""",
    )


def _plus(distance: int) -> str:
    return f" {'-' if distance < 0 else '+'} {abs(distance):#x}"


def reset_symbol(board: Board) -> str:
    """Name of the board's reset handler; Rust's names have no dashes."""
    return f"arielml_reset_{board.support.replace('-', '_')}"


def agent_symbol(board: Board) -> str:
    """Name of the board's program that speaks the wire."""
    return f"{reset_symbol(board)}_agent"


def mlperf_tiny_symbol(board: Board) -> str:
    """Name of the board's program that speaks the MLPerf Tiny runner's protocol."""
    return f"{reset_symbol(board)}_mlperf_tiny"


def records_symbol(board: Board) -> str:
    """Name of what answers RECORD on the board; only images that record dispatches take it."""
    return f"{reset_symbol(board)}_records"


def checks_symbol(board: Board) -> str:
    """Name of what answers CHECK on the board; only images without a model take it."""
    return f"{reset_symbol(board)}_checks"


def _region(region: Region) -> str:
    return f"ORIGIN = {region.origin:#x}, LENGTH = {region.length:#x}"
