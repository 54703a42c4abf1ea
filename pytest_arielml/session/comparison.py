"""One model with several numbers of cores and schedulers: what each costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_arielml.errors import DeviceError, UsageError
from pytest_arielml.frontends import Dims
from pytest_arielml.session.deployment import Deployment
from pytest_arielml.session.result import Array, Result
from pytest_arielml.session.target import SCHEDULERS
from pytest_arielml.session.workbench import Workbench

if TYPE_CHECKING:
    from pytest_arielml.session.workbench import ModelSource

SEQUENTIAL = "sequential"
#: Schedulers that share work items among cores.
SHARING = tuple(name for name in SCHEDULERS if name != SEQUENTIAL)

#: Makes the inputs of a call, when they depend on the model.
MakeInputs = Callable[[Deployment], Sequence[Array] | Mapping[str, Array]]


@dataclass(frozen=True)
class Variant:
    """One call with so many cores and that scheduler.

    Attributes:
        cores, scheduler: how it ran; one core runs its work items `sequential`.
        instructions: of all cores; `None` where nothing counts them.
        seconds: of the call; estimated when `seconds_are_estimated`.
        speedup: against one core.
        busy: how long each core ran kernels, in seconds; `None` where nothing tells.
        imbalance: how much longer the busiest core did than the mean of all, 0 if even.
        work_items: of all dispatches; `None` where nothing counts them.
        overhead: instructions for a work item, beyond what one core takes for
            the call without sharing; `None` where nothing counts them.
    """

    cores: int
    scheduler: str
    instructions: int | None
    seconds: float
    seconds_are_estimated: bool
    speedup: float
    busy: tuple[float, ...] | None
    imbalance: float | None
    work_items: int | None
    overhead: float | None


def compare_cores(
    bench: Workbench,
    model: ModelSource,
    make_inputs: MakeInputs,
    *,
    cores: Sequence[int] | None = None,
    schedulers: Sequence[str] = SHARING,
    function: str | None = None,
    dims: Dims | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Variant, ...]:
    """Calls a model in each way; the first variant is one core, which others are held against.

    Each is the second call after its boot, since the first may set memory aside.

    Args:
        bench: on the target.
        model: as for `Workbench.deploy`.
        make_inputs: the arguments of the call.
        cores: how many to try (default: 1 and all of the board's).
        schedulers: of several cores, to try with each number.
        function: as for `Deployment.run`.
        dims: as for `Workbench.deploy`.
        progress: is told what is done next.

    Raises: UsageError for a board of one core, or cores that it has not got;
    DeviceError when the outputs of a variant differ from those of one core;
    and as `Workbench.deploy` and `Deployment.run`.
    """
    most = len(bench.target.board.cores)
    if most == 1:
        raise UsageError(
            f"{bench.target.board.name} has one core, and there is nothing to compare",
            advice="take a target of several cores; list them with: arielml boards",
        )
    counts = sorted({*(cores or (1, most))} - {1})
    wrong = [count for count in counts if not 1 <= count <= most]
    if wrong:
        raise UsageError(
            f"{bench.target.name} cannot run on {wrong[0]} cores",
            expected=f"1 to {most}, the cores of {bench.target.board.name}",
            found=str(wrong[0]),
            advice="try fewer, or leave --cores out for all of them",
        )
    ways = [(1, SEQUENTIAL)]
    ways += [(count, name) for count in counts for name in schedulers if name != SEQUENTIAL]
    found: list[Variant] = []
    first: Result | None = None
    for count, name in ways:
        way = f"{count} cores, {name}" if count > 1 else "one core"
        progress(f"deploying on {bench.target.name}: {way}")
        deployment = bench.deploy(model, cores=count, scheduler=name, dims=dims)
        try:
            inputs = make_inputs(deployment)
            progress(f"running on {bench.target.name}: {way}")
            _call(deployment, inputs, function)
            result = _call(deployment, inputs, function)
        finally:
            deployment.close()
        first = first or result
        _check_same(first, result, way)
        found.append(_variant(count, name, result, first))
    return tuple(found)


def _call(
    deployment: Deployment,
    inputs: Sequence[Array] | Mapping[str, Array],
    function: str | None,
) -> Result:
    if isinstance(inputs, Mapping):
        return deployment.run(inputs, function=function)
    return deployment.run(*inputs, function=function)


def _variant(count: int, name: str, result: Result, first: Result) -> Variant:
    items = sum(dispatch.work_items for dispatch in result.dispatches)
    overhead = None
    if result.overhead is not None and first.overhead is not None and items:
        overhead = (result.overhead - first.overhead) / items
    return Variant(
        cores=count,
        scheduler=name,
        instructions=result.instructions,
        seconds=result.seconds,
        seconds_are_estimated=result.seconds_are_estimated,
        speedup=first.seconds / result.seconds if result.seconds else 0.0,
        busy=result.busy,
        imbalance=result.imbalance,
        work_items=items if result.by_function else None,
        overhead=overhead,
    )


def _check_same(first: Result, result: Result, way: str) -> None:
    for name, one, other in zip(first.outputs.names, first.outputs, result.outputs, strict=True):
        if one.tobytes() != other.tobytes():
            raise DeviceError(
                f"the output {name} differs from that of one core",
                where=f"{result.where}, {way}",
                expected="the same bytes, however work items are shared",
                advice="dispatches that are not independent, or a race: please report it",
            )
