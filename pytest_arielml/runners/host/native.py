"""The C interface of `libarielml_host.so` (firmware/host/src/abi.rs), and shared objects."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from contextlib import suppress
from ctypes import POINTER, Structure, c_char_p, c_double, c_size_t, c_uint8, c_uint32, c_void_p
from pathlib import Path
from typing import Any, ClassVar, Final

from pytest_arielml.errors import CompileError, Unavailable

#: Names another build of the library: one with a sanitizer.
VARIABLE: Final = "ARIELML_HOST_LIBRARY"
_PATH: Final = Path(__file__).parents[2] / "_native" / "host" / "libarielml_host.so"
_VERSION: Final = 1
# What kernels call: the C math library, and helpers for floats of 16 bits.
_LIBRARIES: Final = ("libm.so.6", "libgcc_s.so.1")


class Configuration(Structure):
    """What `arielml_host_create` needs."""

    _fields_: ClassVar = [
        ("module", c_void_p),
        ("module_length", c_size_t),
        ("library", c_void_p),
        ("arena", c_size_t),
        ("id", c_uint8 * 8),
    ]


_SIGNATURES: Final[dict[str, tuple[Any, list[Any]]]] = {
    "version": (c_uint32, []),
    "create": (c_void_p, [POINTER(Configuration)]),
    "feed": (None, [c_void_p, c_char_p, c_size_t, c_double]),
    "take": (c_size_t, [c_void_p, c_void_p, c_size_t]),
    "destroy": (None, [c_void_p]),
}


class Native:
    """The library's functions, named without their prefix."""

    def __init__(self, library: ctypes.CDLL, path: Path) -> None:
        self.path = path
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, f"arielml_host_{name}")
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:  # for the type checker: set in __init__
        raise AttributeError(name)


class SharedObject:
    """A shared object with the kernels of a model, until it is closed.

    Raises: CompileError when the loader refuses it.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._object: ctypes.CDLL | None = ctypes.CDLL(str(path), mode=os.RTLD_NOW)
        except OSError as error:
            raise CompileError(
                "the compiled kernels cannot be loaded on this machine",
                where=str(path),
                found=str(error),
                advice="kernels may call the C math library and libgcc's helpers for floats; "
                "a function that neither has is to be reported",
            ) from None

    def address(self, symbol: str) -> int | None:
        """Where `symbol` is."""
        try:
            return ctypes.addressof(c_uint8.in_dll(self._loaded(), symbol))
        except ValueError:
            return None

    def close(self) -> None:
        """Unloads it; a second call does nothing."""
        if self._object is not None:
            dlclose = ctypes.CDLL(None).dlclose
            dlclose.argtypes = [c_void_p]
            dlclose(self._object._handle)
            self._object = None

    def _loaded(self) -> ctypes.CDLL:
        assert self._object is not None
        return self._object


def load_native() -> Native:
    """The library. Raises: Unavailable with how to get it."""
    return _load(os.environ.get(VARIABLE))


@functools.cache
def _load(other: str | None) -> Native:
    path = Path(other) if other else _PATH
    if sys.platform != "linux":
        raise Unavailable(
            "the runner host needs Linux",
            expected="shared objects as IREE's linker makes them, ELF",
            found=sys.platform,
            advice="choose another target: arielml boards",
        )
    if not path.is_file():
        raise Unavailable(
            "the device runtime for this machine is not built",
            expected=str(path),
            found="no such file",
            advice=f"correct {VARIABLE}, or unset it"
            if other
            else "in a checkout run `make setup`; otherwise reinstall the wheel: "
            "pip install --force-reinstall pytest-arielml",
        )
    try:
        native = Native(ctypes.CDLL(str(path)), path)
        version = native.version()
    except (OSError, AttributeError) as error:
        raise Unavailable(
            "the device runtime for this machine cannot be loaded",
            where=str(path),
            found=str(error),
            advice="a build with AddressSanitizer must be preloaded: see docs/runners.md"
            if other
            else "run `make setup` again, or reinstall the wheel",
        ) from None
    if version != _VERSION:
        raise Unavailable(
            "the device runtime for this machine is of another release",
            where=str(path),
            expected=f"interface {_VERSION}",
            found=f"interface {version}",
            advice="build it from the same checkout: make setup",
        )
    for name in _LIBRARIES:
        # Without it, what calls its functions is refused when it is loaded.
        with suppress(OSError):
            ctypes.CDLL(name, mode=os.RTLD_GLOBAL)
    return native
