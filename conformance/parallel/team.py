"""So many cores of a target, and boards that are booted for them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Final

from conformance.runtime.device import Array, Device
from pytest_arielml.compiler import Cache
from pytest_arielml.runners import Runner, RunnerOptions, create_runner
from pytest_arielml.session import Target
from pytest_arielml.wire import Policy

#: Seeds of the orders in which emulated cores do what they do at about the same time.
SEEDS: Final = range(1, 21)

Outcome = tuple[bytes, ...]


class Team:
    """`cores` cores of a target. A context manager: its boards are stopped at the end.

    Attributes:
        target: where it works.
        cores: how many share work items.
    """

    def __init__(
        self, target: Target, runner: Runner, cores: int, cache: Cache, *, timeout: float
    ) -> None:
        self.target = target
        self.cores = cores
        self._runner = runner
        self._cache = cache
        self._timeout = timeout
        self._booted = ExitStack()

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *exception: object) -> None:
        self._booted.close()

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the interleavings that can be had here: where cores really run at once, one."""
        return tuple(SEEDS) if self.target.runner == "emu" else (0,)

    def boot(
        self,
        source: Any,
        *,
        cores: int | None = None,
        policy: Policy = Policy.GREEDY,
        seed: int = 0,
    ) -> Device:
        """A board with the model loaded, for the team's cores, or for `cores`."""
        runner = self._runner
        if seed:
            runner = create_runner(self.target.runner, RunnerOptions(seed=seed))
        device = Device(source, self.target, runner, self._cache, timeout=self._timeout)
        self._booted.enter_context(device)
        device.client.load(cores or self.cores, policy)
        return device

    def sequentially(self, source: Any, *inputs: Array) -> Outcome:
        """The bytes of the outputs when one core does all."""
        device = self.boot(source, cores=1)
        found = outcome(device.call(*inputs))
        device.stop()
        return found


def outcome(outputs: list[Array]) -> Outcome:
    """The bytes of each output, which are to be the same however work is shared."""
    return tuple(array.tobytes() for array in outputs)
