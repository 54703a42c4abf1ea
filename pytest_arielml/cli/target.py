"""Options that say where a command runs."""

from __future__ import annotations

import argparse
from typing import Final

from pytest_arielml.cli.parsers import FILE, completed
from pytest_arielml.errors import UsageError
from pytest_arielml.runners import RunnerOptions, check_available, runner_options
from pytest_arielml.session import Target, target_names

DEFAULT_TARGET: Final = "emu-nrf52840"


def add_target(
    parser: argparse.ArgumentParser, default: str | None = DEFAULT_TARGET, *, said: str = ""
) -> None:
    """Declares `--target` and what runners need; see `add_where`."""
    add_where(parser, default, said=said)
    add_runner_options(parser)


def add_where(parser: argparse.ArgumentParser, default: str | None, *, said: str = "") -> None:
    """Declares `--target`.

    Args:
        parser: gets it.
        default: the target without it.
        said: how the help names the default, where it is no one's name.
    """
    target = parser.add_argument(
        "--target",
        default=default,
        metavar="RUNNER-BOARD",
        help=f"where to run; arielml boards lists them (default: {said or default})",
    )
    completed(target, target_names())


def add_runner_options(parser: argparse.ArgumentParser) -> None:
    """Declares what runners need."""
    group = parser.add_argument_group("runners")
    port = group.add_argument(
        "--port",
        metavar="URL",
        help="serial: port of the board, such as /dev/ttyACM0, or a pyserial URL "
        "(default: found by the board's USB ids)",
    )
    group.add_argument(
        "--baud", metavar="N", help="serial: bits a second there (default: the board's)"
    )
    group.add_argument(
        "--bus-model",
        action="store_true",
        help="emu: estimated times take in what memories make cores wait for",
    )
    renode = group.add_argument(
        "--renode",
        metavar="PATH",
        help="renode: its program or folder (default: RENODE_ROOT, RENODE, PATH)",
    )
    qemu = group.add_argument(
        "--qemu", metavar="PATH", help="qemu: its program or folder (default: PATH)"
    )
    for argument in (port, renode, qemu):
        completed(argument, FILE)


def read_runner_options(options: argparse.Namespace) -> RunnerOptions:
    """What `add_runner_options` declared. Raises: UsageError."""
    return runner_options(
        port=options.port,
        baud=options.baud,
        renode=options.renode,
        qemu=options.qemu,
        bus_model=options.bus_model,
    )


def check_bus_model(target: Target, options: RunnerOptions) -> None:
    """Raises: UsageError when a bus model is asked for that there is not."""
    if not options.bus_model:
        return
    if target.runner != "emu":
        raise UsageError(
            f"there is no bus model on {target.name}",
            expected="a target of the runner emu, which estimates time",
            found=f"the runner {target.runner}",
            advice="leave --bus-model out",
        )
    check_available(target.runner, options, target.board)
