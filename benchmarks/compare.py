"""What our profiles make of IREE, side by side with the ways that others take.

    python -m benchmarks.compare [--models A,B] [--cores A,B] [--output FILE]

Compiles LeNet-5 and the four models of MLPerf Tiny (from the folders of
ARIELML_MODELS) for every core, each in four ways, and calls them on the
emulator: the profiles `speed` and `size`; `IREE`, the integer form with IREE's
default flags; and `paper`, the model as its author wrote it with IREE's default
flags, which is what the code of the Ariel-ML paper does. The result is a table
in Markdown. Instructions and bytes do not depend on the machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.measure import CORES, MACS, Measured, measure
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import Unavailable

#: Profile, and whether in integers, by what it is called in the table.
WAYS: Final = {
    "speed": ("speed", True),
    "size": ("size", True),
    "IREE": ("default", True),
    "paper": ("default", False),
}

_HEAD: Final = (
    "| core | model | way | instructions | a MAC | of `speed` | code | tensors | RAM | stack |",
    "|---|---|---|--:|--:|--:|--:|--:|--:|--:|",
)


def lines(models: list[str], cores: list[str], cache: Cache) -> Iterator[str]:
    """The table, line by line as it is measured."""
    yield from _HEAD
    for core in cores:
        for model in models:
            best: Measured | None = None
            for name, (profile, integers) in WAYS.items():
                try:
                    found = measure(model, CORES[core], profile, integers=integers, cache=cache)
                except Unavailable as error:
                    sys.stderr.write(f"{model} is left out: {error}\n")
                    break
                best = best or found
                yield _line(core, model, name, found, best)


def _line(core: str, model: str, name: str, found: Measured | None, best: Measured | None) -> str:
    if found is None or best is None:
        return f"| {core} | {model} | {name} | does not compile or fit | | | | | | |"
    return (
        f"| {core} | {model} | {name} | {found.instructions:,} "
        f"| {found.instructions / MACS[model]:.2f} "
        f"| {found.instructions / best.instructions:.2f} "
        f"| {found.code:,} | {found.tensors:,} | {found.ram:,} | {found.stack:,} |"
    )


def main() -> None:
    """Writes the table to the terminal, and to a file when asked."""
    parser = argparse.ArgumentParser(description="compare ways to compile")
    parser.add_argument("--models", default=",".join(MACS))
    parser.add_argument("--cores", default=",".join(CORES))
    parser.add_argument("--output", type=Path, help="write the table there, too")
    options = parser.parse_args()
    cache = Cache.temporary()
    made = []
    for line in lines(options.models.split(","), options.cores.split(","), cache):
        print(line, flush=True)
        made.append(line)
    if options.output is not None:
        options.output.write_text("\n".join(made) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
