"""What the `arielml` fixture gives: a workbench, and a note of what the test measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_arielml.files import slug
from pytest_arielml.frontends import Dims
from pytest_arielml.gates import Accuracy, AccuracyError, Bounds, Progress, measure_accuracy
from pytest_arielml.golden import Outputs
from pytest_arielml.report import Recorder
from pytest_arielml.runners import Runner
from pytest_arielml.session import Deployment, Result, Target, Workbench
from pytest_arielml.session.result import Array
from pytest_arielml.worst import write_cases

if TYPE_CHECKING:
    from pytest_arielml.session.workbench import ModelSource


class Arielml:
    """Deploys models on the target, runs them, and holds them against a reference."""

    def __init__(
        self,
        bench: Workbench,
        recorder: Recorder,
        *,
        progress: Progress[Any] | None = None,
        folder: Callable[[bool], Path | None] | None = None,
    ) -> None:
        """For one test.

        Args:
            bench: what it deploys with.
            recorder: is told what it measures.
            progress: wraps long loops; see `measure_accuracy`.
            folder: where files of the test go, given whether it fails;
                `None` where they are not kept.
        """
        self._bench = bench
        self._recorder = recorder
        self._progress = progress
        self._folder = folder or (lambda _: None)

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
        example_inputs: Sequence[Any] | None = None,
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
            example_inputs=example_inputs,
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

        Of a `.tflite` they are LiteRT's, of MLIR those of IREE's own runtime
        on this host; `source` says which. Args and errors: see `Workbench.reference`.
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
        min_agreement: float | None = None,
        limit: int | None = None,
    ) -> Accuracy:
        """Runs a labelled set; fails the test when a bound does not hold.

        Args:
            deployment: a classifier with one input and one output.
            inputs: [n, ...] samples in the model's dtype, with or without
                the batch dimension of 1.
            labels: [n] right classes.
            min_top1: least top-1 accuracy on the device, a fraction of 1.
            max_drop: most that top-1 may lie under the reference's, likewise.
            min_agreement: least share of inputs on which both name the same class.
            limit: use the first so many only.

        The worst inputs are files in the report's folder, with
        `--arielml-report`; where a bound does not hold, in the test's
        temporary folder otherwise.

        Raises: UsageError for a bound that is not between 0 and 1,
        InputError, AccuracyError, and what `Deployment.run` raises.
        """
        __tracebackhide__ = True
        bounds = Bounds(min_top1, max_drop, min_agreement)
        accuracy = measure_accuracy(
            deployment, inputs, labels, limit=limit, progress=self._progress
        )
        try:
            bounds.check(accuracy)
        except AccuracyError as error:
            cases = self._keep(deployment, accuracy, failed=True)
            listing = "".join(f"\n    {case}" for case in accuracy.worst)
            kept = f"\n  worst cases: {cases}{listing}" if cases else ""
            raise AccuracyError(f"{error}{kept}") from None
        self._keep(deployment, accuracy, failed=False)
        return accuracy

    def _keep(self, deployment: Deployment, accuracy: Accuracy, *, failed: bool) -> Path | None:
        """Records an accuracy and its worst cases; the folder that these are in."""
        folder = self._folder(failed) if accuracy.worst else None
        if folder is not None:
            folder = folder / slug(self._recorder.deployed(deployment).key)
            write_cases(folder, accuracy.worst)
        self._recorder.measured(deployment, accuracy, cases=folder)
        return folder

    def _called(self, deployment: Deployment, result: Result) -> None:
        self._recorder.called(deployment, result)
