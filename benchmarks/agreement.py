"""How often a deployed model gives what its reference gives.

    python -m benchmarks.agreement [MODELS...] [--target T] [--random N] [--real N]
                                   [--inputs FOLDER] [--output FILE]

Calls each model with random inputs and with real ones, and counts elements of
the outputs that equal those of onnxruntime, or of LiteRT for a `.tflite`. MODELS
are paths, or names of the zoo; without any, LeNet-5, Ariel-ML's, and the four of
MLPerf Tiny. The target is `host`, whose integer arithmetic is every board's.

Real inputs of a model are `NAME.npy` in FOLDER, [calls, *shape of the input],
where NAME is the file's without its ending (`benchmarks.inputs` makes those of
MLPerf Tiny); a model that takes digits has those of the example. A step of an output
of floats is the least difference between two of its values. The result is a
table in Markdown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from pytest_arielml.errors import ArielError, Unavailable
from pytest_arielml.golden import input_ranges, random_arrays
from pytest_arielml.session import Deployment, Workbench
from pytest_arielml.zoo import find

Array = NDArray[Any]

_EXAMPLE: Final = Path(__file__).parent.parent / "examples" / "lenet5"
_ZOO: Final = (
    "ariel-ml-lenet5",
    "mlperf-tiny-ad",
    "mlperf-tiny-kws",
    "mlperf-tiny-ic",
    "mlperf-tiny-vww",
)
_DIGITS: Final = ((1, 1, 28, 28), (1, 28, 28, 1))
#: Of a step: so near are floats that are said to be equal.
_NEAR: Final = 1e-2

_HEAD: Final = (
    "| model | reference | inputs | calls | elements equal | most steps off | top-1 equal |",
    "|---|---|---|--:|--:|--:|--:|",
)


@dataclass(frozen=True)
class Agreement:
    """What was compared, and what was equal.

    Attributes:
        source: what computed the reference.
        calls, elements: how many there were.
        equal: elements that were.
        steps: the largest difference.
        top1: calls with the same largest element; `None` where none is looked for.
    """

    source: str
    calls: int
    elements: int
    equal: int
    steps: float
    top1: int | None


def compare(deployment: Deployment, inputs: Sequence[Array], name: str) -> Agreement:
    """Calls a deployment and its reference.

    Args:
        deployment: of a model with one function.
        inputs: one array an input, each [calls, *shape].
        name: of the inputs, for the progress.
    """
    calls = len(inputs[0])
    found: list[Array] = []
    expected: list[Array] = []
    source = ""
    console = Console(stderr=True)
    for call in track(
        zip(*inputs, strict=True),
        f"{deployment.name}, {name}",
        calls,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ):
        found.append(_flat(deployment.run(*call).outputs))
        outputs = deployment.reference(*call)
        source = outputs.source
        expected.append(_flat(outputs))
    one, other = np.stack(found), np.stack(expected)
    difference = np.abs(one - other)
    if any(spec.dtype.kind == "f" for spec in deployment.signature.main.outputs):
        difference = difference / _step(other)
    off = difference > _NEAR
    size = sum(int(np.prod(spec.shape)) for spec in deployment.signature.main.inputs)
    ranked = len(deployment.signature.main.outputs) == 1 and 1 < one.shape[1] < size
    return Agreement(
        source=source,
        calls=calls,
        elements=one.size,
        equal=one.size - int(np.count_nonzero(off)),
        steps=float(difference.max()),
        top1=int(np.sum(one.argmax(axis=1) == other.argmax(axis=1))) if ranked else None,
    )


def _flat(outputs: Sequence[Array]) -> Array:
    return np.concatenate([np.asarray(each, np.float64).reshape(-1) for each in outputs])


def _step(values: Array) -> float:
    """The least difference between values that are multiples of one step."""
    gaps = np.diff(np.unique(values))
    # Rounding makes two floats of one multiple, too.
    gaps = gaps[gaps > np.max(np.abs(values)) * 1e-5]
    return float(gaps.min()) if gaps.size else 1.0


def real_inputs(
    path: Path, deployment: Deployment, count: int, folder: Path | None
) -> Array | None:
    """Inputs that are not random, [calls, *shape]; `None` where there are none."""
    (spec, *others) = deployment.signature.main.inputs
    if others or count < 1:
        return None
    shape = tuple(1 if size is None else size for size in spec.shape)
    own = None if folder is None else folder / f"{path.stem}.npy"
    if own is not None and own.is_file():
        given: Array = np.load(own)[:count]
        return given.reshape(len(given), *shape).astype(spec.dtype)
    if shape not in _DIGITS or spec.dtype != np.float32:
        return None
    with np.load(_EXAMPLE / "digits-500.npz") as digits:
        images = digits["images"][:count].astype(np.float32) / np.float32(255)
    return images.reshape(-1, *shape)


def lines(
    paths: Sequence[Path],
    bench: Workbench,
    *,
    random: int,
    real: int,
    folder: Path | None,
    seed: int,
) -> Iterator[str]:
    """The table, line by line as it is measured."""
    yield from _HEAD
    for path in paths:
        deployment = bench.deploy(path)
        specs = deployment.signature.main.inputs
        ranges = input_ranges(path.read_bytes())
        stacked = random_arrays(specs, seed=seed, samples=random, ranges=ranges)
        yield _line(path, "random", compare(deployment, stacked, "random"))
        given = real_inputs(path, deployment, real, folder)
        if given is None:
            yield f"| {path.name} | | real | none | | | |"
        else:
            yield _line(path, "real", compare(deployment, [given], "real"))


def _line(path: Path, inputs: str, found: Agreement) -> str:
    top1 = "" if found.top1 is None else f"{found.top1} of {found.calls}"
    off = found.elements - found.equal
    share = 100 * found.equal / found.elements
    return (
        f"| {path.name} | {found.source} | {inputs} | {found.calls} "
        f"| {share:.3f} % ({off:,} of {found.elements:,} not) | {found.steps:.3g} | {top1} |"
    )


def _paths(models: Sequence[str]) -> Iterator[Path]:
    if not models:
        yield _EXAMPLE / "lenet5-int8.onnx"
    for model in models or _ZOO:
        if Path(model).suffix:
            yield Path(model)
            continue
        try:
            yield find(model)
        except Unavailable as error:
            sys.stderr.write(f"{model} is left out: {error}\n")


def main() -> int:
    """Writes the table to the terminal, and to a file when asked; the status to exit with."""
    parser = argparse.ArgumentParser(description="compare deployed models with their references")
    parser.add_argument("models", nargs="*", help="paths, or names of the zoo")
    parser.add_argument("--target", default="host")
    parser.add_argument("--random", type=int, default=300, help="calls with random inputs")
    parser.add_argument("--real", type=int, default=100, help="calls with real inputs, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the random inputs")
    parser.add_argument("--inputs", type=Path, help="folder of real inputs")
    parser.add_argument("--output", type=Path, help="write the table there, too")
    options = parser.parse_args()
    made = []
    try:
        with Workbench(options.target) as bench:
            for line in lines(
                list(_paths(options.models)),
                bench,
                random=options.random,
                real=options.real,
                folder=options.inputs,
                seed=options.seed,
            ):
                print(line, flush=True)
                made.append(line)
        if options.output is not None:
            options.output.write_text("\n".join(made) + "\n", encoding="utf-8")
    except (ArielError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
