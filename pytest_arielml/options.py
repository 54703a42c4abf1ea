"""The plugin's options: declared, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from pytest_arielml.errors import UsageError
from pytest_arielml.runners import RunnerOptions, runner_options
from pytest_arielml.session import Target
from pytest_arielml.session.target import SCHEDULERS, check_scheduler
from pytest_arielml.tolerances import KINDS, Tolerances, parse_tolerances
from pytest_arielml.units import parse_seconds

DEFAULT_TARGET: Final = "emu-nrf52840"


@dataclass(frozen=True)
class Options:
    """What the command line and the ini file ask for, checked.

    `timeout` is in seconds of wall-clock time.
    """

    targets: tuple[Target, ...]
    scheduler: str
    timeout: float
    cache: Path | None
    no_cache: bool
    skip_unavailable: bool
    report: Path | None
    baseline: Path | None
    update_baseline: bool
    tolerances: Tolerances
    runner: RunnerOptions


def add_options(parser: pytest.Parser) -> None:
    """Declares every option, and its ini twin without the dashes."""
    group = parser.getgroup("arielml", "arielml: neural networks on microcontrollers")
    group.addoption(
        "--arielml-target",
        action="append",
        metavar="RUNNER-BOARD",
        help="where to run; arielml boards lists them; repeatable, and each test then runs "
        f"once a target (default: {DEFAULT_TARGET})",
    )
    group.addoption(
        "--arielml-cores", type=int, metavar="N", help="cores to use (default: all of the board's)"
    )
    group.addoption(
        "--arielml-scheduler",
        metavar="NAME",
        help=f"how work items go onto cores: {', '.join(SCHEDULERS)} (default: greedy)",
    )
    group.addoption(
        "--arielml-port",
        metavar="URL",
        help="serial: port of the board, or a pyserial URL: /dev/ttyACM0, socket://HOST:PORT, "
        "rfc2217://HOST:PORT (default: found by the board's USB ids)",
    )
    group.addoption(
        "--arielml-baud", metavar="N", help="serial: bits a second there (default: the board's)"
    )
    group.addoption(
        "--arielml-renode",
        metavar="PATH",
        help="renode: its program or folder (default: RENODE_ROOT, RENODE, PATH)",
    )
    group.addoption(
        "--arielml-qemu",
        metavar="PATH",
        help="qemu: its program, or the folder with qemu-system-... (default: PATH)",
    )
    group.addoption(
        "--arielml-bus-model",
        action="store_true",
        help="emu: estimated times take in what memories make cores wait for, "
        "by the board's figures (default: memories without wait states)",
    )
    group.addoption(
        "--arielml-timeout",
        metavar="SECONDS",
        help="wall-clock bound on one boot or one call (default: 60)",
    )
    group.addoption(
        "--arielml-cache",
        metavar="DIR",
        help="where compiled models and images are kept "
        "(default: ARIELML_CACHE, or the user's cache folder)",
    )
    group.addoption(
        "--arielml-no-cache", action="store_true", help="compile and link everything afresh"
    )
    group.addoption(
        "--arielml-skip-unavailable",
        action="store_true",
        help="skip the tests of a target whose runner is not installed; else the run ends at once",
    )
    group.addoption(
        "--arielml-report",
        metavar="DIR",
        help="write a report there: a page with pictures, JSON, the history of figures, and "
        "the worst inputs of accuracies (default: none)",
    )
    group.addoption(
        "--arielml-baseline",
        metavar="FILE",
        help="fail tests whose instructions, flash, RAM, stack or accuracy are worse than in "
        "the run that was recorded there, beyond the arielml_tolerance_... of the ini file "
        "(default: none)",
    )
    group.addoption(
        "--arielml-update-baseline",
        action="store_true",
        help="record this run in the file of --arielml-baseline in place of comparing; tests "
        "that do not pass or run keep their figures",
    )
    parser.addini(
        "arielml_target",
        f"targets to run on, one a line (default: {DEFAULT_TARGET})",
        type="linelist",
    )
    parser.addini("arielml_cores", "cores to use (default: all of the board's)")
    parser.addini("arielml_scheduler", "greedy, round-robin or sequential (default: greedy)")
    parser.addini("arielml_port", "serial port or pyserial URL of the board")
    parser.addini("arielml_baud", "bits a second on that port")
    parser.addini("arielml_renode", "Renode's program or folder")
    parser.addini("arielml_qemu", "QEMU's program or folder")
    parser.addini("arielml_bus_model", "emu: estimate waits for memories, too", type="bool")
    parser.addini(
        "arielml_timeout", "wall-clock bound on one boot or call, such as 90s (default: 60)"
    )
    parser.addini("arielml_cache", "where compiled models and images are kept")
    parser.addini("arielml_no_cache", "compile and link everything afresh", type="bool")
    parser.addini("arielml_skip_unavailable", "skip what cannot run here", type="bool")
    parser.addini("arielml_report", "folder of the report, from the ini file's own")
    parser.addini("arielml_baseline", "file of the baseline, from the ini file's folder")
    parser.addini("arielml_update_baseline", "record every run in it", type="bool")
    for kind in KINDS:
        parser.addini(
            f"arielml_tolerance_{kind.name}",
            f"how much worse than the baseline {kind.name} may get (default: {kind.default})",
        )


def read_options(config: pytest.Config) -> Options:
    """The options as given, the ini file's where the command line is silent.

    Raises: UsageError naming the option, what it takes and what it was given.
    """
    names = config.getoption("arielml_target") or config.getini("arielml_target")
    cores = _cores(config)
    timeout = parse_seconds(_text(config, "timeout") or 60.0, what="--arielml-timeout")
    if timeout <= 0:
        raise UsageError(
            "--arielml-timeout must be above 0",
            found=str(timeout),
            advice="such as --arielml-timeout 60, in seconds",
        )
    cache = _text(config, "cache")
    baseline, update = _path(config, "baseline"), _flag(config, "update_baseline")
    if update and baseline is None:
        raise UsageError(
            "--arielml-update-baseline does not know which file to record in",
            expected="--arielml-baseline FILE beside it, or arielml_baseline in the ini file",
            advice="add --arielml-baseline baseline.json",
        )
    return Options(
        targets=tuple(
            Target.parse(name, cores=cores) for name in dict.fromkeys(names or [DEFAULT_TARGET])
        ),
        scheduler=check_scheduler(_text(config, "scheduler") or "greedy"),
        timeout=timeout,
        cache=Path(cache) if cache else None,
        no_cache=_flag(config, "no_cache"),
        skip_unavailable=_flag(config, "skip_unavailable"),
        report=_path(config, "report"),
        baseline=baseline,
        update_baseline=update,
        tolerances=parse_tolerances(
            {kind.name: str(config.getini(f"arielml_tolerance_{kind.name}")) for kind in KINDS}
        ),
        runner=runner_options(
            port=_text(config, "port"),
            baud=_text(config, "baud"),
            renode=_text(config, "renode"),
            qemu=_text(config, "qemu"),
            bus_model=bool(
                config.getoption("arielml_bus_model") or config.getini("arielml_bus_model")
            ),
        ),
    )


def _text(config: pytest.Config, name: str) -> str | None:
    value = config.getoption(f"arielml_{name}") or config.getini(f"arielml_{name}")
    return str(value) if value else None


def _flag(config: pytest.Config, name: str) -> bool:
    return bool(config.getoption(f"arielml_{name}") or config.getini(f"arielml_{name}"))


def _path(config: pytest.Config, name: str) -> Path | None:
    """A path, absolute: from where pytest was called, or from the folder of the ini file."""
    given, ini = config.getoption(f"arielml_{name}"), config.getini(f"arielml_{name}")
    if given:
        path = config.invocation_params.dir / Path(given).expanduser()
        # Workers of xdist are given the options; they may work in another folder.
        setattr(config.option, f"arielml_{name}", str(path))
        return path
    folder = config.inipath.parent if config.inipath else config.rootpath
    return folder / Path(str(ini)).expanduser() if ini else None


def _cores(config: pytest.Config) -> int | None:
    value = config.getoption("arielml_cores")
    if value is not None:
        return int(value)
    text = config.getini("arielml_cores")
    if not text:
        return None
    if not str(text).isdigit():
        raise UsageError(
            "arielml_cores is not a number",
            found=repr(text),
            advice="such as arielml_cores = 1, or leave it out for all of the board's",
        )
    return int(text)
