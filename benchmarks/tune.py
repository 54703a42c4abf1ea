"""Measures the codegen profiles anew: after a new IREE, or a change of the kernels.

    python -m benchmarks.tune [--models A,B] [--all] [--cores A,B] [--keep] [--write]

A candidate is a style of kernels and a set of compiler flags. For each core
every style is tried with two sets of flags, then the styles that came out best
with all of them, on LeNet-5 and two models of MLPerf Tiny; with `--all` the
candidates that are left at the end on the other two as well. How one is
chosen: `HEAD` below, and docs/codegen.md. `--write` puts it, with the figures
that chose it, into the table of profiles; cores left out stay as they are.
With `--keep` only what the table has is measured anew, and none is chosen.

What was compiled stays in the cache, so a second run only emulates.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
import tomllib
from collections.abc import Callable, Iterable
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import CORES, MACS, Job, Measured, measure_all, workers
from pytest_arielml import compiler
from pytest_arielml.compiler import PROFILES, Profile, tool_version
from pytest_arielml.compiler.kernels.cores import STYLES
from pytest_arielml.errors import ArielError, UsageError

_TABLE: Final = Path(compiler.__file__).parent / "profiles.toml"
_UNROLLING: Final = "--iree-llvmcpu-loop-unrolling=true"
_WIDTH: Final = "--iree-llvmcpu-target-vector-width-in-bytes="
_THRESHOLD: Final = "--unroll-threshold="

# Every style is tried with these ...
_FIRST: Final = ((_UNROLLING,), (_WIDTH + "4",))
# ... and the best of them with these.
_THEN: Final = (
    (),
    (_UNROLLING, _WIDTH + "4"),
    (_UNROLLING, _THRESHOLD + "600"),
    (_UNROLLING, _WIDTH + "4", _THRESHOLD + "600"),
)

#: Kinds of cores that are not measured, and whose profiles they take.
SAME: Final = {
    "cortex-m0": ("cortex-m0plus", "the same instructions"),
    "rv32imac": ("generic-rv32", "kernels have no use for floats"),
    "rv32imc": ("generic-rv32", "nor for atomics"),
    "other": ("generic-rv32", "nobody's microcontroller, and no DSP"),
}

_MODELS: Final = ("lenet5", "mlperf-tiny-ad", "mlperf-tiny-kws")
_DSP: Final = ("cortex-m4", "cortex-m7", "cortex-m33")
_LOW: Final = ("cortex-m0plus",)

# With the root of the bytes, `balanced` is the smallest code, too, on most cores, and on the
# others beaten on some model whatever one chooses.
_BALANCE: Final = 1 / 4

#: What each profile is measured by.
MEASURES: Final[dict[str, Callable[[Measured], float]]] = {
    "speed": lambda found: found.instructions,
    "balanced": lambda found: found.instructions * found.code**_BALANCE,
    "size": lambda found: found.code,
}
# Of what a profile does not care for, a little counts: twice the code must win 1.4 % of
# instructions, and the other way round.
_LITTLE: Final = 1 / 50
# How much a profile may be beaten in its own measure by another one of the core.
_BEATEN: Final = 1.03
# Candidates of each profile that are measured on further models.
_LEFT: Final = 4

HEAD: Final = """\
# Written by `python -m benchmarks.tune --all --write` with iree-compile {version}.
# `measured`: of each model the instructions of a call, and bytes of code.
#
# Chosen is, for `speed`, what takes the fewest instructions; for `size`, the fewest bytes of
# code (what either leaves out counts for a fiftieth); for `balanced`, the least product of
# instructions and the fourth root of the bytes: each as the geometric mean over the models, and
# so that no profile is beaten in its own measure by another one of the same core by more than
# 3 % on any model; `speed` and `size` come first. `as`: a core that is not measured.
"""

#: Kinds of cores that have profiles of their own.
TUNED: Final = tuple(core for core in CORES if core not in SAME)

Results = dict[Profile, dict[str, Measured]]


def tune(
    core: str, models: list[str], more: list[str], pool: Pool
) -> tuple[dict[str, Profile], Results]:
    """The best profile of each kind for a core, and all that was measured on all models."""
    results: Results = {}
    styles = [
        name
        for name, style in STYLES.items()
        if (core in _DSP or not style.dsp) and (core in _LOW or not style.biased)
    ]
    first = [Profile(flags, style) for style in ("", *styles) for flags in _FIRST]
    _try(core, first, models, results, pool)
    best = sorted({_ranked(results, kind)[0].kernels for kind in PROFILES})
    _try(core, [Profile(flags, style) for style in best for flags in _THEN], models, results, pool)
    if more:
        left = {each for kind in PROFILES for each in _ranked(results, kind)[:_LEFT]}
        for profile in [each for each in results if each not in left]:
            del results[profile]
        _try(core, list(results), more, results, pool)
    return choose(results), results


def measure_again(
    core: str, kept: dict[str, Any], models: list[str], pool: Pool
) -> tuple[dict[str, Profile], Results]:
    """The profiles that the table has for a core, and what calls take with them now."""
    chosen = {
        kind: Profile(tuple(entry["flags"]), entry["kernels"]) for kind, entry in kept.items()
    }
    results: Results = {}
    _try(core, list(dict.fromkeys(chosen.values())), models, results, pool)
    for kind, profile in chosen.items():
        if profile not in results:
            raise UsageError(
                f"{core}.{kind} of the table fails", advice="choose anew, without --keep"
            )
    return chosen, results


def _try(
    core: str,
    profiles: list[Profile],
    models: list[str],
    results: Results,
    pool: Pool,
) -> None:
    """Adds what calls of `models` take with each profile; one that fails is left out."""
    jobs = [Job(model, core, profile) for profile in profiles for model in models]
    for profile, found in itertools.groupby(measure_all(jobs, pool), lambda each: each[0].profile):
        assert isinstance(profile, Profile)
        told = []
        made = results.pop(profile, {})
        for job, measured in found:
            told.append(f"{measured.instructions:,}/{measured.code:,}" if measured else "fails")
            if measured is not None:
                made[job.model] = measured
        if "fails" not in told:
            results[profile] = made
        print(f"{time.strftime('%H:%M:%S')} {core}: {named(profile)}: {' '.join(told)}", flush=True)


def named(profile: Profile) -> str:
    """What a candidate is called in what is printed."""
    flags = " ".join(flag.removeprefix("--iree-llvmcpu-") for flag in profile.flags)
    return f"{profile.kernels or 'no kernels'} {flags}"


def _score(found: Iterable[Measured], kind: str) -> float:
    logs = [
        math.log(MEASURES[kind](each))
        + (0 if kind == "balanced" else _LITTLE * math.log(each.instructions * each.code))
        for each in found
    ]
    return sum(logs) / len(logs)


def _ranked(results: Results, kind: str) -> list[Profile]:
    return sorted(results, key=lambda each: _score(results[each].values(), kind))


def beaten(chosen: dict[str, Profile], results: Results) -> dict[str, float]:
    """By how much each profile is at most beaten by one of the others, as a ratio."""
    return {
        kind: max(
            MEASURES[kind](results[mine][model]) / MEASURES[kind](results[other][model])
            for other in chosen.values()
            for model in results[mine]
        )
        for kind, mine in chosen.items()
    }


def choose(results: Results) -> dict[str, Profile]:
    """The candidate for each profile: see `HEAD`."""
    scores = {
        kind: {each: _score(found.values(), kind) for each, found in results.items()}
        for kind in PROFILES
    }
    triples = itertools.product(*(_ranked(results, kind) for kind in PROFILES))

    def order(triple: tuple[Profile, ...]) -> tuple[float, float]:
        each = {kind: scores[kind][found] for kind, found in zip(PROFILES, triple, strict=True)}
        return each["speed"] + each["size"], each["balanced"]

    by_score = sorted(triples, key=order)
    # The same candidate three times is beaten by none, so there is one.
    return next(
        chosen
        for triple in by_score
        if max(beaten(chosen := dict(zip(PROFILES, triple, strict=True)), results).values())
        <= _BEATEN
    )


def entries(chosen: dict[str, Profile], results: Results) -> dict[str, dict[str, Any]]:
    """A core's part of the table."""
    return {
        kind: {
            "flags": list(profile.flags),
            "kernels": profile.kernels,
            "measured": {
                model: [found.instructions, found.code] for model, found in results[profile].items()
            },
        }
        for kind, profile in chosen.items()
    }


def written(table: dict[str, Any]) -> str:
    """The table of profiles as TOML."""
    parts = [HEAD.format(version=tool_version())]
    for core in TUNED:
        for kind, entry in table.get(core, {}).items():
            measured = ", ".join(
                f"{model} = [{', '.join(f'{number:_}' for number in numbers)}]"
                for model, numbers in entry["measured"].items()
            )
            flags = ", ".join(f'"{flag}"' for flag in entry["flags"])
            parts.append(
                f"[{core}.{kind}]\nflags = [{flags}]\n"
                f'kernels = "{entry["kernels"]}"\nmeasured = {{ {measured} }}\n'
            )
    for core, (other, why) in SAME.items():
        parts.append(f'# {why[0].upper()}{why[1:]}.\n[{core}]\nas = "{other}"\n')
    return "\n".join(parts)


def _tell(core: str, chosen: dict[str, Profile], results: Results) -> None:
    ratios = beaten(chosen, results)
    for kind, profile in chosen.items():
        # Against the best candidate of each model, whichever that is.
        behind = max(
            MEASURES[kind](found) / min(MEASURES[kind](each[model]) for each in results.values())
            for model, found in results[profile].items()
        )
        print(
            f"{core}.{kind}: {named(profile)}; on no model beaten by another profile by more "
            f"than {ratios[kind] - 1:.1%}, by any candidate by more than {behind - 1:.1%}",
            flush=True,
        )


def main(arguments: list[str] | None = None) -> None:
    """Tunes and prints; writes when asked."""
    parser = argparse.ArgumentParser(description="measure the codegen profiles anew")
    parser.add_argument("--models", default=",".join(_MODELS), help="for all candidates")
    parser.add_argument("--all", action="store_true", help="all models for the best candidates")
    parser.add_argument("--cores", default=",".join(TUNED))
    parser.add_argument("--processes", type=int, default=2, help="how many measure at once")
    parser.add_argument("--keep", action="store_true", help="measure the table's profiles alone")
    parser.add_argument("--write", action="store_true", help="change the table of profiles")
    options = parser.parse_args(arguments)
    models, cores = options.models.split(","), options.cores.split(",")
    for given, known in ((models, MACS), (cores, TUNED)):
        for name in given:
            if name not in known:
                parser.error(f"{name} is none of: {', '.join(known)}")
    more = [model for model in MACS if model not in models] if options.all else []
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    with workers(options.processes) as pool:
        for core in cores:
            if options.keep:
                chosen, results = measure_again(core, table[core], models + more, pool)
            else:
                chosen, results = tune(core, models, more, pool)
            _tell(core, chosen, results)
            table[core] = entries(chosen, results)
            if options.write:
                _TABLE.write_text(written(table), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except ArielError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; what was compiled stays in the cache")
