"""`arielml golden create|check`: a reference's answers, kept with their provenance."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pytest_arielml import golden
from pytest_arielml.cli.arrays import read_arrays
from pytest_arielml.cli.parsers import ARRAY, FILE, MODEL, add_command, completed
from pytest_arielml.session.result import Array

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "golden",
        "keep the reference's answers, or check kept ones",
        examples=("arielml golden create model.onnx", "arielml golden check model.onnx"),
    )
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    create = add_command(
        actions,
        "create",
        "run the model in onnxruntime or LiteRT and keep the outputs",
        usage="MODEL [options]",
        examples=("arielml golden create model.onnx --samples 32",),
    )
    create.set_defaults(run=_create)
    check = add_command(
        actions,
        "check",
        "compute kept outputs anew, as after an upgrade of what made them",
        usage="MODEL [options]",
        description="Ends with 1 when they differ.",
        examples=("arielml golden check model.onnx",),
    )
    check.set_defaults(run=_check)
    for action in (create, check):
        model = action.add_argument(
            "model", type=Path, metavar="MODEL", help="an .onnx or .tflite file"
        )
        kept = action.add_argument(
            "--golden",
            type=Path,
            metavar="F.npz",
            help="where it is kept (default: the model's name with .golden.npz)",
        )
        given = action.add_argument(
            "--input",
            action="append",
            type=Path,
            default=[],
            metavar="F.npy",
            help="an input [samples, ...], in order; repeatable (default: random inputs)",
        )
        for argument, values in ((model, MODEL), (kept, FILE), (given, ARRAY)):
            completed(argument, values)
    create.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of random inputs (default: %(default)s)"
    )
    create.add_argument(
        "--samples",
        type=int,
        default=16,
        metavar="N",
        help="how many random samples (default: %(default)s)",
    )


def _create(options: argparse.Namespace) -> int:
    seed = None if options.input else options.seed
    inputs, description = _inputs(options.model, options.input, seed, options.samples)
    path = _path(options)
    kept = golden.write(
        path, golden.create(options.model, inputs, description=description, seed=seed)
    )
    Console(highlight=False).print(f"{kept.provenance.samples} samples kept in {path}")
    return 0


def _check(options: argparse.Namespace) -> int:
    console = Console(highlight=False)
    kept = golden.read(_path(options))
    provenance = kept.provenance
    inputs, _ = _inputs(options.model, options.input, provenance.seed, provenance.samples)
    comparisons = golden.check(kept, options.model, inputs)
    wrong = [comparison for comparison in comparisons if not comparison.ok]
    if wrong:
        console.print(golden.assertion_text(wrong), markup=False)
        return 1
    console.print(
        f"{provenance.samples} samples of {provenance.model} agree with the golden "
        f"that {provenance.source} made"
    )
    return 0


def _inputs(
    model: Path, paths: list[Path], seed: int | None, samples: int
) -> tuple[tuple[Array, ...], str]:
    if paths or seed is None:
        return read_arrays(paths), ", ".join(path.name for path in paths)
    content = golden.model_bytes(model)
    return golden.random_inputs(content, seed=seed, samples=samples), f"random, seed {seed}"


def _path(options: argparse.Namespace) -> Path:
    if options.golden is not None:
        return Path(options.golden)
    return Path(options.model).with_suffix(".golden.npz")
