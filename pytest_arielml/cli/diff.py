"""`arielml diff MODEL --targets A B`: the first dispatch whose result differs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console

from pytest_arielml.cli.arrays import read_arrays
from pytest_arielml.cli.parsers import add_command, completed
from pytest_arielml.cli.run import add_call, add_model, default_inputs, read_dims
from pytest_arielml.cli.stages import stages
from pytest_arielml.cli.target import add_runner_options, read_runner_options
from pytest_arielml.session import Result, Settings, Workbench, target_names
from pytest_arielml.session.divergence import dispatch_steps
from pytest_arielml.session.result import Array

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "diff",
        "name the first dispatch that differs on two targets",
        usage="MODEL --targets A B [options]",
        description="Runs the model on both and compares what each dispatch gave. "
        "Ends with 1 when one differs.",
        examples=("arielml diff lenet5-int8.onnx --targets emu-rp2040 host",),
    )
    add_model(parser)
    targets = parser.add_argument(
        "--targets",
        nargs=2,
        metavar=("A", "B"),
        required=True,
        help="the target in doubt, and the one to hold it against",
    )
    completed(targets, target_names())
    add_runner_options(parser)
    add_call(parser)
    parser.add_argument(
        "--rtol",
        type=float,
        metavar="X",
        help="bound on relative error, for every dispatch (default: by dtype)",
    )
    parser.add_argument(
        "--atol",
        type=float,
        metavar="X",
        help="bound on absolute error, in the tensors' own unit, likewise",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the first divergence; 0 when there is none, 1 when there is."""
    console = Console(highlight=False, soft_wrap=True)
    settings = Settings(runner=read_runner_options(options))
    inputs = read_arrays(options.input)
    first, inputs = _run(console, options, options.targets[0], settings, inputs)
    second, _ = _run(console, options, options.targets[1], settings, inputs)
    ours, theirs = dispatch_steps(first), dispatch_steps(second)
    common = sum(step in theirs for step in ours)
    if common < max(len(ours), len(theirs)):
        console.print(
            f"{common} dispatches are compared: there are {len(ours)} on {options.targets[0]} "
            f"and {len(theirs)} on {options.targets[1]}, and the others have no counterpart"
        )
    if first.untraced:
        console.print(
            "not compared, because the compiler traces no dispatch inside of a loop or a branch, "
            f"nor of another function: {', '.join(first.untraced)}",
            markup=False,
        )
    divergence = first.first_divergence(second, rtol=options.rtol, atol=options.atol)
    if divergence is not None:
        console.print(str(divergence), markup=False)
        return 1
    console.print(
        f"no divergence: the results of {common} dispatches on {first.where} "
        f"agree with those on {second.where}",
        markup=False,
    )
    return 0


def _run(
    console: Console,
    options: argparse.Namespace,
    target: str,
    settings: Settings,
    inputs: tuple[Array, ...],
) -> tuple[Result, tuple[Array, ...]]:
    with Workbench(target, settings=settings, watch=stages(console)) as bench:
        deployment = bench.deploy(options.model, dims=read_dims(options), trace=True)
        inputs = inputs or default_inputs(deployment, options.function)
        return deployment.run(*inputs, function=options.function), inputs
