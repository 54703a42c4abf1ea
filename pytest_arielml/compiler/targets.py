"""What the compiler must be told of the cores that a model is to run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pytest_arielml.boards import Board, Core
from pytest_arielml.errors import UsageError


@dataclass(frozen=True)
class Target:
    """A core in LLVM's terms: target triple, CPU, features and how floats are passed.

    Where an architecture has conventions by name, `abi` is that name; else
    `float_abi` says it. `needs` is what a core must have to run its code: the
    core that it is for, and every other that has as much.

    `triple` is that of `architecture` (Rust's name of the target) in LLVM's
    normal form, with a vendor and an operating system. IREE does not
    normalize it, and in the short form LLVM takes `eabihf` for the system,
    misses that it is the EABI, and passes doubles to the helper functions
    (`__muldf3`) in other registers than the runtime's expect them.
    """

    architecture: str
    triple: str
    cpu: str
    features: str
    needs: frozenset[str]
    float_abi: str | None = None
    abi: str | None = None

    def flags(self) -> tuple[str, ...]:
        """The flags of iree-compile that choose this target."""
        flags = [
            f"--iree-llvmcpu-target-triple={self.triple}",
            f"--iree-llvmcpu-target-cpu={self.cpu}",
            f"--iree-llvmcpu-target-cpu-features={self.features}",
        ]
        if self.float_abi is not None:
            flags.append(f"--iree-llvmcpu-target-float-abi={self.float_abi}")
        if self.abi is not None:
            flags.append(f"--iree-llvmcpu-target-abi={self.abi}")
        return tuple(flags)


def _arm(architecture: str, cpu: str, features: str, *needs: str) -> Target:
    """Of `thumb*-none-eabi` or `-eabihf`: the name says how floats are passed."""
    name, _, system = architecture.partition("-none-")
    hard = system == "eabihf"
    return Target(
        architecture=architecture,
        triple=f"{name}-none-unknown-{system}",
        cpu=cpu,
        features=features if hard else f"+soft-float,{features}".rstrip(","),
        needs=frozenset(needs),
        float_abi="hard" if hard else "soft",
    )


def _riscv(runtime: str, abi: str, features: str, *needs: str) -> Target:
    """LLVM has no names for these cores."""
    return Target(
        architecture=f"{runtime}-unknown-none-elf",
        triple="riscv32-unknown-none-elf",
        cpu="generic-rv32",
        features=features,
        needs=frozenset(needs),
        abi=abi,
    )


def _host(machine: str, cpu: str) -> Target:
    """This machine: see `boards/host.py`. Kernels have the stack of whoever calls them."""
    name = f"{machine}-unknown-linux-gnu"
    return Target(name, name, cpu, "", frozenset({machine}), float_abi="hard")


# By (cpu, fpu) of the board's cores. LLVM takes the features from the name of
# the CPU and the code is the same without them; IREE does not resolve names
# for ARM, so what the code relies on is spelled out.
_TARGETS: Final = {
    ("cortex-m4", True): _arm(
        "thumbv7em-none-eabihf", "cortex-m4", "+dsp,+vfp4d16sp", "armv7e-m", "dsp", "vfpv4-single"
    ),
    ("cortex-m3", False): _arm("thumbv7m-none-eabi", "cortex-m3", "", "armv7-m"),
    # The archive and the calling convention are those of a Cortex-M4F; a
    # Cortex-M7 has the instructions of Armv8's FPU beside, doubles included.
    ("cortex-m7", True): _arm(
        "thumbv7em-none-eabihf",
        "cortex-m7",
        "+dsp,+fp-armv8d16",
        *("armv7e-m", "dsp", "vfpv4-single", "fpv5-double"),
    ),
    ("cortex-m33", True): _arm(
        "thumbv8m.main-none-eabihf",
        "cortex-m33",
        "+dsp,+fp-armv8d16sp",
        *("armv8-m.main", "dsp", "fpv5-single"),
    ),
    # Cores without an FPU have no DSP extension either, nor what holds FPU registers.
    ("cortex-m33", False): _arm(
        "thumbv8m.main-none-eabi", "cortex-m33", "-dsp,-fpregs", "armv8-m.main"
    ),
    ("cortex-m0plus", False): _arm(
        "thumbv6m-none-eabi", "cortex-m0plus", "+strict-align", "armv6-m"
    ),
    ("cortex-m0", False): _arm("thumbv6m-none-eabi", "cortex-m0", "+strict-align", "armv6-m"),
    ("generic-rv32", True): _riscv(
        "riscv32imafc", "ilp32f", "+m,+a,+f,+c", "rv32imc", "atomics", "single"
    ),
    # One runtime for both: it leaves atomics alone.
    ("rv32imc", False): _riscv("riscv32imc", "ilp32", "+m,+c", "rv32imc"),
    ("rv32imac", False): _riscv("riscv32imc", "ilp32", "+m,+a,+c", "rv32imc", "atomics"),
    ("x86-64", True): _host("x86_64", "x86-64"),
    ("generic", True): _host("aarch64", "generic"),
}


def common_core(board: Board, cores: int | None = None) -> Core:
    """The core whose code runs on each of the first `cores` of `board` (default: all).

    Each core has a target of its own. Where they differ, it is the one whose needs all
    of them meet.

    Raises: UsageError for a core that is not known, and for cores none of which can
    run code that all can.
    """
    kinds = {(core.cpu, core.fpu): core for core in reversed(board.cores[:cores])}
    targets = {core: _of_kind(board, *kind) for kind, core in reversed(kinds.items())}
    shared = frozenset.intersection(*(target.needs for target in targets.values()))
    for core, target in targets.items():
        if target.needs <= shared:
            return core
    raise UsageError(
        f"no code runs on all cores of board {board.name}",
        expected="a core among them whose code the others can run",
        found=", ".join(_text(core.cpu, core.fpu) for core in targets),
        advice="use the first core alone: --arielml-cores 1",
    )


def target_of(board: Board, cores: int | None = None) -> Target:
    """The compiler's target for the first `cores` of `board` (default: all).

    It is that of their `common_core`. Raises: UsageError as that, and for an
    architecture in the board's file that does not go with it.
    """
    core = common_core(board, cores)
    target = _of_kind(board, core.cpu, core.fpu)
    kinds = dict.fromkeys(_text(each.cpu, each.fpu) for each in board.cores[:cores])
    key, architecture = "architecture", board.architecture
    if len(kinds) > 1:
        key, architecture = "common_architecture", board.common_architecture
    if target.architecture != architecture:
        raise UsageError(
            f"cores and architecture of board {board.name} do not go together",
            expected=f"{key} {target.architecture} for {' and '.join(kinds)}",
            found=architecture,
            advice=f"correct `{key}` in the board's file",
        )
    return target


def _of_kind(board: Board, cpu: str, fpu: bool) -> Target:
    target = _TARGETS.get((cpu, fpu))
    if target is None:
        raise UsageError(
            f"no code can be generated for the cores of board {board.name}",
            expected="one of: " + ", ".join(_text(*known) for known in _TARGETS),
            found=_text(cpu, fpu),
            advice="correct `cpu` and `fpu` in the board's file",
        )
    return target


def _text(cpu: str, fpu: bool) -> str:
    return f"{cpu} {'with' if fpu else 'without'} FPU"
