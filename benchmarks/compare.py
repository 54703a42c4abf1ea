"""What our profiles make of IREE, side by side with the ways that others take.

    python -m benchmarks.compare [--models A,B] [--cores A,B] [--write]

Compiles LeNet-5 and the four models of MLPerf Tiny (from the folders of
ARIELML_MODELS) for every core in each of `WAYS`, and calls them on the
emulator. `--write` puts the tables into docs/benchmarks.md. Instructions and
bytes do not depend on the machine. What was compiled stays in the cache.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.measure import CORES, MACS, Job, Measured, measure_all, workers
from pytest_arielml.compiler import Profile, tool_version
from pytest_arielml.errors import ArielError

_PAGE: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"

#: How the code of the Ariel-ML paper calls the compiler (`build.rs` of ariel-os/ariel-ml), as
#: far as it differs from what everyone must say who links kernels into an image. The
#: model's arena is kept small there, too.
PAPER: Final = Profile(("--align-all-functions=4", "--align-all-blocks=4"))

#: Profile, and whether in integers, by what it is called in the tables.
WAYS: Final[dict[str, tuple[str | Profile, bool]]] = {
    "speed": ("speed", True),
    "size": ("size", True),
    "integers": ("default", True),
    "IREE": ("default", False),
    "paper": (PAPER, False),
}

_HEAD: Final = """\
# What a call takes

Written by `python -m benchmarks.compare --write` with iree-compile {version}: one core, emulated,
with random inputs.

| way | |
|---|---|
| `speed`, `size` | our profiles |
| `integers` | our integer form of the model, IREE's kernels and default flags |
| `IREE` | the model as its author wrote it, IREE's default flags |
| `paper` | the same with the flags of the Ariel-ML paper's code |

`a MAC` is instructions by multiplications of the model; `of speed` how many times the
instructions of `speed`. Bytes: `code` is that of the kernels, with their tables and without
weights; `tensors` the arena of inputs, results and what lies between; `RAM` and `stack` all that
was needed, the runtime's included.
"""

_COLUMNS: Final = (
    "| model | way | instructions | a MAC | of `speed` | code | tensors | RAM | stack |",
    "|---|---|--:|--:|--:|--:|--:|--:|--:|",
)

#: What was measured, by model and way.
Found = dict[str, dict[str, Measured | None]]


def jobs(core: str, models: list[str]) -> list[Job]:
    """Every model of a core in every way."""
    return [
        Job(model, core, profile, integers)
        for model in models
        for profile, integers in WAYS.values()
    ]


def section(core: str, found: Found) -> Iterator[str]:
    """The table of a core, line by line."""
    yield f"## {core} ({CORES[core]})"
    yield ""
    yield from _COLUMNS
    for model, ways in found.items():
        for way, measured in ways.items():
            if measured is None:
                yield f"| {model} | {way} | does not compile or fit | | | | | | |"
                continue
            yield (
                f"| {model} | {way} | {measured.instructions:,} "
                f"| {measured.instructions / MACS[model]:.2f} | {_times(ways, way)} "
                f"| {measured.code:,} | {measured.tensors:,} | {measured.ram:,} "
                f"| {measured.stack:,} |"
            )


def summary(found: dict[str, Found]) -> Iterator[str]:
    """Million instructions of `speed`, and how many times as many the paper's way takes."""
    models = list(next(iter(found.values())))
    yield "Million instructions of a call with `speed`, and how many times as many `paper` takes:"
    yield ""
    yield "| core | " + " | ".join(models) + " |"
    yield "|---|" + "--:|" * len(models)
    for core, by_model in found.items():
        cells = []
        for ways in by_model.values():
            best, times = ways["speed"], _times(ways, "paper")
            cells.append(f"{best.instructions / 1e6:.2f} ({times} x)" if best else "-")
        yield f"| {core} | " + " | ".join(cells) + " |"


def _times(ways: dict[str, Measured | None], way: str) -> str:
    best, other = ways["speed"], ways[way]
    return f"{other.instructions / best.instructions:.2f}" if best and other else "-"


def main() -> None:
    """Writes the tables to the terminal, and to the page when asked."""
    parser = argparse.ArgumentParser(description="compare ways to compile")
    parser.add_argument("--models", default=",".join(MACS))
    parser.add_argument("--cores", default=",".join(CORES))
    parser.add_argument("--processes", type=int, default=2, help="how many measure at once")
    parser.add_argument("--write", action="store_true", help="change docs/benchmarks.md")
    options = parser.parse_args()
    models, cores = options.models.split(","), options.cores.split(",")
    for given, known in ((models, MACS), (cores, CORES)):
        for name in given:
            if name not in known:
                parser.error(f"{name} is none of: {', '.join(known)}")
    found: dict[str, Found] = {}
    parts = []
    with workers(options.processes) as pool:
        for core in cores:
            measured = measure_all(jobs(core, models), pool)
            found[core] = {model: {way: next(measured)[1] for way in WAYS} for model in models}
            lines = list(section(core, found[core]))
            print("\n".join(lines), flush=True)
            parts.append("\n".join(lines) + "\n")
    short = "\n".join(summary(found)) + "\n"
    print(short)
    if options.write:
        text = "\n".join([_HEAD.format(version=tool_version()), short, *parts])
        _PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except ArielError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; what was compiled stays in the cache")
