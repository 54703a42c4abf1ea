"""`arielml conformance`: runs the suites that a board, a runner or a runtime must pass."""

from __future__ import annotations

import argparse
import importlib.util
import os
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from rich.console import Console

import pytest_arielml
from pytest_arielml.cli.parsers import add_command
from pytest_arielml.cli.target import add_target, read_runner_options
from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.runners import check_available
from pytest_arielml.session import Target

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SUITES: Final = ("board", "runtime", "parallel", "onnx")
#: Where a wheel has their folder, whose name their modules import one another by.
_INSTALLED: Final = "_suites"
_FOLDER: Final = "conformance"
_SHOWN: Final = 20
_STATUS: Final = {
    pytest.ExitCode.OK: 0,
    pytest.ExitCode.INTERRUPTED: 130,
    pytest.ExitCode.USAGE_ERROR: 2,
}


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "conformance",
        "run the suites that a board or a runtime must pass",
        usage="[options]",
        description="Ends with 1 when a check fails, and 2 for a wrong usage.",
        examples=(
            "arielml conformance --target emu-rp2040 --only board",
            "arielml conformance --target serial-nrf52840 --port /dev/ttyACM0",
        ),
    )
    add_target(parser)
    parser.add_argument(
        "--only",
        choices=SUITES,
        action="append",
        metavar="SUITE",
        help="this suite alone; repeatable (default: %(choices)s, in this order)",
    )
    parser.add_argument(
        "-n", type=int, metavar="N", help="workers to run on, by pytest-xdist (default: none)"
    )
    parser.add_argument("-k", metavar="TEXT", help="only checks whose name has this, as in pytest")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        help="wall-clock bound on one boot or one call (default: 60)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs them and sums up; 0 when nothing failed, 1 when something did.

    Raises: UsageError, Unavailable before anything runs.
    """
    if options.n is not None:
        if options.n < 1:
            raise UsageError(
                "-n takes a number of workers",
                found=str(options.n),
                advice="such as -n 2, or leave it out to run without pytest-xdist",
            )
        if importlib.util.find_spec("xdist") is None:
            raise Unavailable(
                "several workers need pytest-xdist", advice="pip install pytest-xdist"
            )
    target = Target.parse(options.target)
    suites = [suite for suite in SUITES if not options.only or suite in options.only]
    if "runtime" in suites and not _is_installed("iree-base-runtime"):
        raise Unavailable(
            "the suite runtime needs IREE's own runtime, the reference for MLIR models",
            advice="pip install 'pytest-arielml[host]', or name others: --only board",
        )
    check_available(target.runner, read_runner_options(options), target.board)
    root = find_suites()
    console = Console(highlight=False)
    console.print(f"conformance of {target.name}: {', '.join(suites)}", style="bold")
    outcomes = Outcomes()
    status = pytest.main(
        [*_arguments(options, root), *(str(root / suite) for suite in suites)], plugins=[outcomes]
    )
    console.print()
    outcomes.show(console, target.name)
    if status == pytest.ExitCode.OK and not outcomes.counts["passed"]:
        console.print("nothing passed", style="red")
        return 1
    return _STATUS.get(pytest.ExitCode(status), 1)


def _is_installed(package: str) -> bool:
    return any(metadata.distributions(name=package))


def find_suites() -> Path:
    """The folder with the suites: in the package when installed, beside it in a checkout.

    Raises: Unavailable when there is none.
    """
    package = Path(pytest_arielml.__file__).parent
    places = [package / _INSTALLED, package.parent, Path.cwd()]
    for folder in (place / _FOLDER for place in places):
        if all((folder / suite / "__init__.py").is_file() for suite in SUITES):
            return folder
    raise Unavailable(
        "the conformance suites are not there",
        expected=f"{places[0] / _FOLDER}, or a folder {_FOLDER} here, with {', '.join(SUITES)}",
        found="no such folders",
        advice="run this in a checkout, or reinstall the wheel: "
        "pip install --force-reinstall pytest-arielml",
    )


def _arguments(options: argparse.Namespace, root: Path) -> list[str]:
    given = {
        "--arielml-target": options.target,
        "--arielml-port": options.port,
        "--arielml-baud": options.baud,
        "--arielml-renode": options.renode,
        "--arielml-qemu": options.qemu,
        "--arielml-timeout": options.timeout,
        "-n": options.n,
        "-k": options.k,
    }
    arguments = ["-q", "-rN", "--no-header", "--tb=short"]
    # pytest comes after the package here, which it would rather have first.
    arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    arguments += ["-p", "no:cacheprovider", f"--rootdir={root.parent}"]
    if root.parent.name == _INSTALLED:
        # The packages may be in a folder of somebody's project, with settings of its own.
        arguments += ["-c", os.devnull, f"--confcutdir={root.parent}"]
    for name, value in given.items():
        if value is not None:
            arguments += [name, str(value)]
    return arguments


@dataclass(eq=False)
class Outcomes:
    """A pytest plugin that keeps what came of each check."""

    counts: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes one report; set-up and tear-down count only when they go wrong."""
        expected = hasattr(report, "wasxfail")
        if report.failed:
            self.counts["failed"] += 1
            self.failed.append((_name(report.nodeid), _first_line(report.longreprtext)))
        elif report.skipped and expected:
            self.counts["listed"] += 1
        elif report.skipped:
            self.counts["skipped"] += 1
            self.skipped[_reason(report)] += 1
        elif report.when == "call":
            self.counts["passed"] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read is a failure."""
        if report.failed:
            self.counts["failed"] += 1
            self.failed.append((_name(report.nodeid), _first_line(report.longreprtext)))

    def show(self, console: Console, target: str) -> None:
        """What passed, what failed, what was skipped and why."""
        labels = {
            "passed": "passed",
            "failed": "failed",
            "listed": "known not to pass, and listed",
            "skipped": "skipped",
        }
        said = [
            f"{self.counts[key]:,} {label}" for key, label in labels.items() if self.counts[key]
        ]
        console.print(f"{target}: {', '.join(said) or 'nothing ran'}", style="bold")
        for name, line in self.failed[:_SHOWN]:
            console.print(f"  failed   {name}: {line}", markup=False, soft_wrap=True)
        if len(self.failed) > _SHOWN:
            console.print(f"  failed   {len(self.failed) - _SHOWN:,} more")
        for reason, count in self.skipped.most_common():
            console.print(f"  skipped  {count} x {reason}", markup=False, soft_wrap=True)


def _name(nodeid: str) -> str:
    """`board: test_core: atomics` of `conformance/board/test_core.py::test_atomics[...]`."""
    path, _, test = nodeid.partition("::")
    parts = Path(path).parts
    suite = parts[-2] if len(parts) > 1 else path
    return f"{suite}: {test.partition('[')[0].removeprefix('test_').replace('_', ' ') or path}"


def _first_line(text: str) -> str:
    """What an error says; pytest marks the line with an E."""
    lines = [line for line in text.splitlines() if line.strip()]
    marked = [line[1:] for line in lines if line.startswith("E ")]
    return (marked or lines or ["no reason given"])[0].strip()


def _reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ").partition("\n")[0]
