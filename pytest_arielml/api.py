"""What the `arielml` fixture gives: a workbench, and a note of what the test measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_arielml.frontends import Dims
from pytest_arielml.gates import Accuracy, Progress, check_accuracy, measure_accuracy
from pytest_arielml.golden import Outputs
from pytest_arielml.report import Recorder
from pytest_arielml.runners import Runner
from pytest_arielml.session import Deployment, Result, Target, Workbench
from pytest_arielml.session.result import Array

if TYPE_CHECKING:
    from pytest_arielml.session.workbench import ModelSource


class Arielml:
    """Deploys models on the target, runs them, and holds them against a reference."""

    def __init__(
        self, bench: Workbench, recorder: Recorder, *, progress: Progress[Any] | None = None
    ) -> None:
        self._bench = bench
        self._recorder = recorder
        self._progress = progress

    @property
    def target(self) -> Target:
        """Where this test runs: `.name`, `.runner`, `.board`, `.cores`."""
        return self._bench.target

    @property
    def runner(self) -> Runner:
        """What boots images there, shared by the whole session. Raises: Unavailable."""
        return self._bench.runner

    def deploy(
        self,
        model: ModelSource,
        *,
        cores: int | None = None,
        scheduler: str | None = None,
        profile: str = "speed",
        dims: Dims | None = None,
        trace: bool = False,
        timeline: bool = False,
    ) -> Deployment:
        """The model compiled, linked and booted; the same arguments give the same one.

        What a model keeps between calls has its initial values when a test
        first deploys it, whatever the tests before did.
        Args and errors: see `Workbench.deploy`.
        """
        __tracebackhide__ = True
        deployment = self._bench.deploy(
            model,
            cores=cores,
            scheduler=scheduler,
            profile=profile,
            dims=dims,
            trace=trace,
            timeline=timeline,
        )
        if deployment.model.stateful and not self._recorder.knows(deployment):
            deployment.reset()
        self._recorder.deployed(deployment)
        # The deployment outlives the test; its calls are this test's from here on.
        deployment.on_result = self._called
        return deployment

    def reference(
        self,
        model: ModelSource,
        *inputs: Array | Mapping[str, Array],
        function: str | None = None,
    ) -> Outputs:
        """onnxruntime's outputs on the model as its author wrote it, a tuple of arrays.

        Of MLIR they are those of IREE's own runtime on this host; `source`
        says which. Args and errors: see `Workbench.reference`.
        """
        __tracebackhide__ = True
        return self._bench.reference(model, *inputs, function=function)

    def accuracy(
        self,
        deployment: Deployment,
        inputs: Array,
        labels: Array,
        *,
        min_top1: float | None = None,
        max_drop: float | None = None,
        limit: int | None = None,
    ) -> Accuracy:
        """Runs a labelled set; fails the test when a bound does not hold.

        Args:
            deployment: a classifier with one input and one output.
            inputs: [n, ...] samples in the model's dtype, with or without
                the batch dimension of 1.
            labels: [n] right classes.
            min_top1: least top-1 accuracy on the device, a fraction of 1.
            max_drop: most that top-1 may lie under the reference's.
            limit: use the first so many only.

        Raises: InputError, AccuracyError, and what `Deployment.run` raises.
        """
        __tracebackhide__ = True
        accuracy = measure_accuracy(
            deployment, inputs, labels, limit=limit, progress=self._progress
        )
        self._recorder.measured(deployment, accuracy)
        check_accuracy(accuracy, min_top1=min_top1, max_drop=max_drop)
        return accuracy

    def _called(self, deployment: Deployment, result: Result) -> None:
        self._recorder.called(deployment, result)
