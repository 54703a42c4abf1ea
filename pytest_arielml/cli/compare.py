"""`arielml compare MODEL --cores 1,2`: what several cores and each scheduler give."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pytest_arielml.cli.arrays import read_arrays
from pytest_arielml.cli.parsers import FILE, add_command, completed
from pytest_arielml.cli.run import add_call, add_model, default_inputs, read_dims
from pytest_arielml.cli.target import add_runner_options, add_where, read_runner_options
from pytest_arielml.errors import InputError, UsageError
from pytest_arielml.files import replace_file
from pytest_arielml.report import variants_table
from pytest_arielml.session import Settings, Workbench
from pytest_arielml.session.comparison import SHARING, Variant, compare_cores
from pytest_arielml.session.target import check_scheduler

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "compare",
        "run a model with several numbers of cores and schedulers",
        usage="MODEL [options]",
        description="A line for each: instructions and time of a call, speed-up over one core, "
        "imbalance, and instructions of overhead a work item. Ends with 1 when outputs differ.",
        examples=("arielml compare lenet5-int8.onnx --target emu-rp2350 --cores 1,2",),
    )
    add_model(parser)
    add_where(parser, "emu-rp2040")
    parser.add_argument(
        "--cores",
        metavar="N,...",
        help="how many to try, beside one core (default: all of the board's)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="NAME,...",
        default=",".join(SHARING),
        help="how work items go onto several cores (default: %(default)s)",
    )
    add_runner_options(parser)
    add_call(parser)
    written = parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the figures there as JSON, too"
    )
    completed(written, FILE)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints a line for each; 0 when all gave the same outputs."""
    console = Console(highlight=False)
    cores = _numbers(options.cores)
    schedulers = [check_scheduler(name) for name in _parts(options.scheduler)]
    settings = Settings(runner=read_runner_options(options))
    inputs = read_arrays(options.input)
    dims = read_dims(options)
    with Workbench(options.target, settings=settings) as bench, _progress() as progress:
        variants = compare_cores(
            bench,
            options.model,
            lambda deployment: inputs or default_inputs(deployment, options.function),
            cores=cores,
            schedulers=schedulers,
            function=options.function,
            dims=dims,
            progress=progress,
        )
    console.print(f"{options.model.name} on {options.target}", style="bold", markup=False)
    console.print(variants_table(variants))
    items = variants[0].work_items
    told = "" if items is None else f"; {items:,} work items a call"
    console.print(f"\nall outputs have the same bytes{told}")
    if variants[0].busy is None and variants[0].seconds_are_estimated:
        console.print(
            "cores take turns on this runner, and its times are what they take one after the other"
        )
    if options.json is not None:
        _write(options.json, _as_json(options, variants))
    return 0


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Says on stderr what is done, where somebody watches."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as status:
        yield lambda text: status.update(text)


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = _parts(text)
    if not all(part.isdecimal() and int(part) for part in parts):
        raise UsageError(
            "--cores takes numbers of cores",
            expected="such as 1,2",
            found=repr(text),
            advice="leave --cores out to try all of the board's",
        )
    return [int(part) for part in parts]


def _parts(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",")]


def _as_json(options: argparse.Namespace, variants: Sequence[Variant]) -> dict[str, Any]:
    return {
        "model": str(options.model),
        "target": options.target,
        "variants": [asdict(variant) for variant in variants],
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        replace_file(path, json.dumps(content, indent=1).encode() + b"\n")
    except OSError as error:
        found = error.strerror or str(error)
        raise InputError(
            f"cannot write the figures to {path}",
            found=found,
            advice="name a file that you can write to: --json FILE",
        ) from None
