"""`arielml init MODEL`: a first test of a model, and the configuration to run it with."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console

from pytest_arielml.cli.parsers import FOLDER, add_command, completed
from pytest_arielml.cli.run import add_dims, add_function, add_model, read_dims
from pytest_arielml.cli.stages import stages
from pytest_arielml.cli.target import (
    DEFAULT_TARGET,
    add_target,
    check_bus_model,
    read_runner_options,
)
from pytest_arielml.errors import UsageError
from pytest_arielml.files import replace_file
from pytest_arielml.frontends import Dims, Function
from pytest_arielml.frontends.tflite import is_tflite
from pytest_arielml.golden import Outputs, input_ranges
from pytest_arielml.report import Recorder, deployment_table
from pytest_arielml.runners import check_available
from pytest_arielml.scaffold import (
    Budgets,
    Configuration,
    FirstTest,
    configuration,
    name_test,
    plan,
    recipes,
)
from pytest_arielml.session import Deployment, Result, Settings, Target, Workbench

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

# Where a quantized model rounds differently than its reference, outputs are this far off.
_STEPS: Final = (1, 2)
_SEED: Final = 0


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "init",
        "write a first test for a model",
        usage="MODEL [options]",
        description="Runs the model once on a target and writes a test that holds what it gave "
        "and cost: outputs equal to the reference's, and a budget 10 % above the instructions "
        "and bytes of that run. Configures pytest for the target where nothing does yet. "
        "A file that is there is left as it is, unless --force says otherwise.",
        examples=(
            "arielml init lenet5-int8.onnx",
            "arielml init models/kws.tflite --target emu-rp2040 --dir tests",
        ),
    )
    add_model(parser)
    add_target(parser, None, said=f"what pytest is configured for, else {DEFAULT_TARGET}")
    folder = parser.add_argument(
        "--dir",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="folder of the test, made when it is not there (default: this one)",
    )
    completed(folder, FOLDER)
    add_function(parser)
    add_dims(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace the test file, and add to a configuration that is there",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the test and says what to run next; 1 when the model's outputs are wrong."""
    console = Console(highlight=False, soft_wrap=True)
    folder: Path = options.dir
    test = folder / f"{name_test(options.model.stem, options.function)}.py"
    _check_folder(folder)
    if test.exists() and not options.force:
        raise UsageError(
            "there is a test of that name already",
            where=str(test),
            advice="run it with pytest; or have it written anew with --force, "
            "or elsewhere with --dir DIR",
        )
    found = configuration(folder)
    name = options.target or (found.targets[0] if found and found.targets else DEFAULT_TARGET)
    target, settings = Target.parse(name), Settings(runner=read_runner_options(options))
    check_available(target.runner, settings.runner, target.board)
    check_bus_model(target, settings.runner)
    dims = read_dims(options)
    with Workbench(target, settings=settings, watch=stages(console)) as bench:
        deployment = bench.deploy(options.model, dims=dims or None)
        first = _measure(console, deployment, options, dims)
    if first is None:
        return 1
    try:
        replace_file(test, str(first).encode())
    except OSError as error:
        raise _unwritable(test, error) from None
    console.print(f"\nwrote {test}", markup=False)
    configured = _configure(console, found, folder, name, force=options.force)
    _say_next(console, test, name, configured=configured)
    return 0


def _measure(
    console: Console, deployment: Deployment, options: argparse.Namespace, dims: Dims
) -> FirstTest | None:
    """Runs the model once and shows it; None when its outputs are not the reference's."""
    function = deployment.signature.find(options.function, deployment.name)
    _check_sizes(deployment, function, dims)
    model = deployment.model
    known = model.format == "onnx" or is_tflite(model.original)
    drawn = recipes(function.inputs, input_ranges(model.original) if known else None)
    rng = np.random.default_rng(_SEED)
    inputs = {recipe.name: recipe.draw(rng) for recipe in drawn}
    recorder = Recorder(bus_model=options.bus_model)
    recorder.deployed(deployment)
    result = deployment.run(inputs, function=function.name)
    recorder.called(deployment, result)
    console.print(deployment_table(recorder.records))
    console.print()
    expected = deployment.reference(inputs, function=function.name)
    try:
        steps = _steps(result, expected)
    except AssertionError as error:
        console.print(f"{error}", style="red", markup=False)
        where, other = deployment.target.name, "host"
        console.print(
            "\nno test is written: it would fail. The first operation that differs: "
            f"arielml diff {options.model} --targets {where} {other}",
            markup=False,
        )
        return None
    close = "" if steps is None else f", {steps} quantization step{'s' * (steps > 1)} off at most"
    console.print(f"outputs equal those of {expected.source}{close}", markup=False)
    return FirstTest(
        model=Path(os.path.relpath(options.model, options.dir)).as_posix(),
        name=deployment.name,
        target=deployment.target.name,
        inputs=drawn,
        budgets=Budgets.above(recorder.records[0]),
        function=options.function,
        dims=dims,
        steps=steps,
    )


def _steps(result: Result, expected: Outputs) -> int | None:
    """How many quantization steps outputs may be off; None for the tolerance of their dtype.

    Raises: AssertionError when they are further off.
    """
    try:
        result.assert_matches(expected)
    except AssertionError:
        for steps in _STEPS:
            try:
                result.assert_matches(expected, steps=steps)
            except UsageError:  # an output without steps
                break
            except AssertionError:
                continue
            return steps
        raise
    return None


def _check_sizes(deployment: Deployment, function: Function, dims: Dims) -> None:
    """Raises: UsageError for a free size that nobody spoke of, where it can be chosen."""
    if deployment.model.format == "mlir":
        return
    for spec in function.inputs:
        for size in spec.shape:
            if isinstance(size, int) or size in dims or spec.name in dims:
                continue
            if size is None:
                sizes = ",".join("16" if each is None else str(each) for each in spec.shape)
                example, free = f"{spec.name}={sizes}", f"{spec.name}={sizes.replace('16', '?')}"
            else:
                example, free = f"{size}=16", f"{size}=?"
            raise UsageError(
                f"input {spec.name!r} of {deployment.name} has a free size, "
                "and a test measures one",
                where=str(spec),
                expected=f"--dim with a size, such as --dim {example}",
                advice=f"give a size that you will use; with --dim '{free}' it stays free, "
                "and the test takes 1",
            )


def _check_folder(folder: Path) -> None:
    """Raises: UsageError when the folder of the test is none, or cannot be written."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise _unwritable(folder, NotADirectoryError(0, f"{place} is a file"))
    if not os.access(place, os.W_OK):
        raise _unwritable(folder, PermissionError(0, f"{place} cannot be written"))


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        "the test cannot be written",
        where=str(path),
        found=error.strerror or str(error),
        advice="name a folder that you can write to: --dir DIR",
    )


def _configure(
    console: Console, found: Configuration | None, folder: Path, target: str, *, force: bool
) -> bool:
    """Adds the target to pytest's configuration, or says what to add; whether it is there."""
    addition = plan(found, folder, target)
    if addition is None:
        return found is not None and target in found.targets
    if addition.touches and not force and target == DEFAULT_TARGET:
        return True  # tests run there as it is
    if addition.touches and not force:
        lines = "".join(f"\n    {line}" for line in addition.lines.splitlines())
        console.print(
            f"left alone {addition.path}; add to its [{addition.table}], or use --force:{lines}",
            markup=False,
        )
        return False
    new = not addition.path.exists()
    try:
        addition.write()
    except OSError as error:
        raise _unwritable(addition.path, error) from None
    console.print(
        f"wrote {addition.path}" if new else f"added [{addition.table}] to {addition.path}",
        markup=False,
    )
    return True


def _say_next(console: Console, test: Path, target: str, *, configured: bool) -> None:
    """The commands that come after."""
    there = "" if configured else f" --arielml-target {target}"
    console.print(
        f"\nnext:\n  pytest {test}{there}\n"
        "and beside that:\n"
        "  -v                       shows where flash and RAM go\n"
        "  --arielml-report report  writes a page with pictures there\n"
        "  --arielml-baseline baseline.json --arielml-update-baseline\n"
        "                           records the figures, to compare later runs with",
        markup=False,
    )
