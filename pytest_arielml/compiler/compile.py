"""A model in its normal form to an object of kernels and a module of bytecode."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from pytest_arielml.boards import Board
from pytest_arielml.compiler import kernels
from pytest_arielml.compiler.cache import Cache, digest_of
from pytest_arielml.compiler.content import content_digest
from pytest_arielml.compiler.diagnostics import failure
from pytest_arielml.compiler.floats import multiplies_floats
from pytest_arielml.compiler.objects import library_symbols
from pytest_arielml.compiler.process import ToolBroke, run_tool
from pytest_arielml.compiler.profiles import (
    DEFAULT,
    Profile,
    common_flags,
    find_profile,
    stack_flag,
    trace_flags,
)
from pytest_arielml.compiler.targets import common_core, target_of
from pytest_arielml.compiler.tools import tool_path, tool_version
from pytest_arielml.compiler.workers import import_onnx
from pytest_arielml.compiler.workgroups import PHASE, RULE, cut
from pytest_arielml.errors import CompileError
from pytest_arielml.frontends import Model

#: Raised when what an entry of the cache holds, or how it is made, changes.
_FORMAT: Final = 2
# An importer that hangs or crashes does so for no reason of the model's.
_ATTEMPTS: Final = 2
# Seconds; importing takes one, whatever the model.
_IMPORT_TIMEOUT: Final = 120.0

# Up to so many operations, iree-compile takes longer with threads than without.
_FEW: Final = 200

_OBJECT: Final = "model.o"
_MODULE: Final = "model.vmfb"
_RECORD: Final = "compiled.json"
#: Between the two halves of a compilation for several cores.
_CONFIGURED: Final = "configured.mlir"

#: Keeps what a failed build made; gives the folder it is in then.
Keep = Callable[[Path], Path]


@dataclass(frozen=True)
class Statistics:
    """What the compiler knows of a model's memory, in bytes.

    Attributes:
        transient: transients and results of one call.
        constant: weights, which stay in flash.
        variable: state that the module keeps between calls.
        dispatches: how many dispatches a call makes.
    """

    transient: int
    constant: int
    variable: int
    dispatches: int


@dataclass(frozen=True)
class CompiledModel:
    """A model compiled for a board.

    Attributes:
        name: the model's.
        object: the kernels, an ELF object; None when the model has none (it
            only passes data on).
        module: weights and bytecode, a `.vmfb`.
        library: symbol of the kernels' query function in `object`.
        kernels: symbols of the dispatch functions in `object`.
        functions: the exports that can be called.
        input_bytes: bytes of the inputs of the function that takes most, at least.
        statistics: of its memory.
        flags: what iree-compile was given, paths aside.
        architecture: the target triple of the runtime that it is linked with.
        profile: whose flags they are: the one asked for, or `default` where
            the compiler broke with that one.
        digest: of everything that it was made from, in hex.
    """

    name: str
    object: Path | None
    module: Path
    library: str | None
    kernels: tuple[str, ...]
    functions: tuple[str, ...]
    input_bytes: int
    statistics: Statistics
    flags: tuple[str, ...]
    architecture: str
    profile: str
    digest: str


def compile_model(
    model: Model,
    board: Board,
    *,
    cores: int | None = None,
    profile: str | Profile = "speed",
    trace: bool = False,
    cache: Cache | None = None,
    timeout: float = 300.0,
) -> CompiledModel:
    """Compiles `model` for `board`, or takes the result from the cache.

    Args:
        model: what to compile.
        board: for its cores; the memory is checked when the image is linked.
        cores: how many of them it is for (default: all). Where they differ, the
            code is what all of these can run.
        profile: what to optimise for: `speed`, `balanced` or `size`; or what
            exactly to tell the compiler.
        trace: the module passes on what each dispatch is given and gives.
        cache: where the result is kept (default: the user's cache).
        timeout: seconds that one run of the compiler may take.

    A compiler that hangs, crashes or runs out of memory with the flags of the
    profile is ended and tried once more without them; the result says so
    (`profile`), and so does the cache's `notify`.

    Raises: CompileError naming the ONNX node, or the place in the MLIR, that
    IREE refused; UsageError
    for an unknown profile or core; Unavailable without iree-compile.
    """
    cache = cache or Cache()
    flags = _flags(model, board, cores, profile, trace)
    key = compile_digest(model, board, cores=cores, profile=profile, trace=trace)

    def build(folder: Path) -> None:
        style = _profile(model, profile, board, cores).kernels
        keep = partial(cache.keep_failed, key)
        _build(model, flags, style, len(board.cores), folder, keep, timeout)

    try:
        folder = cache.entry("model", key, build)
    except ToolBroke as broke:
        if profile == DEFAULT or isinstance(profile, Profile):
            raise
        cache.notify(
            f"{model.name}: {broke.what} with the profile {profile!r}; "
            "it is compiled with IREE's default flags, and slower than it could be"
        )
        return compile_model(
            model,
            board,
            cores=cores,
            profile=DEFAULT,
            trace=trace,
            cache=cache,
            timeout=timeout,
        )
    record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    return CompiledModel(
        name=model.name,
        object=folder / _OBJECT if record["library"] else None,
        module=folder / _MODULE,
        library=record["library"],
        kernels=tuple(record["kernels"]),
        functions=tuple(function.entry for function in model.signature.functions),
        input_bytes=max(
            sum(spec.nbytes for spec in function.inputs) for function in model.signature.functions
        ),
        statistics=Statistics(**record["statistics"]),
        flags=flags,
        architecture=target_of(board, cores).architecture,
        profile=profile if isinstance(profile, str) else "custom",
        digest=key,
    )


def compile_digest(
    model: Model,
    board: Board,
    *,
    cores: int | None = None,
    profile: str | Profile = "speed",
    trace: bool = False,
) -> str:
    """Digest, in hex, of everything that a compiled model follows from.

    Raises: UsageError for an unknown profile or core; Unavailable without
    iree-compile.
    """
    return digest_of(
        {
            "format": _FORMAT,
            "compiler": tool_version(),
            "model": content_digest(model.normal, model.format),
            "flags": _flags(model, board, cores, profile, trace),
            "import": _import_digest(_profile(model, profile, board, cores).kernels),
            "cut": (RULE, len(board.cores)),
        }
    )


@functools.cache
def _import_digest(style: str) -> str:
    """Of what writes integer operators and the kernels of a style ("": IREE's own)."""
    here = Path(__file__).parent
    sources = [here / "importer.py", here / "integer_ops.py"]
    if style:
        sources += sorted(Path(kernels.__file__).parent.glob("*.py"))
    return digest_of([style, *(each.read_text(encoding="utf-8") for each in sources)])


def _profile(model: Model, profile: str | Profile, board: Board, cores: int | None) -> Profile:
    if not isinstance(profile, str):
        return profile
    found = find_profile(profile, common_core(board, cores))
    if profile != "size" and multiplies_floats(model.normal, model.format):
        return found.with_whole_vectors()
    return found


def _flags(
    model: Model, board: Board, cores: int | None, profile: str | Profile, trace: bool
) -> tuple[str, ...]:
    return (
        *target_of(board, cores).flags(),
        *common_flags(model.format),
        *_profile(model, profile, board, cores).flags,
        stack_flag(board.stack),
        *trace_flags(trace),
    )


def _build(
    model: Model,
    flags: tuple[str, ...],
    style: str,
    cores: int,
    folder: Path,
    keep: Keep,
    timeout: float,
) -> None:
    source, text = folder / f"model.{model.format}", folder / "model.mlir"
    source.write_bytes(model.normal)
    if source != text:
        _import(model, source.name, text.name, style, folder, keep)
        source.unlink()
    flags = (
        *flags,
        f"--iree-llvmcpu-static-library-output-path={_OBJECT}",
        "--iree-scheduling-dump-statistics-file=statistics.json",
        *_thread_flags(text),
    )

    def compile_on(source: str, target: str, *phase: str) -> None:
        compiler: tuple[str | Path, ...] = (
            tool_path("iree-compile"),
            source,
            *flags,
            *phase,
            f"-o={target}",
        )
        finished = run_tool(compiler, folder=folder, timeout=timeout)
        if finished.crashed and not finished.out_of_memory:
            # It crashes now and then, whatever the flags, and not again.
            finished = run_tool(compiler, folder=folder, timeout=timeout)
        if finished.status != 0:
            raise failure("iree-compile", model, finished, compiler, keep(folder))

    if cores == 1:
        compile_on(text.name, _MODULE)
    else:
        compile_on(text.name, _CONFIGURED, f"--compile-to={PHASE}", "--mlir-print-debuginfo")
        configured = folder / _CONFIGURED
        module = configured.read_text(encoding="utf-8")
        configured.write_text(cut(module, cores), encoding="utf-8")
        compile_on(configured.name, _MODULE, f"--compile-from={PHASE}")
        configured.unlink()
    # A header for C, next to the object.
    (folder / _OBJECT).with_suffix(".h").unlink(missing_ok=True)
    library: str | None = None
    kernels: tuple[str, ...] = ()
    if (folder / _OBJECT).exists():
        library, kernels = library_symbols(folder / _OBJECT)
    record = {
        "library": library,
        "kernels": kernels,
        "statistics": asdict(_statistics(folder / "statistics.json")),
    }
    (folder / _RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")


def _import(model: Model, source: str, target: str, style: str, folder: Path, keep: Keep) -> None:
    name = "the ONNX importer"
    finished = import_onnx(
        source,
        target,
        folder=folder,
        timeout=_IMPORT_TIMEOUT,
        attempts=_ATTEMPTS,
        name=name,
        style=style,
    )
    if finished.status != 0:
        command = (sys.executable, "-m", f"{__package__}.importer", source, target, style)
        raise failure(name, model, finished, command, keep(folder))


def _thread_flags(text: Path) -> tuple[str, ...]:
    """One thread for a model of few operations; what is compiled is the same."""
    with text.open("rb") as file:
        operations = sum(b" = " in line for line in file)
    return ("--mlir-disable-threading",) if operations <= _FEW else ()


def _statistics(path: Path) -> Statistics:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["stream-aggregate"]
        return Statistics(
            transient=int(found["execution"]["transient-memory-size"]),
            constant=int(found["global"]["constant-size"]),
            variable=int(found["global"]["variable-size"]),
            dispatches=int(found["execution"]["dispatch-count"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CompileError(
            "the compiler's statistics cannot be read",
            where=str(path),
            expected="JSON with stream-aggregate, global and execution",
            found=f"{type(error).__name__}: {error}",
            advice="this release works with the iree-base-compiler that it pins",
        ) from None
