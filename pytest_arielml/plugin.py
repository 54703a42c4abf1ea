"""The pytest plugin: options, the `arielml` fixture, marks, and the summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from rich.console import Console

from pytest_arielml.api import Arielml
from pytest_arielml.boards import Board
from pytest_arielml.budgets import Budget, BudgetExceeded
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import ArielError, UsageError
from pytest_arielml.options import Options, add_options, read_options
from pytest_arielml.report import (
    DeploymentRecord,
    Recorder,
    accuracy_table,
    deployment_table,
    parts_table,
)
from pytest_arielml.report.progress import track
from pytest_arielml.requirements import unmet
from pytest_arielml.runners import Place, Runners, check_available
from pytest_arielml.session import Settings, Workbench
from pytest_arielml.sharing import arrange, process_options, scheduler

_PACKAGE = Path(__file__).parent
_FIXTURE = "arielml"

_options = pytest.StashKey[Options]()
_benches = pytest.StashKey[dict[str, Workbench]]()
_runners = pytest.StashKey[Runners]()
_recorder = pytest.StashKey[Recorder]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of `--arielml-...` and their ini twins."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Reads the options and declares the marks."""
    config.addinivalue_line(
        "markers",
        "arielml_budget(instructions, latency, flash, ram, stack): bounds that every deployment "
        "and every run in the test must keep, such as instructions='1.2M', ram='16KiB'",
    )
    config.addinivalue_line(
        "markers",
        "arielml_requires(cores, fpu, ram, runner): skip on targets that have less",
    )
    try:
        options = read_options(config)
        runner = replace(process_options(config, options.runner), place=_lab(config))
        options = replace(options, runner=runner)
        arrange(config, options)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_options] = options
    config.stash[_benches] = {}
    config.stash[_runners] = Runners(config.stash[_options].runner)


def _lab(config: pytest.Config) -> Callable[[Board], Place] | None:
    """Gives boards' places in a lab, where labgrid's plugin has an environment."""
    if not config.pluginmanager.hasplugin("labgrid"):
        return None
    if not (config.getoption("lg_env", None) or os.environ.get("LG_ENV")):
        return None
    from pytest_arielml.labgrid import lab

    return lab(config.stash)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keeps each real board to one worker of pytest-xdist."""
    return scheduler(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs every test that uses `arielml` once a target."""
    if _FIXTURE in metafunc.fixturenames:
        names = [target.name for target in metafunc.config.stash[_options].targets]
        metafunc.parametrize(_FIXTURE, names, indirect=True, ids=names)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Checks once, before anything runs, that the runners can run."""
    used = {name for item in items if (name := _target_name(item)) is not None}
    options = config.stash[_options]
    for target in options.targets:
        if target.name not in used:
            continue
        try:
            check_available(target.runner, options.runner, target.board)
        except ArielError as error:
            if not options.skip_unavailable:
                raise pytest.UsageError(str(error)) from None
            skip = pytest.mark.skip(reason=f"{target.name}: {error.what}")
            for item in items:
                if _target_name(item) == target.name:
                    item.add_marker(skip)


@pytest.fixture
def arielml(request: pytest.FixtureRequest) -> Arielml:
    """Deploys models on the target, runs them, and holds them against a reference."""
    config = request.config
    recorder = Recorder()
    request.node.stash[_recorder] = recorder
    bench = _workbench(config, request.param)

    def progress(items: Any, description: str, total: int) -> Any:
        return track(items, description, total, unobstructed=lambda: _uncaptured(config))

    return Arielml(bench, recorder, progress=progress)


def _workbench(config: pytest.Config, name: str) -> Workbench:
    """The session's workbench for a target; what it boots is kept."""
    benches = config.stash[_benches]
    if name not in benches:
        options = config.stash[_options]
        target = next(target for target in options.targets if target.name == name)
        benches[name] = Workbench(
            target,
            cache=Cache.temporary() if options.no_cache else Cache(options.cache),
            settings=Settings(
                scheduler=options.scheduler, timeout=options.timeout, runner=options.runner
            ),
            runners=config.stash[_runners],
        )
    return benches[name]


def _uncaptured(config: pytest.Config) -> AbstractContextManager[None]:
    capture = config.pluginmanager.getplugin("capturemanager")
    context: AbstractContextManager[None] = capture.global_and_fixture_disabled()
    return context


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what `arielml_requires` says the target lacks."""
    name = _target_name(item)
    if name is None:
        return
    target = next(t for t in item.config.stash[_options].targets if t.name == name)
    for mark in item.iter_markers("arielml_requires"):
        reason = unmet(mark.args, mark.kwargs, target)
        if reason is not None:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Holds the test's budgets once its body has passed."""
    outcome = yield
    recorder = pyfuncitem.stash.get(_recorder, None)
    if recorder is not None:
        for mark in pyfuncitem.iter_markers("arielml_budget"):
            broken = _broken(mark, recorder)
            if broken is not None:
                pytest.fail(broken, pytrace=False)
    return outcome


def _broken(mark: pytest.Mark, recorder: Recorder) -> str | None:
    """What is over its budget, or wrong about it; `None` when all holds."""
    try:
        Budget.parse(*mark.args, **mark.kwargs).hold(recorder.records)
    except (BudgetExceeded, UsageError) as error:
        return str(error)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leaves our own frames out of tracebacks, and attaches what was measured."""
    if call.excinfo is not None and isinstance(call.excinfo.value, (ArielError, AssertionError)):
        shown = _without_ours(call.excinfo.tb)
        if shown is not None:
            call.excinfo.traceback = type(call.excinfo.traceback)(shown)
    report = yield
    recorder = item.stash.get(_recorder, None)
    if recorder is not None and report.when == "call":
        # Plain data on the report itself crosses from xdist's workers.
        report.arielml = [record.to_json() for record in recorder.records]  # type: ignore[attr-defined]
    return report


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without this package's frames, which tell a user nothing.

    It is rebuilt because pytest cuts and filters the raw chain again.
    """
    if trace is None:
        return None
    rest = _without_ours(trace.tb_next)
    if _PACKAGE in Path(trace.tb_frame.f_code.co_filename).parents:
        return rest
    return TracebackType(rest, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line a deployment; with `-v` also where flash and RAM go."""
    if config.get_verbosity() < 0:
        return
    merged: dict[tuple[str, str], DeploymentRecord] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for data in getattr(report, "arielml", ()):
                record = DeploymentRecord.from_json(data)
                known = merged.setdefault((record.model, record.target), record)
                if known is not record:
                    known.merge(record)
    if not merged:
        return
    terminalreporter.section("arielml", sep="=")
    writer = terminalreporter._tw
    console = Console(
        file=writer._file, width=writer.fullwidth, force_terminal=writer.hasmarkup, highlight=False
    )
    records = list(merged.values())
    console.print(deployment_table(records))
    accuracies = accuracy_table(records)
    if accuracies is not None:
        console.print()
        console.print(accuracies)
    if config.get_verbosity() > 0:
        for record in records:
            console.print(f"\n{record.model} on {record.target}", style="bold")
            console.print(parts_table(record))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops every board."""
    for bench in config.stash.get(_benches, {}).values():
        bench.close()
    if _runners in config.stash:
        config.stash[_runners].close()


def _target_name(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get(_FIXTURE) if callspec else None
    return name if isinstance(name, str) else None
