"""The flags of iree-compile, each with its reason."""

from __future__ import annotations

import difflib
from typing import Final

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

#: What each profile adds.
PROFILES: Final = {
    "speed": (
        (
            "--iree-llvmcpu-loop-unrolling=true",
            "small vectors stay in registers: 2.4 times fewer instructions on a LeNet-5, "
            "for 5 % of code",
        ),
    ),
}


def profile_flags(profile: str, form: str = "onnx") -> tuple[str, ...]:
    """The flags of a profile for models of a format, target and paths aside.

    Raises: UsageError for an unknown profile.
    """
    if profile not in PROFILES:
        near = difflib.get_close_matches(profile, PROFILES, n=1)
        raise UsageError(
            f"unknown profile {profile!r}",
            expected="one of: " + ", ".join(PROFILES),
            advice=f"did you mean {near[0]}?" if near else None,
        )
    return tuple(flag for flag, _ in (INPUT[form], *COMMON, *PROFILES[profile]))


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
