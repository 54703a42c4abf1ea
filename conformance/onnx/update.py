"""Rewrites the table of expectations: ``python -m conformance.onnx.update --target T``.

Runs every case, or those that are asked for, writes where those that do not
pass end, and says what changed. A reason that was written by hand stays as
long as its case ends at the same stage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Final

import onnx
from rich.console import Console
from rich.progress import track

from conformance.onnx.bench import Bench
from conformance.onnx.cases import Case, load_cases
from conformance.onnx.expectations import Expectations, Expected, read, table_path, write
from conformance.onnx.operands import code_operands, shape_operands
from conformance.onnx.outcome import EXPECTABLE, Outcome, Stage
from conformance.onnx.summary import Line, by_operator, by_stage
from pytest_arielml.cli.target import add_target, read_runner_options
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import ArielError
from pytest_arielml.runners import RunnerOptions, create_runner
from pytest_arielml.session import Target

#: Where a case ends for want of a constant operand.
_STOPPED: Final = (Stage.IMPORT, Stage.COMPILE, Stage.NUMERICS)
_ORDER: Final = tuple(Stage)


@dataclass(frozen=True)
class Change:
    """A case whose entry in the table is another than before."""

    case: str
    before: str
    after: str


def measure(bench: Bench, case: Case) -> Outcome:
    """Where `case` ends: with as few operands frozen as it takes to come as far as it can."""
    furthest = bench.run(case)
    shape: tuple[str, ...] = ()
    every: tuple[str, ...] = ()
    if furthest.stage in _STOPPED:
        shape, code = shape_operands(case.model, case.inputs()), code_operands(case.model)
        every = tuple(v.name for v in case.model.graph.input if v.name in {*shape, *code})
    for frozen in dict.fromkeys((shape, every)):
        if frozen and furthest.stage in _STOPPED:
            outcome = bench.run(case, frozen)
            furthest = max(furthest, outcome, key=lambda each: _ORDER.index(each.stage))
    return furthest


def table_of(
    outcomes: Mapping[str, Outcome], before: Expectations, kept: Collection[str] = ()
) -> Expectations:
    """The table that `outcomes` meet, with the reasons of `before` where stages agree.

    The cases `kept` have no outcome, and keep their entries. A case that
    ended at a stage that is never expected is not listed: it is to fail until
    it is mended.
    """
    listed = {name: each for name, each in before.listed.items() if name in kept}
    for name, outcome in outcomes.items():
        if outcome.passed or outcome.stage not in EXPECTABLE:
            continue
        known = before.listed.get(name)
        same = known is not None and known.stage is outcome.stage
        listed[name] = known if known and same else Expected(outcome.stage, outcome.reason)
    frozen = {name: each for name, each in before.frozen.items() if name in kept}
    frozen |= {name: outcome.frozen for name, outcome in outcomes.items() if outcome.frozen}
    return Expectations(listed, frozen, onnx.__version__)


def changes(before: Expectations, after: Expectations) -> Iterator[Change]:
    """Entries that differ, by the name of their case."""
    for name in sorted({*before.listed, *after.listed, *before.frozen, *after.frozen}):
        old, new = _entry(before, name), _entry(after, name)
        if old != new:
            yield Change(name, old, new)


def _entry(table: Expectations, name: str) -> str:
    expected = table.listed.get(name)
    text = "passes" if expected is None else str(expected.stage)
    frozen = table.frozen.get(name)
    return f"{text} with {', '.join(frozen)} frozen" if frozen else text


_bench: Bench | None = None


def _start(
    target: Target, runner_options: RunnerOptions, cache: Path | None, timeout: float
) -> None:
    """Makes the bench of a worker process."""
    global _bench
    runner = create_runner(target.runner, runner_options)
    # `atexit` is not called in workers.
    Finalize(None, runner.close, exitpriority=1)
    _bench = Bench(target, Cache(cache), runner=runner, timeout=timeout)


def _measure(case: Case) -> Outcome:
    assert _bench is not None
    return measure(_bench, case)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives 0, or 1 when a case ended where none may."""
    parser = argparse.ArgumentParser(prog="python -m conformance.onnx.update", description=__doc__)
    add_target(parser)
    parser.add_argument(
        "-k", action="append", metavar="TEXT", help="only cases whose name has TEXT; repeatable"
    )
    parser.add_argument("-n", type=int, default=1, metavar="N", help="processes (%(default)s)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="of compiled models and images")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds a boot or a call")
    parser.add_argument("--check", action="store_true", help="say what would change, write nothing")
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    try:
        target = Target.parse(options.target)
        path = table_path(target.board)
        before = read(path, target.board)
        every = load_cases(Cache(options.cache))
        cases = tuple(case for case in every if _is_asked_for(case, options.k))
        if not cases:
            parser.error(f"no case has {' or '.join(options.k)} in its name")
        with ProcessPoolExecutor(
            options.n,
            initializer=_start,
            initargs=(target, read_runner_options(options), options.cache, options.timeout),
        ) as pool:
            found = pool.map(_measure, cases)
            outcomes = {
                case.name: outcome
                for case, outcome in zip(
                    cases,
                    track(found, "running", len(cases), console=Console(stderr=True)),
                    strict=True,
                )
            }
    except ArielError as error:
        console.print(f"{error}")
        return 1
    after = table_of(outcomes, before, {case.name for case in every} - set(outcomes))
    if not options.check:
        write(path, target.board, after)
    return _report(console, target, cases, outcomes, before, after)


def _is_asked_for(case: Case, texts: Sequence[str] | None) -> bool:
    return texts is None or any(text in case.name for text in texts)


def _report(
    console: Console,
    target: Target,
    cases: Sequence[Case],
    outcomes: Mapping[str, Outcome],
    before: Expectations,
    after: Expectations,
) -> int:
    lines = [
        Line(
            target.name,
            case.name,
            case.operator,
            outcomes[case.name].stage,
            bool(outcomes[case.name].frozen),
        )
        for case in cases
    ]
    for text in (*by_stage(lines), "", *by_operator(lines, every=False), ""):
        console.print(text, soft_wrap=True)
    changed = list(changes(before, after))
    for change in changed:
        console.print(f"{change.case}: {change.before} -> {change.after}", soft_wrap=True)
    console.print(f"{len(changed)} entries changed")
    astray = {name: each for name, each in outcomes.items() if each.stage is Stage.RUN}
    for name, outcome in astray.items():
        text = f"{name}: {outcome}; this is never expected, and is not listed"
        console.print(text, soft_wrap=True)
    return 1 if astray else 0


if __name__ == "__main__":
    sys.exit(main())
