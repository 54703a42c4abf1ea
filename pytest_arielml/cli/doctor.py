"""`arielml doctor`: what is installed, what each missing piece would give, how to get it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from pytest_arielml.boards import board_names, load_board
from pytest_arielml.cli.parsers import add_command
from pytest_arielml.compiler import Cache, tool_paths
from pytest_arielml.errors import ArielError
from pytest_arielml.firmware import archive_path
from pytest_arielml.runners import check_available, runner_names
from pytest_arielml.session import target_names

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


_DEFAULT_RUNNER: Final = "emu"
_TFLITE: Final = "pip install 'pytest-arielml[tflite]'"


@dataclass(frozen=True)
class Finding:
    """One thing looked for: what it gives, and where it is or how to get it.

    Most runs do without what is `optional`.
    """

    name: str
    gives: str
    found: str | None
    advice: str | None = None
    optional: bool = False


def add_parser(commands: Commands) -> None:
    """Declares the command."""
    parser = add_command(
        commands,
        "doctor",
        "say what is installed and what is missing",
        description="For what is missing: what it would give, and how to get it. "
        "Ends with 1 when something is missing that every run needs.",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints a line a finding; 1 when something is missing that is not optional."""
    del options
    console = Console(highlight=False, soft_wrap=True)
    missing = 0
    for finding in findings():
        if finding.found is not None:
            console.print(f"[green]found  [/] {finding.name:<28} {finding.found}")
            continue
        missing += not finding.optional
        word = "[yellow]without[/]" if finding.optional else "[red]missing[/]"
        console.print(f"{word} {finding.name:<28} gives: {finding.gives}")
        if finding.advice:
            # `[onnx]` in a requirement is no markup.
            advice = finding.advice.replace("\n", "\n" + " " * 45)
            console.print(f"        {'':<28} get it: {advice}", markup=False)
    return 1 if missing else 0


def findings() -> list[Finding]:
    """Everything that a run needs, looked for."""
    found = [
        _package("iree-base-compiler", "compiles models and links images"),
        _package("onnxruntime", "the reference that answers are held against"),
        _package("unicorn", "the runner emu"),
        _package(
            "iree-base-runtime",
            "the reference for MLIR models",
            advice="pip install 'pytest-arielml[host]'",
            optional=True,
        ),
        _package(
            "ai-edge-litert",
            "models in .tflite files, and their reference",
            advice=_TFLITE,
            optional=True,
        ),
        _package(
            "tosa-converter-for-tflite",
            "operators of .tflite files that have no ONNX form here",
            advice=_TFLITE,
            optional=True,
        ),
    ]
    try:
        found.extend(
            Finding(name, "compiles models and links images", str(path))
            for name, path in tool_paths().items()
        )
    except ArielError as error:
        found.append(Finding("iree-compile", "compiles models", None, error.advice))
    for architecture in sorted({load_board(name).architecture for name in board_names()}):
        found.append(_archive(architecture))
    found.extend(_runner(name) for name in runner_names())
    found.extend(_flash_tools())
    found.append(
        _package(
            "labgrid",
            "real boards in a lab, by --lg-env",
            advice="pip install 'pytest-arielml[labgrid]'",
            optional=True,
        )
    )
    found += [
        _package(
            name,
            "the page of --arielml-report",
            advice="pip install 'pytest-arielml[report]'",
            optional=True,
        )
        for name in ("jinja2", "matplotlib")
    ]
    found.append(_cache())
    return found


def _package(
    name: str, gives: str, *, advice: str | None = None, optional: bool = False
) -> Finding:
    try:
        return Finding(name, gives, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, gives, None, advice or f"pip install {name}", optional)


def _archive(architecture: str) -> Finding:
    name = f"runtime for {architecture}"
    gives = "images for the boards of this architecture"
    try:
        return Finding(name, gives, str(archive_path(architecture)))
    except ArielError as error:
        return Finding(name, gives, None, error.advice)


def _runner(name: str) -> Finding:
    targets = [target for target in target_names() if target.partition("-")[0] == name]
    gives = "targets " + ", ".join(targets)
    optional = name != _DEFAULT_RUNNER
    try:
        return Finding(f"runner {name}", gives, check_available(name))
    except ArielError as error:
        return Finding(f"runner {name}", gives, None, error.advice, optional)


def _flash_tools() -> list[Finding]:
    from pytest_arielml.runners.serial import flash_tools

    return [
        Finding(tool.name, tool.gives, tool.found, tool.get, optional=True)
        for tool in flash_tools()
    ]


def _cache() -> Finding:
    root = Path(Cache().root)
    return Finding("cache", "compiled models are kept", f"{root} ({_entries(root)} entries)")


def _entries(root: Path) -> int:
    return sum(1 for _ in root.glob("*/manifest.json")) if root.is_dir() else 0
