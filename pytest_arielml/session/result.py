"""What one call on a device gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pytest_arielml.errors import UsageError
from pytest_arielml.golden import OutputPolicy, Outputs, assert_outputs_match
from pytest_arielml.session.divergence import Divergence, first_divergence
from pytest_arielml.session.timeline import Timeline
from pytest_arielml.session.transients import Transient

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class CoreShare:
    """What one core did of a dispatch.

    Attributes:
        work_items: how many of its work items.
        instructions: issued in them.
        cycles: taken by them, estimated, by that core's clock.
    """

    work_items: int
    instructions: int
    cycles: int


@dataclass(frozen=True)
class Dispatch:
    """What one dispatch of a call took.

    Attributes:
        name: of the dispatch function.
        work_items: how many there were.
        instructions: issued in them, the sum.
        cycles: taken by them, the sum, estimated from the core's published timings.
        cores: the same for each core that was used.
    """

    name: str
    work_items: int
    instructions: int
    cycles: int
    cores: tuple[CoreShare, ...] = ()


@dataclass(frozen=True)
class Memory:
    """High-water marks of one call, in bytes.

    Attributes:
        heap_peak: from the start of the arena, what init keeps included.
        stack_peak: one entry a core.
    """

    heap_peak: int
    stack_peak: tuple[int, ...]


@dataclass(frozen=True)
class Result:
    """The outputs of a call and what it cost.

    Instructions and seconds are those of the call on the device: the transfer of
    inputs and outputs is in neither.

    Attributes:
        outputs: one array an output, of the model's dtype and shape; a tuple whose
            items have names too, `outputs["y"]`.
        instructions: of all cores together, exact in emulation; `None` where nothing
            counts them, on hardware above all.
        seconds: measured by the board's timer on hardware, estimated in emulation.
        seconds_are_estimated: which of the two.
        dispatches: what each took, in program order; empty unless `by_function`.
        memory: high-water marks, in bytes.
        function: what was called.
        where: model and target, for messages.
        policies: how each output is compared where a test gives no tolerance.
        by_function: whether the runner counts by function.
        clocks: of the cores that were used, in Hz.
        traced: the call was one of `deploy(..., trace=True)`. Sending tensors is counted
            then, and the program is another: do not compare what it took with other calls.
        transients: of a traced call, the inputs and outputs of each dispatch, in program order.
        untraced: of a traced call, the dispatch functions of the model that gave none: the
            compiler traces no dispatch inside of a loop or a branch, and those of other
            functions did not run.
        timeline: who worked on which dispatch and when, as the device recorded it, where
            it was deployed to (`deploy(..., timeline=True)`).
    """

    outputs: Outputs
    instructions: int | None
    seconds: float
    seconds_are_estimated: bool
    dispatches: tuple[Dispatch, ...]
    memory: Memory
    function: str = "main"
    where: str = ""
    policies: tuple[OutputPolicy, ...] = field(default=(), repr=False)
    by_function: bool = True
    clocks: tuple[int, ...] = field(default=(), repr=False)
    traced: bool = False
    transients: tuple[Transient, ...] = field(default=(), repr=False)
    untraced: tuple[str, ...] = field(default=(), repr=False)
    timeline: Timeline | None = field(default=None, repr=False)

    @property
    def output(self) -> Array:
        """The output, when there is one. Raises: UsageError when there are more or none."""
        if len(self.outputs) != 1:
            raise UsageError(
                f"the call gave {len(self.outputs)} outputs, not one",
                advice="take them from result.outputs",
            )
        return self.outputs[0]

    @property
    def overhead(self) -> int | None:
        """Instructions of the call outside of its dispatches; `None` where these have no count."""
        if self.instructions is None or not self.by_function:
            return None
        return self.instructions - sum(dispatch.instructions for dispatch in self.dispatches)

    @property
    def busy(self) -> tuple[float, ...] | None:
        """How long each core ran dispatches, in seconds.

        By the runner's counts, estimated; else by the timeline; `None` where
        there is neither.
        """
        if self.dispatches and all(dispatch.cores for dispatch in self.dispatches):
            shares = zip(*(dispatch.cores for dispatch in self.dispatches), strict=True)
            return tuple(
                sum(share.cycles for share in core) / clock
                for core, clock in zip(shares, self.clocks, strict=True)
            )
        if self.timeline is not None:
            return tuple(self.timeline.busy(core) for core in range(self.timeline.cores))
        return None

    @property
    def imbalance(self) -> float | None:
        """Time of the busiest core in dispatches over the mean of all, less 1: 0 is even.

        `None` where nothing tells how long each was busy.
        """
        busy = self.busy
        if busy is None:
            return None
        return max(busy) * len(busy) / sum(busy) - 1 if sum(busy) else 0.0

    def assert_matches(
        self,
        expected: Array | Sequence[Array] | Mapping[str, Array],
        *,
        rtol: float | None = None,
        atol: float | None = None,
        steps: int | None = None,
    ) -> None:
        """Fails unless the outputs are `expected`.

        Args:
            expected: one array an output, of the same dtype and shape, in
                order; or a mapping of the outputs' names to arrays.
            rtol: bound on relative error.
            atol: bound on absolute error, in the output's unit.
            steps: bound in quantization steps.

        Without a bound the policy of the output's dtype holds: integers are
        exact, floats agree by ULP and relative error.
        Raises: AssertionError with a table of what differs.
        """
        __tracebackhide__ = True
        source = expected.source if isinstance(expected, Outputs) else "the reference"
        if isinstance(expected, Mapping):
            wanted = self._in_order(expected)
        else:
            wanted = (expected,) if isinstance(expected, np.ndarray) else tuple(expected)
        assert_outputs_match(
            self.outputs,
            wanted,
            policies=self.policies,
            rtol=rtol,
            atol=atol,
            steps=steps,
            where=self.where,
            reference=source,
        )

    def first_divergence(
        self, other: Result, *, rtol: float | None = None, atol: float | None = None
    ) -> Divergence | None:
        """The first dispatch whose result differs from the other call's; `None` when none does.

        Both calls are traced ones of one model, with the same inputs, on
        different targets. Dispatches are paired by name; one that only one
        target has is passed over.

        Args:
            other: what is taken for right.
            rtol: bound on relative error.
            atol: bound on absolute error.

        Without a bound the policy of each tensor's dtype holds, as in
        `assert_matches`. Raises: UsageError when a call was not traced, or
        the two have no dispatch in common.
        """
        return first_divergence(self, other, rtol=rtol, atol=atol)

    def _in_order(self, expected: Mapping[str, Array]) -> tuple[Array, ...]:
        """The expected arrays in the order of the outputs. Raises: UsageError."""
        if set(expected) != set(self.outputs.names):
            raise UsageError(
                "what is expected does not name the outputs of the call",
                expected=", ".join(self.outputs.names),
                found=", ".join(map(str, expected)),
                advice="name each output of the call, and no other",
            )
        return tuple(expected[name] for name in self.outputs.names)
