"""The C interface of `libarielml_emu.so` (native/src/abi.rs) and of Unicorn."""

from __future__ import annotations

import ctypes
import functools
import sys
from ctypes import POINTER, Structure, c_char, c_char_p, c_double, c_int32, c_size_t, c_void_p
from ctypes import c_uint32 as u32
from ctypes import c_uint64 as u64
from pathlib import Path
from typing import Any, ClassVar, Final

from pytest_arielml.errors import Unavailable

_SUFFIX: Final = "dylib" if sys.platform == "darwin" else "so"
_PATH: Final = Path(__file__).parents[2] / "_native" / "host" / f"libarielml_emu.{_SUFFIX}"
_VERSION: Final = 4

# `State` of native/src/machine.rs.
TIME: Final = 0
LIMIT: Final = 1
ASLEEP: Final = 2
FAULT: Final = 3

# What a memory allows: `arielml_emu_map` of native/src/abi.rs.
WRITABLE: Final = 1
EXECUTABLE: Final = 2
UNREADABLE: Final = 4

# `arielml_emu_attach` of native/src/abi.rs: not part of a core.
SHARED: Final = (1 << 32) - 1

# Negative results of native/src/abi.rs.
UNKNOWN: Final = -2
ENGINE: Final = -100

_FUNCTIONS: Final = (
    "uc_emu_start",
    "uc_emu_stop",
    "uc_reg_read",
    "uc_reg_write",
    "uc_hook_add",
    "uc_mem_map_ptr",
    "uc_mmio_map",
)


class Functions(Structure):
    """Unicorn's functions, as addresses."""

    _fields_: ClassVar = [(name, c_void_p) for name in _FUNCTIONS]


class Configuration(Structure):
    """What `arielml_emu_create` needs for each core."""

    _fields_: ClassVar = [
        ("functions", Functions),
        ("engine", c_void_p),
        ("isa", u32),
        ("fpu", u32),
        ("starts", u32),
        ("reset_address", u32),
        ("register_count", u32),
        ("registers", POINTER(c_int32)),
        ("pc", c_int32),
        ("sp", c_int32),
        ("lr", c_int32),
        ("mask", c_int32),
        ("status", c_int32),
        ("clock_hz", u64),
        ("core", c_char_p),
    ]


class Totals(Structure):
    """Counts of one core since power-on."""

    _fields_: ClassVar = [
        ("instructions", u64),
        ("cycles", u64),
        ("idle", u64),
        ("resets", u64),
        ("missed", u64),
    ]
    instructions: int
    cycles: int
    idle: int
    resets: int
    missed: int


class SpanRecord(Structure):
    """Finished calls of one function."""

    _fields_: ClassVar = [
        ("count", u64),
        ("instructions", u64),
        ("cycles", u64),
        ("others", u64),
    ]
    count: int
    instructions: int
    cycles: int
    others: int


class Geometry(Structure):
    """How a cache is made; of size 0 there is none."""

    _fields_: ClassVar = [("size", u32), ("ways", u32), ("line", u32), ("fill", u32)]


class Stripes(Structure):
    """Banks of a memory."""

    _fields_: ClassVar = [("length", u32), ("banks", u32), ("stripe", u32)]


class MemoryRecord(Structure):
    """What `arielml_emu_wait_for` needs for each memory."""

    _fields_: ClassVar = [
        ("base", u32),
        ("length", u32),
        ("wait_states", u32),
        ("width", u32),
        ("prefetch", u32),
        ("writable", u32),
        ("unified", u32),
        ("code", Geometry),
        ("data", Geometry),
        ("stripe_count", u32),
        ("stripes", POINTER(Stripes)),
    ]


class WaitedRecord(Structure):
    """Cycles that a core waited for a memory."""

    _fields_: ClassVar = [("states", u64), ("contention", u64)]
    states: int
    contention: int


class FaultRecord(Structure):
    """The fault that ended a run."""

    _fields_: ClassVar = [
        ("kind", u32),
        ("address", u32),
        ("size", u32),
        ("number", u32),
        ("core", u32),
        ("message", c_char * 256),
        ("registers", u32 * 40),
    ]
    kind: int
    address: int
    size: int
    number: int
    core: int
    message: bytes
    registers: ctypes.Array[u32]


_SIGNATURES: Final[dict[str, tuple[Any, list[Any]]]] = {
    "version": (u32, []),
    "create": (c_void_p, [POINTER(Configuration), u32]),
    "interleave": (c_int32, [c_void_p, u64, u64]),
    "wait_for": (c_int32, [c_void_p, POINTER(MemoryRecord), u32]),
    "waited": (c_int32, [c_void_p, u32, u32, POINTER(WaitedRecord)]),
    "destroy": (None, [c_void_p]),
    "map": (c_int32, [c_void_p, u32, u32, c_void_p, u32]),
    "guard": (c_int32, [c_void_p]),
    "attach": (c_int32, [c_void_p, c_char_p, u32, u32]),
    "watch": (c_int32, [c_void_p, u32]),
    "reset": (c_int32, [c_void_p]),
    "run": (c_int32, [c_void_p, u64, c_double]),
    "send": (c_int32, [c_void_p, c_char_p, c_size_t]),
    "receive": (c_int32, [c_void_p, c_void_p, c_size_t]),
    "counters": (c_int32, [c_void_p, u32, POINTER(Totals)]),
    "span": (c_int32, [c_void_p, u32, u32, POINTER(SpanRecord)]),
    "fault": (c_int32, [c_void_p, POINTER(FaultRecord)]),
    "timing_source": (c_int32, [c_char_p, c_void_p, c_size_t]),
}


class Native:
    """The library's functions, named without their prefix."""

    def __init__(self, library: ctypes.CDLL, path: Path) -> None:
        self.path = path
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, f"arielml_emu_{name}")
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:  # for the type checker: set in __init__
        raise AttributeError(name)

    def timing(self, core: str) -> str:
        """Where the cycles of `core` are from."""
        text = ctypes.create_string_buffer(256)
        self.timing_source(core.encode(), text, len(text))
        return text.value.decode()


@functools.cache
def load_native(path: Path = _PATH) -> Native:
    """The native library. Raises: Unavailable when it is missing or of another version."""
    advice = "run `make setup`, or reinstall the wheel"
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise Unavailable(
            "the emu runner's native library cannot be loaded",
            where=str(path),
            found=str(error) if path.exists() else "no such file",
            advice=advice,
        ) from None
    found = library.arielml_emu_version()
    if found != _VERSION:
        raise Unavailable(
            "the emu runner's native library is of another version",
            where=str(path),
            expected=str(_VERSION),
            found=str(found),
            advice=advice,
        )
    return Native(library, path)


@functools.cache
def load_unicorn() -> ctypes.CDLL:
    """The library that the unicorn package brings. Raises: Unavailable."""
    try:
        from unicorn.unicorn_py3.unicorn import uclib
    except ImportError as error:
        raise Unavailable(
            "the emu runner needs Unicorn 2",
            found=str(error),
            advice="pip install 'unicorn>=2.1.4,<3'",
        ) from None
    # A handle of our own: argument types set on it stay ours.
    library = ctypes.CDLL(uclib._name)
    handle = c_void_p
    library.uc_open.argtypes = [c_int32, c_int32, POINTER(handle)]
    library.uc_close.argtypes = [handle]
    library.uc_strerror.argtypes = [c_int32]
    library.uc_strerror.restype = c_char_p
    return library


def unicorn_functions(library: ctypes.CDLL) -> Functions:
    """The addresses that the native library calls."""
    addresses = (ctypes.cast(getattr(library, name), c_void_p) for name in _FUNCTIONS)
    return Functions(*addresses)


def unicorn_error(code: int) -> str:
    """Unicorn's words for its error `code`."""
    return str(load_unicorn().uc_strerror(code).decode("ascii"))
