"""Measures the codegen profiles anew: after a new IREE, or a change of the kernels.

    python -m benchmarks.tune [--models A,B] [--cores A,B] [--write]

For each core it tries every style of kernels with common flags, then every set
of flags with the styles that came out best, on all models, and scores the
geometric mean over the models: of instructions for `speed`, of bytes of code
for `size`, of their product for `balanced`. `--write` puts what it chose, with
the figures that chose it, into the table of profiles.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import CORES, MACS, Measured, measure
from pytest_arielml import compiler
from pytest_arielml.compiler import Cache, Profile
from pytest_arielml.compiler.kernels.cores import STYLES

_TABLE: Final = Path(compiler.__file__).parent / "profiles.toml"
_UNROLLING: Final = "--iree-llvmcpu-loop-unrolling=true"
_WIDTH: Final = "--iree-llvmcpu-target-vector-width-in-bytes="
_THRESHOLD: Final = "--unroll-threshold="

FLAGS: Final = (
    (_UNROLLING,),
    (),
    (_UNROLLING, _THRESHOLD + "300"),
    (_UNROLLING, _THRESHOLD + "600"),
    (_UNROLLING, _THRESHOLD + "1000"),
    (_UNROLLING, _WIDTH + "8"),
    (_UNROLLING, _WIDTH + "4"),
    (_WIDTH + "4",),
    (_UNROLLING, _WIDTH + "4", _THRESHOLD + "20"),
)

#: Cores that are not measured, and whose profiles they take.
SAME: Final = {
    "cortex-m0": "cortex-m0plus",
    "cortex-m33-soft": "cortex-m3",
    "rv32imac": "generic-rv32",
    "rv32imc": "generic-rv32",
    "other": "generic-rv32",
}

_DSP: Final = ("cortex-m4", "cortex-m7", "cortex-m33")
_LOW: Final = ("cortex-m0plus",)

SCORES: Final[dict[str, Callable[[Measured], float]]] = {
    "speed": lambda found: math.log(found.instructions),
    "balanced": lambda found: math.log(found.instructions) + math.log(found.code) / 2,
    "size": lambda found: math.log(found.code),
}

Results = dict[Profile, dict[str, Measured]]


def tune(core: str, models: list[str], cache: Cache) -> dict[str, tuple[Profile, str]]:
    """The best profile of each kind for a core, and the figures that chose it."""
    results: Results = {}
    styles = [
        name
        for name, style in STYLES.items()
        if (core in _DSP or not style.dsp) and (core in _LOW or not style.biased)
    ]
    for style in ("", *styles):
        _try(core, Profile(FLAGS[0], style), models, cache, results)
    for style in sorted({_best(results, kind).kernels for kind in SCORES}):
        for flags in FLAGS[1:]:
            _try(core, Profile(flags, style), models, cache, results)
    chosen = {}
    for kind in SCORES:
        profile = _best(results, kind)
        figures = "; ".join(
            f"{model} {found.instructions:,} instructions, {found.code:,} bytes"
            for model, found in results[profile].items()
        )
        chosen[kind] = (profile, figures)
    return chosen


def _try(core: str, profile: Profile, models: list[str], cache: Cache, results: Results) -> None:
    if profile in results:
        return
    found: dict[str, Measured] = {}
    for model in models:
        measured = measure(model, CORES[core], profile, cache=cache)
        if measured is None:
            print(f"{core}: {_named(profile)}: {model} does not compile", flush=True)
            return
        found[model] = measured
    results[profile] = found
    figures = ", ".join(f"{each.instructions:,}/{each.code:,}" for each in found.values())
    print(f"{core}: {_named(profile)}: {figures}", flush=True)


def _named(profile: Profile) -> str:
    flags = " ".join(flag.removeprefix("--iree-llvmcpu-") for flag in profile.flags)
    return f"{profile.kernels or 'no kernels'} {flags}"


def _best(results: Results, kind: str) -> Profile:
    score = SCORES[kind]
    return min(results, key=lambda each: sum(score(found) for found in results[each].values()))


def written(chosen: dict[str, dict[str, tuple[Profile, str]]]) -> str:
    """The table of profiles as TOML."""
    parts = ["# Written by `python -m benchmarks.tune --write`, with what was measured.\n"]
    for core in (*chosen, *SAME):
        for kind, (profile, figures) in chosen.get(SAME.get(core, core), {}).items():
            flags = ", ".join(f'"{flag}"' for flag in profile.flags)
            parts.append(
                f"[{core}.{kind}]\nflags = [{flags}]\n"
                f'kernels = "{profile.kernels}"\nmeasured = "{figures}"\n'
            )
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> None:
    """Tunes and prints; writes when asked."""
    parser = argparse.ArgumentParser(description="measure the codegen profiles anew")
    parser.add_argument("--models", default=",".join(MACS))
    parser.add_argument("--cores", default=",".join(CORES))
    parser.add_argument("--write", action="store_true", help="change the table of profiles")
    options = parser.parse_args(arguments)
    cache = Cache.temporary()
    chosen: dict[str, Any] = {}
    for core in options.cores.split(","):
        chosen[core] = tune(core, options.models.split(","), cache)
    text = written(chosen)
    print(text)
    if options.write:
        if set(chosen) != set(CORES):
            parser.error("the table has all cores: leave --cores out to write it")
        _TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
