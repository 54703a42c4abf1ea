"""Links a compiled model for the machine itself: kernels and module in a shared object.

The runtime is not in it; the runner `host` has it in a library.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile

from pytest_arielml.boards import Board
from pytest_arielml.compiler import (
    Cache,
    CompiledModel,
    digest_of,
    run_tool,
    tool_path,
    tool_version,
)
from pytest_arielml.errors import CompileError
from pytest_arielml.firmware.fit import check_fit
from pytest_arielml.firmware.image import Image
from pytest_arielml.firmware.size import (
    BYTECODE,
    KERNEL_CONSTANTS,
    MODEL_CODE,
    WEIGHTS,
    SizeReport,
    bytecode_length,
)

#: Symbols of the shared object.
QUERY: Final = "arielml_library_query"
MODULE_START: Final = "_binary_model_vmfb_start"
MODULE_END: Final = "_binary_model_vmfb_end"

#: Raised when what an entry of the cache holds, or how it is made, changes.
_FORMAT: Final = 1
_TIMEOUT: Final = 120.0
_ATTEMPTS: Final = 2
#: What the linker calls the architecture.
_EMULATION: Final = {"x86_64": "elf_x86_64", "aarch64": "aarch64linux"}
_OBJECT: Final = "image.so"
_SCRIPT: Final = "layout.ld"
_SIZE: Final = "size.json"

# The loader makes `.data.rel.ro` read-only: what writes over weights faults,
# as in flash.
_LAYOUT: Final = """\
SECTIONS {
  .data.rel.ro : ALIGN(64) { *model.vmfb(.data) *(.data.rel.ro .data.rel.ro.*) }
} INSERT BEFORE .dynamic;
"""


def link_host(compiled: CompiledModel, board: Board, cache: Cache) -> Image:
    """Links the shared object of a model, or takes it from the cache.

    Raises: DoesNotFit when the tensors of a call are larger than the arena;
    CompileError when the linker refuses.
    """
    key = digest_of(
        {
            "format": _FORMAT,
            "linker": tool_version(),
            "model": compiled.digest,
            "script": _LAYOUT,
        }
    )
    folder = cache.entry(
        "image", key, partial(_build, compiled, board, keep=partial(cache.keep_failed, key))
    )
    size = SizeReport(**json.loads((folder / _SIZE).read_text(encoding="utf-8")))
    check_fit(compiled, board, size)
    return Image(folder / _OBJECT, size, bytes.fromhex(key)[:8], compiled.kernels, key)


def _build(
    compiled: CompiledModel, board: Board, folder: Path, *, keep: Callable[[Path], Path]
) -> None:
    for part in (compiled.object, compiled.module):
        if part is not None:
            shutil.copyfile(part, folder / part.name)
    (folder / _SCRIPT).write_text(_LAYOUT, encoding="utf-8")
    command: tuple[str | Path, ...] = (
        tool_path("iree-lld"),
        "-flavor",
        "gnu",
        # Said, because a model without kernels has no object that would tell.
        f"-m{_EMULATION.get(board.architecture.partition('-')[0], '')}",
        "-shared",
        "-znow",
        "-Bsymbolic",
        "--strip-debug",
        f"--script={_SCRIPT}",
        *([f"--defsym={QUERY}={compiled.library}"] if compiled.library else []),
        f"-o{_OBJECT}",
        *([compiled.object.name] if compiled.object else []),
        "--format=binary",
        compiled.module.name,
        "--format=default",
    )
    finished = run_tool(command, folder=folder, timeout=_TIMEOUT, attempts=_ATTEMPTS)
    if finished.status != 0:
        kept = keep(folder) / "linker.txt"
        kept.write_text(finished.output, encoding="utf-8")
        raise CompileError(
            f"iree-lld cannot link {compiled.name}",
            where="linking for this machine",
            found=finished.output.strip().partition("\n")[0] or f"status {finished.status}",
            advice=f"all that it said: {kept}",
        )
    size = asdict(_measure(folder / _OBJECT, (folder / compiled.module.name).read_bytes()))
    (folder / _SIZE).write_text(json.dumps(size, indent=1), encoding="utf-8")


def _measure(path: Path, module: bytes) -> SizeReport:
    """Bytes of kernels and module: of what the loader needs besides, nothing."""
    with path.open("rb") as stream:
        sizes = {section.name: section["sh_size"] for section in ELFFile(stream).iter_sections()}
    bytecode = bytecode_length(module)
    parts = {
        MODEL_CODE: sizes.get(".text", 0),
        KERNEL_CONSTANTS: sizes.get(".rodata", 0),
        BYTECODE: bytecode,
        WEIGHTS: len(module) - bytecode,
    }
    return SizeReport(flash=sum(parts.values()), ram_static=0, stacks=0, parts=parts)
