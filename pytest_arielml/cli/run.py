"""`arielml run MODEL`: one call on a target, without pytest."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pytest_arielml.cli.arrays import read_arrays, write_arrays
from pytest_arielml.golden import random_inputs
from pytest_arielml.report import Recorder, deployment_table, parts_table
from pytest_arielml.session import Workbench
from pytest_arielml.units import format_count

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser(
        "run", help="run a model once on a target and hold it against onnxruntime"
    )
    parser.add_argument("model", type=Path, help="an .onnx file")
    parser.add_argument("--target", default="emu-nrf52840", help="RUNNER-BOARD (%(default)s)")
    parser.add_argument(
        "--input",
        action="append",
        type=Path,
        default=[],
        metavar="F.npy",
        help="an input, in order; without any, random data of a fixed seed",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write output_0.npy, output_1.npy, ... there"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the model and prints what it gave and cost; 1 when the outputs differ."""
    console = Console(highlight=False)
    recorder = Recorder()
    with Workbench(options.target) as bench:
        with console.status(f"deploying {options.model} on {options.target}"):
            deployment = bench.deploy(options.model)
        inputs = read_arrays(options.input) or tuple(
            array[0] for array in random_inputs(deployment.model.original, seed=0, samples=1)
        )
        result = deployment.run(*inputs)
        recorder.called(deployment, result)
        expected = bench.reference(options.model, *inputs)
    record = recorder.records[0]
    console.print(deployment_table([record]))
    console.print()
    console.print(parts_table(record))
    if options.output is not None:
        write_arrays(options.output, result.outputs)
    console.print()
    for dispatch in result.dispatches:
        console.print(f"{format_count(dispatch.instructions):>12}  {dispatch.name}")
    if result.overhead is not None:
        console.print(f"{format_count(result.overhead):>12}  runtime (everything else)")
    try:
        result.assert_matches(expected)
    except AssertionError as error:
        console.print(f"\noutputs differ from onnxruntime's\n{error}", style="red", markup=False)
        return 1
    console.print("\noutputs equal onnxruntime's within the tolerance of their dtype")
    return 0
