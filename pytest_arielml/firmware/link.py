"""Links a compiled model with the device runtime into an image."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from pytest_arielml.boards import HOST, Board, Region, board_names, load_board
from pytest_arielml.compiler import (
    Cache,
    CompiledModel,
    digest_of,
    read_module,
    run_tool,
    tool_path,
    tool_version,
)
from pytest_arielml.errors import CompileError, UsageError
from pytest_arielml.firmware.archive import archive_path
from pytest_arielml.firmware.fit import check_fit
from pytest_arielml.firmware.host import link_host
from pytest_arielml.firmware.image import Image
from pytest_arielml.firmware.script import (
    DESCRIPTION_FILE,
    agent_symbol,
    checks_symbol,
    linker_script,
    mlperf_tiny_symbol,
    records_symbol,
    reset_symbol,
)
from pytest_arielml.firmware.selection import selection
from pytest_arielml.firmware.size import SizeReport, measure

#: Bytes for records of dispatches: at most so many, and of RAM at most one part in so many.
_RECORDS: Final = 8192
_RECORDS_SHARE: Final = 32

#: Raised when what an entry of the cache holds, or how it is made, changes.
_FORMAT: Final = 4
_TIMEOUT: Final = 120.0
_ATTEMPTS: Final = 2

_ELF: Final = "image.elf"
_SCRIPT: Final = "layout.ld"
_SIZE: Final = "size.json"

_OVERFLOW: Final = re.compile(r"will not fit in region '\w+'")
_UNDEFINED: Final = re.compile(r"undefined symbol: (\S+)")


def link_bringup(board: Board, *, archive: Path | None = None, cache: Cache | None = None) -> Image:
    """Links an image without a model: the agent, and checks of the board.

    Its LOAD is refused. No compiler is needed. Args and errors: see `link_image`.
    """
    if board.name == HOST:
        raise UsageError(
            "this machine is no board: there is nothing of it to bring up",
            advice="take a target with a board, such as emu-nrf52840",
        )
    return _linked(_Plan(None, board, checks_symbol(board)), archive, cache)


def link_image(
    compiled: CompiledModel,
    board: Board,
    *,
    records: bool = False,
    archive: Path | None = None,
    cache: Cache | None = None,
) -> Image:
    """Links the image of a model for a board, or takes it from the cache.

    For this machine the image is a shared object, without the runtime.

    Args:
        compiled: the model, compiled for this board.
        board: whose memories and start-up code to use.
        records: the image can record who works on which dispatch, and when.
        archive: the device runtime (default: the package's own).
        cache: where the result is kept (default: the user's cache).

    Raises: DoesNotFit when flash or RAM is too small; CompileError when the
    linker refuses; UsageError when the runtime does not support the board;
    Unavailable without a runtime for its architecture.
    """
    if board.name == HOST:
        return link_host(compiled, board, cache or Cache())
    if not records:
        return _linked(_Plan(compiled, board, "0"), archive, cache)
    room = min(_RECORDS, board.ram.length // _RECORDS_SHARE) & ~3
    return _linked(_Plan(compiled, board, records_symbol(board), room), archive, cache)


def link_mlperf_tiny(
    compiled: CompiledModel,
    board: Board,
    description: bytes,
    *,
    data: int = 0,
    archive: Path | None = None,
    cache: Cache | None = None,
) -> Image:
    """Links an image that answers the MLPerf Tiny runner, and not the wire.

    `description` is what the device must know of the model (firmware/mlperf reads it),
    `data` the bytes of RAM that it keeps the runner's input in. For the other
    arguments and the errors see `link_image`.
    """
    plan = _Plan(compiled, board, "0", description=description, data=data)
    return _linked(plan, archive, cache)


@dataclass(frozen=True)
class _Plan:
    """What an image is made of.

    `extension` is the symbol of what answers requests that only some images know.
    With a `description` it speaks the MLPerf Tiny runner's protocol, and has `data`
    bytes of input beside the tensors.
    """

    compiled: CompiledModel | None
    board: Board
    extension: str
    records: int = 0
    description: bytes = b""
    data: int = 0

    @property
    def program(self) -> str:
        """The symbol of what the image does once the board has started."""
        return mlperf_tiny_symbol(self.board) if self.description else agent_symbol(self.board)

    def script(self, identity: bytes) -> str:
        return linker_script(self.board, identity, self.records)


def _linked(plan: _Plan, archive: Path | None, cache: Cache | None) -> Image:
    compiled, board = plan.compiled, plan.board
    cache = cache or Cache()
    architecture = compiled.architecture if compiled else board.architecture
    archive = archive or archive_path(architecture)
    key = digest_of(
        {
            "format": _FORMAT,
            "linker": tool_version(),
            "model": compiled.digest if compiled else None,
            "runtime": hashlib.sha256(archive.read_bytes()).hexdigest(),
            "script": plan.script(bytes(8)),
            "extension": plan.extension,
            "program": plan.program,
            "description": plan.description.hex(),
        }
    )
    identity = bytes.fromhex(key)[:8]

    def build(folder: Path) -> None:
        _build(plan, archive, identity, folder, partial(cache.keep_failed, key))

    folder = cache.entry("image", key, build)
    size = SizeReport(**json.loads((folder / _SIZE).read_text(encoding="utf-8")))
    if compiled:
        check_fit(compiled, board, size, plan.data)
    return Image(
        elf=folder / _ELF,
        size=size,
        identity=identity,
        kernels=compiled.kernels if compiled else (),
        digest=key,
    )


def _build(
    plan: _Plan,
    archive: Path,
    identity: bytes,
    folder: Path,
    keep: Callable[[Path], Path],
) -> None:
    compiled, board = plan.compiled, plan.board
    for part in _files(compiled):
        shutil.copyfile(part, folder / part.name)
    if plan.description:
        (folder / DESCRIPTION_FILE).write_bytes(plan.description)
    said = _link(plan, archive, identity, folder)
    if compiled and said and _OVERFLOW.search(said):
        # Linked with room to spare, the image says where its bytes went.
        roomy = replace(plan, board=_roomy(board))
        if not _link(roomy, archive, identity, folder):
            check_fit(compiled, board, measure(folder / _ELF, board), plan.data)
    if said:
        raise _failure(said, compiled, board, lambda: keep(folder))
    size = asdict(measure(folder / _ELF, board))
    (folder / _SIZE).write_text(json.dumps(size, indent=1), encoding="utf-8")


def _files(compiled: CompiledModel | None) -> list[Path]:
    """What the compiler made, for the linker."""
    made = (compiled.object, compiled.module) if compiled else ()
    return [part for part in made if part is not None]


def _link(plan: _Plan, archive: Path, identity: bytes, folder: Path) -> str | None:
    """Runs the linker in `folder`; what it said when it refused."""
    compiled = plan.compiled
    binaries = [compiled.module.name] if compiled else []
    binaries += [DESCRIPTION_FILE] if plan.description else []
    (folder / _SCRIPT).write_text(plan.script(identity), encoding="utf-8")
    command: tuple[str | Path, ...] = (
        tool_path("iree-lld"),
        "-flavor",
        "gnu",
        "-static",
        "--nmagic",
        "--gc-sections",
        f"--script={_SCRIPT}",
        f"--defsym=arielml_library_query={(compiled.library if compiled else None) or 0}",
        f"--defsym=arielml_extension={plan.extension}",
        f"--defsym=arielml_program={plan.program}",
        *selection(read_module(compiled.module) if compiled else None),
        "-Map=image.map",
        f"-o{_ELF}",
        *([compiled.object.name] if compiled and compiled.object else []),
        archive.absolute(),
        *(["--format=binary", *binaries, "--format=default"] if binaries else []),
    )
    finished = run_tool(command, folder=folder, timeout=_TIMEOUT, attempts=_ATTEMPTS)
    if finished.status == 0:
        return None
    return finished.output or f"exit status {finished.status}"


def _roomy(board: Board) -> Board:
    """The board with memories as large as its address space allows."""
    memories = {"flash": board.flash, "ram": board.ram}
    low, high = sorted(memories.items(), key=lambda item: item[1].origin)
    end = (1 << 32) - (board.boot.length if board.boot else 0)
    roomy = {
        low[0]: Region(low[1].origin, high[1].origin - low[1].origin),
        high[0]: Region(high[1].origin, end - high[1].origin),
    }
    if board.boot:
        roomy["boot"] = Region(end, board.boot.length)
    return replace(board, memory=roomy)


def _failure(
    said: str, compiled: CompiledModel | None, board: Board, keep: Callable[[], Path]
) -> Exception:
    name = compiled.name if compiled else "the image for bringing it up"
    reset = reset_symbol(board)
    architecture = compiled.architecture if compiled else board.architecture
    if reset in said:
        return UsageError(
            f"the device runtime does not support board {board.name}",
            where=f"the runtime for {architecture}",
            expected="start-up code and drivers of one of: " + _supported(architecture),
            found=f"none for {board.support!r}",
            advice="name the supported board that yours is like in its file: support = ...",
        )
    kept = keep() / "linker.txt"
    kept.write_text(said, encoding="utf-8")
    undefined = sorted(set(_UNDEFINED.findall(said)))
    if undefined:
        return CompileError(
            f"the kernels of {name} call functions that the device runtime has not",
            where=f"linking for {board.name}",
            found=", ".join(undefined),
            advice=f"please report it with {kept}",
        )
    return CompileError(
        f"iree-lld cannot link {name}",
        where=f"linking for {board.name}",
        found=said.strip().partition("\n")[0],
        advice=f"all that it said: {kept}",
    )


def _supported(architecture: str) -> str:
    boards = (load_board(name) for name in board_names())
    return ", ".join(
        board.name
        for board in boards
        if architecture in (board.architecture, board.common_architecture)
    )
