"""The pytest plugin: options, the `arielml` fixture, marks, and the summary."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from pytest_arielml.api import Arielml
from pytest_arielml.baseline import Baseline, Change, regression_line, regression_text
from pytest_arielml.boards import Board
from pytest_arielml.budgets import Budget, BudgetExceeded
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import ArielError, UsageError
from pytest_arielml.files import slug
from pytest_arielml.options import Options, add_options, read_options
from pytest_arielml.outcomes import Outcomes
from pytest_arielml.report import Outcome, Recorder, figure_versions
from pytest_arielml.report.progress import Bar
from pytest_arielml.report.properties import properties
from pytest_arielml.requirements import unmet
from pytest_arielml.runners import Place, Runners, check_available
from pytest_arielml.session import Settings, Workbench
from pytest_arielml.session.watching import unwatched
from pytest_arielml.sharing import arrange, process_options, scheduler

_PACKAGE = Path(__file__).parent
#: Tests that a wheel has inside.
_SUITES = _PACKAGE / "_suites"
_FIXTURE = "arielml"
# Of a message in a report; tables of ours are far shorter.
_LONGEST = 4000

_options = pytest.StashKey[Options]()
_benches = pytest.StashKey[dict[str, Workbench]]()
_runners = pytest.StashKey[Runners]()
_recorder = pytest.StashKey[Recorder]()
_baseline = pytest.StashKey[Baseline]()
_bar = pytest.StashKey[Bar | None]()
_changes = pytest.StashKey[list[Change]]()


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
        config.stash[_baseline] = _read_baseline(options)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_options] = options
    config.stash[_benches] = {}
    config.stash[_runners] = Runners(config.stash[_options].runner)
    config.stash[_bar] = None
    if not _is_worker(config):
        config.pluginmanager.register(Outcomes(options), "arielml-outcomes")


def _read_baseline(options: Options) -> Baseline:
    """The recorded run; an empty one where there is none, or none yet. Raises: UsageError."""
    path = options.baseline
    if path is None or (options.update_baseline and not path.exists()):
        return Baseline()
    return Baseline.read(path)


def _is_worker(config: pytest.Config) -> bool:
    """Whether this is a process that xdist started."""
    return hasattr(config, "workerinput")


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


def pytest_sessionstart(session: pytest.Session) -> None:
    """Makes the bar: pytest's reporter is there now, and output is not captured yet."""
    session.config.stash[_bar] = _make_bar(session.config)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Counts the tests that will run."""
    bar = session.config.stash[_bar]
    if bar is not None:
        bar.total = sum(_target_name(item) is not None for item in session.items)


@pytest.fixture
def arielml(request: pytest.FixtureRequest) -> Arielml:
    """Deploys models on the target, runs them, and holds them against a reference."""
    config = request.config
    recorder = Recorder(bus_model=config.stash[_options].runner.bus_model)
    request.node.stash[_recorder] = recorder
    request.node.stash[_changes] = []
    bench = _workbench(config, request.param)

    bar = config.stash[_bar]

    def folder(failed: bool) -> Path | None:
        report = config.stash[_options].report
        if report is not None:
            return report / "worst" / slug(_test_id(request.node))
        if not failed:
            return None
        temporary: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        return temporary.mktemp("arielml-worst")

    return Arielml(bench, recorder, progress=bar.track if bar else None, folder=folder)


def _workbench(config: pytest.Config, name: str) -> Workbench:
    """The session's workbench for a target; what it boots is kept."""
    benches = config.stash[_benches]
    if name not in benches:
        options = config.stash[_options]
        target = next(target for target in options.targets if target.name == name)
        benches[name] = Workbench(
            target,
            cache=(
                Cache.temporary(notify=_warn)
                if options.no_cache
                else Cache(options.cache, notify=_warn)
            ),
            settings=Settings(
                scheduler=options.scheduler, timeout=options.timeout, runner=options.runner
            ),
            runners=config.stash[_runners],
            watch=bar.stage if (bar := config.stash[_bar]) else unwatched,
        )
    return benches[name]


def _warn(text: str) -> None:
    """Puts into pytest's summary what went wrong and was mended."""
    warnings.warn(pytest.PytestWarning(text), stacklevel=2)


def _make_bar(config: pytest.Config) -> Bar | None:
    """A bar where somebody watches this process, and nothing else writes while tests run."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    alone = not (config.getini("log_cli") or config.getoption("log_cli_level", None))
    if (
        reporter is None
        or _is_worker(config)  # several of them would write over each other
        or config.get_verbosity() < 0
        or config.getoption("capture", "fd") in ("no", "tee-sys")
        or not alone
    ):
        return None
    return Bar.on_terminal(lambda: int(reporter._tw.width_of_current_line))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what `arielml_requires` says the target lacks."""
    name = _target_name(item)
    if name is None:
        return
    bar = item.config.stash[_bar]
    if bar is not None:
        bar.begin(item.nodeid)
    target = next(t for t in item.config.stash[_options].targets if t.name == name)
    for mark in item.iter_markers("arielml_requires"):
        reason = unmet(mark.args, mark.kwargs, target)
        if reason is not None:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Holds the test's budgets and its baseline once its body has passed."""
    outcome = yield
    recorder = pyfuncitem.stash.get(_recorder, None)
    if recorder is not None:
        budgets = [_broken(mark, recorder) for mark in pyfuncitem.iter_markers("arielml_budget")]
        broken = [text for text in (*budgets, _worse(pyfuncitem, recorder)) if text]
        if broken:
            pytest.fail("\n\n".join(broken), pytrace=False)
    return outcome


def _worse(item: pytest.Item, recorder: Recorder) -> str | None:
    """What is worse than in the baseline; `None` when nothing is, or it is recorded anew."""
    options, baseline = item.config.stash[_options], item.config.stash[_baseline]
    test = _test_id(item)
    changes = baseline.compare(test, recorder.records, options.tolerances)
    item.stash[_changes] = changes
    if options.update_baseline:
        return None
    notes = baseline.notes(test, recorder.records, figure_versions())
    return regression_text(changes, notes, where=str(options.baseline))


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
    recorder = item.stash.get(_recorder, None)
    if recorder is not None and call.when == "call":
        # A test that is run again has those of the attempt before.
        others = [each for each in item.user_properties if not each[0].startswith("arielml.")]
        item.user_properties[:] = [*others, *properties(recorder.records)]
    report = yield
    if _target_name(item) is not None and (report.when == "call" or not report.passed):
        changes = item.stash.get(_changes, [])
        _summarize(report, changes)
        # Plain data on the report itself crosses from xdist's workers.
        report.arielml = Outcome(  # type: ignore[attr-defined]
            _test_id(item),
            report.outcome,
            call.duration,
            _message(call.excinfo),
            [] if recorder is None else recorder.records,
            changes,
        ).to_json()
    return report


def _summarize(report: pytest.TestReport, changes: list[Change]) -> None:
    """One line a regression in pytest's short summary, which in CI has all that a failure says."""
    crash = getattr(report.longrepr, "reprcrash", None)
    worse = [regression_line(change) for change in changes if change.regressed]
    if crash is not None and worse and worse[0] in crash.message:
        crash.message = "\n".join(worse)


def _message(error: pytest.ExceptionInfo[BaseException] | None) -> str:
    """What a test failed with, as far as a report shows it."""
    return "" if error is None else str(error.value)[:_LONGEST]


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without this package's frames, which tell a user nothing.

    It is rebuilt because pytest cuts and filters the raw chain again.
    """
    if trace is None:
        return None
    rest = _without_ours(trace.tb_next)
    parents = Path(trace.tb_frame.f_code.co_filename).parents
    if _PACKAGE in parents and _SUITES not in parents:
        return rest
    return TracebackType(rest, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops every board."""
    for bench in config.stash.get(_benches, {}).values():
        bench.close()
    if _runners in config.stash:
        config.stash[_runners].close()
    bar = config.stash.get(_bar, None)
    if bar is not None:
        bar.close()


def _test_id(item: pytest.Item) -> str:
    """The test's id, without the group that xdist adds to it."""
    mark = item.get_closest_marker("xdist_group")
    if mark is None or "@" not in item.nodeid:
        return item.nodeid
    name = mark.args[0] if mark.args else mark.kwargs.get("name", "default")
    return item.nodeid.removesuffix(f"@{name}")


def _target_name(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get(_FIXTURE) if callspec else None
    return name if isinstance(name, str) else None
