"""`arielml image MODEL`: the image of a model as a file, to be flashed by other means."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pytest_arielml.boards import HOST, Board
from pytest_arielml.cli.parsers import FILE, add_command, completed
from pytest_arielml.cli.run import add_dims, add_function, add_model, read_dims
from pytest_arielml.cli.target import DEFAULT_TARGET, add_where
from pytest_arielml.compiler import check_profile, compile_model
from pytest_arielml.errors import InputError, UsageError
from pytest_arielml.files import replace_file
from pytest_arielml.firmware import Image, image_bytes, link_image
from pytest_arielml.frontends import load_model
from pytest_arielml.session import Target
from pytest_arielml.session.mlperf_tiny import BENCHMARKS, link_for_runner
from pytest_arielml.session.target import SCHEDULERS, check_scheduler
from pytest_arielml.units import format_bytes

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "image",
        "write the image of a model to a file, to be flashed by other means",
        usage="MODEL [options]",
        description="Compiles and links as a test does. The image answers arielml's own wire, "
        "or the MLPerf Tiny runner.",
        examples=(
            "arielml image lenet5-int8.onnx --target emu-rp2040 -o lenet5.uf2",
            "arielml image kws01.tflite --mlperf-tiny kws01",
        ),
    )
    add_model(parser)
    add_where(parser, DEFAULT_TARGET, said=f"{DEFAULT_TARGET}; only its board counts")
    parser.add_argument(
        "--cores", type=int, metavar="N", help="cores to use (default: all of the board's)"
    )
    profile = parser.add_argument(
        "--profile",
        default="speed",
        metavar="NAME",
        help="what to compile for: speed, balanced or size (default: %(default)s)",
    )
    completed(profile, ("speed", "balanced", "size"))
    add_dims(parser)
    written = parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where to write it: .elf, .bin, or .uf2 (default: MODEL-BOARD.elf)",
    )
    completed(written, FILE)
    tiny = parser.add_argument_group("MLPerf Tiny")
    answered = tiny.add_argument(
        "--mlperf-tiny",
        metavar="ID",
        help="the image answers the MLPerf Tiny runner, as this model: "
        f"{', '.join(BENCHMARKS)}, or a name of your own (default: it does not)",
    )
    completed(answered, tuple(BENCHMARKS))
    tiny.add_argument(
        "--name", metavar="TEXT", help="what it calls itself there (default: the board)"
    )
    scheduler = tiny.add_argument(
        "--scheduler",
        metavar="NAME",
        help=f"how work items go onto cores there: {', '.join(SCHEDULERS)} (default: greedy)",
    )
    completed(scheduler, SCHEDULERS)
    add_function(tiny)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the image and says what it is."""
    console = Console(highlight=False)
    target = Target.parse(options.target)
    target = Target.parse(options.target, cores=options.cores or target.cores)
    if target.runner == HOST:
        raise UsageError(
            "there is no image for this machine to write",
            expected="a target with a board, such as emu-nrf52840",
            found=options.target,
            advice="name a board: arielml boards lists them",
        )
    if options.mlperf_tiny is None:
        _check_unused(options)
    check_profile(options.profile)
    scheduler = check_scheduler(options.scheduler or SCHEDULERS[0])
    path = options.output or Path(f"{options.model.stem}-{target.board.name}.elf")
    with console.status(f"making the image of {options.model} for {target.board.name}"):
        model = load_model(options.model, dims=read_dims(options))
        compiled = compile_model(model, target.board, cores=target.cores, profile=options.profile)
        if options.mlperf_tiny is None:
            image = link_image(compiled, target.board)
        else:
            image = link_for_runner(
                model,
                compiled,
                target,
                benchmark=options.mlperf_tiny,
                name=options.name or target.board.name,
                scheduler=scheduler,
                function=options.function,
            )
    content = image_bytes(image.elf, target.board, path.suffix.removeprefix("."))
    try:
        replace_file(path, content)
    except OSError as error:
        found = error.strerror or str(error)
        raise InputError(
            "cannot write the image",
            where=str(path),
            found=found,
            advice="name a file that can be written: -o FILE",
        ) from None
    _say(console, path, image, target.board, options.mlperf_tiny)
    return 0


def _check_unused(options: argparse.Namespace) -> None:
    """Raises: UsageError for what only the MLPerf Tiny runner's images have."""
    for name in ("name", "scheduler", "function"):
        if getattr(options, name) is not None:
            raise UsageError(
                f"--{name} is for images that answer the MLPerf Tiny runner",
                advice="add --mlperf-tiny ID, or leave it out",
            )


def _say(console: Console, path: Path, image: Image, board: Board, benchmark: str | None) -> None:
    flash, ram = (format_bytes(count) for count in (image.size.flash, image.size.ram_static))
    console.print(
        f"{path}: for {board.name}, {flash} of flash, {ram} of static RAM",
        markup=False,
        soft_wrap=True,
    )
    speaks = (
        "arielml's own wire" if benchmark is None else f"the MLPerf Tiny runner, as {benchmark}"
    )
    console.print(
        f"it answers {speaks}, at {board.uart.baud:,} baud, 8N1", markup=False, soft_wrap=True
    )
