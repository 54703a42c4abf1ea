"""The flags of iree-compile, each with its reason."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Final

from pytest_arielml.boards import Core
from pytest_arielml.errors import UsageError

#: Flag and why, by the format of a model.
INPUT: Final = {
    "onnx": ("--iree-input-type=onnx", "the importer's output is torch-onnx MLIR"),
    "mlir": ("--iree-input-type=auto", "whichever dialects the file is written in"),
}

#: Flag and why, for every model on every board.
COMMON: Final = (
    (
        "--iree-input-demote-f64-to-f32=false",
        "float64 stays what the model says; demoted, its buffers no longer fit its signature",
    ),
    ("--iree-hal-target-device=local", "one device, in the image itself"),
    ("--iree-hal-local-target-device-backends=llvm-cpu", "kernels as machine code"),
    ("--iree-llvmcpu-link-embedded=false", "no loader on the device: an object file ..."),
    ("--iree-llvmcpu-link-static", "... that is linked into the image"),
    ("--iree-llvmcpu-debug-symbols=false", "the model has no source lines to debug"),
    ("--iree-vm-bytecode-module-strip-source-map=true", "flash: locations serve no one there"),
    ("--iree-vm-emit-polyglot-zip=false", "flash: the module itself, not in a zip file"),
    (
        "--iree-stream-partitioning-favor=min-peak-memory",
        "RAM is scarcer than work that could run at once: four branches of convolutions "
        "take 29,056 bytes of transients, 76,544 with max-concurrency",
    ),
    ("--iree-scheduling-dump-statistics-format=json", "bytes of transients and constants"),
    ("--mlir-print-op-on-diagnostic=false", "diagnostics that do not print weights"),
)

#: What `deploy(profile=...)` takes.
PROFILES: Final = ("speed", "balanced", "size")
#: IREE's own choices: what is left when a profile's flags break the compiler.
DEFAULT: Final = "default"

#: Vectors as wide as one int32.
NARROW: Final = "--iree-llvmcpu-target-vector-width-in-bytes=4"

_TABLE: Final = "profiles.toml"


@dataclass(frozen=True)
class Profile:
    """What the compiler is told to optimise for on one kind of core.

    Attributes:
        flags: of iree-compile.
        kernels: style of our own kernels (`kernels.STYLES`); "": IREE's code alone.
    """

    flags: tuple[str, ...] = ()
    kernels: str = ""

    def with_whole_vectors(self) -> Profile:
        """Without the flag for vectors of 4 bytes, which is for code of integers.

        A product of floats, [1, 48] by [48, 32], takes 12,760 instructions on a Cortex-M4F with
        it and 5,792 without.
        """
        return replace(self, flags=tuple(flag for flag in self.flags if flag != NARROW))


def find_profile(name: str, core: Core) -> Profile:
    """The profile `name` for code that runs on `core`.

    Raises: UsageError for an unknown profile.
    """
    if name == DEFAULT:
        return Profile()
    check_profile(name)
    table = _read()
    # What is not a microcontroller's is tuned for nobody.
    found = table.get(core.cpu, table["other"])
    if not core.fpu and f"{core.cpu}-soft" in table:
        found = table[f"{core.cpu}-soft"]
    while "as" in found:
        found = table[found["as"]]
    return Profile(tuple(found[name]["flags"]), found[name]["kernels"])


def check_profile(name: str) -> None:
    """Raises: UsageError for a profile that there is not."""
    if name in PROFILES:
        return
    near = difflib.get_close_matches(name, PROFILES, n=1)
    raise UsageError(
        f"unknown profile {name!r}",
        expected="one of: " + ", ".join(PROFILES),
        advice=f"did you mean {near[0]}?" if near else "name one of those",
    )


def common_flags(form: str = "onnx") -> tuple[str, ...]:
    """The flags for models of a format; target, profile and paths aside."""
    return tuple(flag for flag, _ in (INPUT[form], *COMMON))


def stack_flag(stack: int) -> str:
    """Bounds what one kernel may put on a stack of `stack` bytes.

    The flag takes a power of two. At least half of the stack is left to the
    runtime below the kernel and to interrupts; a kernel that needs more is
    refused by the compiler, where it would overflow the stack on the board.
    """
    return f"--iree-llvmcpu-stack-allocation-limit={1 << (stack.bit_length() - 2)}"


def trace_flags(trace: bool) -> tuple[str, ...]:
    """What makes a module pass on the tensors of each dispatch (`hal.buffer_view.trace`)."""
    return ("--iree-flow-trace-dispatch-tensors",) if trace else ()


@cache
def _read() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath(_TABLE).read_text(encoding="utf-8")
    return tomllib.loads(text)
