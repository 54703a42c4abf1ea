"""How long each core was busy with a model's kernels during a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_arielml.runners import CoreCounters, Counters
from pytest_arielml.session.deployment import Deployment
from pytest_arielml.session.result import Array, Result


def run_busy(
    deployment: Deployment,
    inputs: Sequence[Array] | Mapping[str, Array],
    *,
    function: str | None = None,
) -> tuple[Result, tuple[float, ...] | None]:
    """Calls the model; its result, and how long each core in use ran kernels, in seconds.

    The times are estimated, as `Result.seconds` is in emulation; None where
    the runner does not count what each core does.
    Raises: as `Deployment.run`.
    """
    before = deployment.counters()
    result = (
        deployment.run(inputs, function=function)
        if isinstance(inputs, Mapping)
        else deployment.run(*inputs, function=function)
    )
    after = deployment.counters()
    if before is None or after is None or not after.cores or not result.by_function:
        return result, None
    return result, _busy(deployment, before, after)


def _busy(deployment: Deployment, before: Counters, after: Counters) -> tuple[float, ...]:
    kernels = deployment.compiled.kernels
    used = zip(deployment.cores, before.cores, after.cores, strict=False)
    return tuple(
        (_cycles(new, kernels) - _cycles(old, kernels)) / core.clock_hz for core, old, new in used
    )


def _cycles(core: CoreCounters, kernels: Sequence[str]) -> int:
    return sum(core.spans[name].cycles for name in kernels if name in core.spans)
