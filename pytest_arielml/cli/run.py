"""`arielml run MODEL`: one call on a target, without pytest."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pytest_arielml.cli.arrays import read_arrays, write_arrays
from pytest_arielml.cli.parsers import ARRAY, FILE, FOLDER, MODEL, add_command, completed
from pytest_arielml.cli.stages import stages
from pytest_arielml.cli.target import add_target, check_bus_model, read_runner_options
from pytest_arielml.errors import InputError, Unavailable, UsageError
from pytest_arielml.frontends.tflite import is_tflite
from pytest_arielml.golden import input_ranges, random_arrays
from pytest_arielml.report import Recorder, deployment_table, kept_in_float, parts_table
from pytest_arielml.session import (
    Deployment,
    Result,
    Settings,
    Target,
    Timeline,
    Workbench,
    write_chrome_trace,
)
from pytest_arielml.session.result import Array
from pytest_arielml.session.target import SCHEDULERS
from pytest_arielml.units import format_count

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "run",
        "run a model once on a target, and compare with its reference",
        usage="MODEL [options]",
        description="Prints what a call costs, where flash and RAM go, and the instructions of "
        "each dispatch. Ends with 1 when the outputs differ from the reference's.",
        examples=(
            "arielml run lenet5-int8.onnx --target emu-rp2040",
            "arielml run lenet5-int8.onnx --input digit.npy --output outputs",
        ),
    )
    add_model(parser)
    add_target(parser)
    add_call(parser)
    parser.add_argument(
        "--cores", type=int, metavar="N", help="cores to use (default: all of the board's)"
    )
    scheduler = parser.add_argument(
        "--scheduler",
        metavar="NAME",
        help=f"how work items go onto cores: {', '.join(SCHEDULERS)} (default: greedy)",
    )
    completed(scheduler, SCHEDULERS)
    timeline = parser.add_argument(
        "--timeline",
        type=Path,
        metavar="FILE",
        help="let the device record which core works on what and when; write it there, "
        "for ui.perfetto.dev",
    )
    completed(timeline, FILE)
    output = parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write output_0.npy, output_1.npy, ... there"
    )
    completed(output, FOLDER)
    parser.set_defaults(run=run)


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declares which model."""
    model = parser.add_argument(
        "model", type=Path, metavar="MODEL", help="an .onnx, .tflite or .mlir file"
    )
    completed(model, MODEL)


def add_call(parser: argparse.ArgumentParser) -> None:
    """Declares what is called, and with what."""
    add_function(parser)
    add_dims(parser)
    given = parser.add_argument(
        "--input",
        action="append",
        type=Path,
        default=[],
        metavar="F.npy",
        help="an input, in order; repeatable (default: random data of a fixed seed)",
    )
    completed(given, ARRAY)


def add_function(parser: argparse._ActionsContainer) -> None:
    """Declares which function is called."""
    parser.add_argument(
        "--function",
        metavar="NAME",
        help="what to call, of a model with several functions (default: main)",
    )


def add_dims(parser: argparse.ArgumentParser) -> None:
    """Declares the sizes of free dimensions."""
    parser.add_argument(
        "--dim",
        action="append",
        default=[],
        metavar="NAME=SIZE",
        help="the size of a free dimension of a model; repeatable; '?' leaves it free, and "
        "INPUT=SIZE,SIZE,... gives all sizes of an input (default: 1 for a batch)",
    )


def run(options: argparse.Namespace) -> int:
    """Runs the model and prints what it gave and cost; 1 when the outputs differ."""
    console = Console(highlight=False)
    recorder = Recorder()
    dims = read_dims(options)
    settings = Settings(runner=read_runner_options(options))
    target = Target.parse(options.target)
    check_bus_model(target, settings.runner)
    with Workbench(target, settings=settings, watch=stages(console)) as bench:
        deployment = bench.deploy(
            options.model,
            cores=options.cores,
            scheduler=options.scheduler,
            dims=dims,
            timeline=options.timeline is not None,
        )
        inputs = read_arrays(options.input) or default_inputs(deployment, options.function)
        result = deployment.run(*inputs, function=options.function)
        recorder.called(deployment, result)
        record = recorder.records[0]
        console.print(deployment_table([record]))
        console.print()
        console.print(parts_table(record))
        if record.kept_in_float:
            console.print()
            console.print(kept_in_float(record), markup=False)
        if options.output is not None:
            write_arrays(options.output, result.outputs)
        console.print()
        for dispatch in result.dispatches:
            console.print(f"{format_count(dispatch.instructions):>12}  {dispatch.name}")
        if result.overhead is not None:
            console.print(f"{format_count(result.overhead):>12}  runtime (everything else)")
        if result.timeline is not None:
            console.print()
            _show_timeline(console, result.timeline)
            _write_timeline(options.timeline, result.timeline, f"{result.where}")
            console.print(f"written for ui.perfetto.dev: {options.timeline}", markup=False)
        return _compare(console, deployment, result, inputs, options.function)


def _show_timeline(console: Console, found: Timeline) -> None:
    for core in range(found.cores):
        busy, idle = found.busy(core), found.idle(core)
        console.print(f"core {core}: {busy * 1e3:9.3f} ms on dispatches, {idle * 1e3:.3f} ms not")
    if found.cores > 1:
        console.print(f"load imbalance {found.imbalance:.1%}, speed-up {found.speedup:.2f}")
    if found.dropped:
        console.print(f"{found.dropped} records had no room: these figures are too small")


def _write_timeline(path: Path, found: Timeline, title: str) -> None:
    try:
        write_chrome_trace(found, path, title=title)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write the timeline to {path}",
            found=reason,
            advice="name a file that you can write to: --timeline FILE",
        ) from None


def _compare(
    console: Console,
    deployment: Deployment,
    result: Result,
    inputs: tuple[Array, ...],
    function: str | None,
) -> int:
    try:
        expected = deployment.reference(*inputs, function=function)
    except Unavailable as error:
        console.print(f"\noutputs not compared: {error}", markup=False)
        return 0
    try:
        result.assert_matches(expected)
    except AssertionError as error:
        console.print(f"\n{error}", style="red", markup=False)
        return 1
    console.print(f"\noutputs equal those of {expected.source} within the tolerance of their dtype")
    return 0


def default_inputs(deployment: Deployment, function: str | None) -> tuple[Array, ...]:
    """Random inputs of a fixed seed, the same wherever the model runs."""
    model = deployment.model
    known = model.format == "onnx" or is_tflite(model.original)
    ranges = input_ranges(model.original) if known else None
    specs = deployment.signature.find(function, model.name).inputs
    return tuple(array[0] for array in random_arrays(specs, seed=0, samples=1, ranges=ranges))


def read_dims(options: argparse.Namespace) -> dict[str, int | tuple[int | None, ...] | None]:
    """What `--dim` says. Raises: UsageError."""
    return dict(_dim(text) for text in options.dim)


def _dim(text: str) -> tuple[str, int | tuple[int | None, ...] | None]:
    name, _, value = text.rpartition("=")
    # A comma at the end tells the one size of a vector from the size of a dimension.
    sizes = value.removesuffix(",").split(",")
    if not name or not all(size == "?" or size.isdecimal() for size in sizes):
        raise UsageError(
            "--dim takes a name and a size",
            expected="such as N=4, N=? or x=1,4",
            found=repr(text),
            advice="names of inputs and their free dimensions are in the model",
        )
    numbers = tuple(None if size == "?" else int(size) for size in sizes)
    return name, numbers if "," in value else numbers[0]
