"""Deploys models on one target and keeps what it booted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from pytest_arielml.boards import HOST
from pytest_arielml.compiler import Cache, check_profile, compile_model
from pytest_arielml.errors import InputError, UsageError
from pytest_arielml.firmware import link_image
from pytest_arielml.frontends import Dims, load_model
from pytest_arielml.frontends.torch import is_module, to_onnx
from pytest_arielml.golden import Outputs, model_reference, reference_outputs
from pytest_arielml.runners import Runner, RunnerOptions, Runners
from pytest_arielml.session.deployment import Deployment
from pytest_arielml.session.inputs import check_inputs
from pytest_arielml.session.result import Array
from pytest_arielml.session.target import Target, check_scheduler
from pytest_arielml.session.watching import Watch, unwatched

if TYPE_CHECKING:
    import onnx
    import torch

    ModelSource: TypeAlias = str | Path | onnx.ModelProto | torch.nn.Module


@dataclass(frozen=True)
class Settings:
    """How a workbench works: the options of the command line, without pytest.

    Attributes:
        scheduler: `greedy`, `round-robin` or `sequential`.
        timeout: bound on one boot or one call, in seconds of wall-clock time.
        compile_timeout: the same on one run of the compiler.
        runner: where runners find what they need.
    """

    scheduler: str = "greedy"
    timeout: float = 60.0
    compile_timeout: float = 300.0
    runner: RunnerOptions = field(default_factory=RunnerOptions)


class Workbench:
    """Compiles, links, boots and calls models on one target.

    Use it as a context manager, or call `close`; nothing is left running.
    """

    def __init__(
        self,
        target: Target | str,
        *,
        cache: Cache | None = None,
        settings: Settings | None = None,
        runners: Runners | None = None,
        watch: Watch = unwatched,
    ) -> None:
        """A workbench with nothing deployed.

        Args:
            target: where it runs models.
            cache: of models and images (default: the user's).
            settings: how it works.
            runners: shared with other workbenches, which closes them itself
                (default: its own).
            watch: is told what is being done.

        Raises: UsageError for an unknown target.
        """
        self.target = Target.parse(target) if isinstance(target, str) else target
        self.settings = settings or Settings()
        self._cache = cache or Cache()
        self._own = Runners(self.settings.runner) if runners is None else None
        self._watch = watch
        self._runners = runners or self._own or Runners()
        self._deployments: dict[tuple[object, ...], Deployment] = {}

    def __enter__(self) -> Workbench:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

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
        """Compiles, links and boots `model`; the same arguments give the same one.

        Args:
            model: path to an `.onnx`, `.tflite` or `.mlir` file, an `onnx.ModelProto`,
                or a `torch.nn.Module`.
            cores: how many cores to use (default: the target's).
            scheduler: `greedy`, `round-robin` or `sequential`; on one core
                they do the same.
            profile: what the compiler optimises for: `speed` (instructions of a
                call), `size` (bytes of code) or `balanced`.
            dims: sizes for free dimensions of an ONNX model, such as
                `{"N": 4}`; None leaves one free, and the arrays of each call
                set it. See `load_model`.
            trace: calls also give what each dispatch was given and gave:
                `Result.transients`. Such a call takes far longer.
            timeline: the device records who works on which dispatch, and when:
                `Result.timeline`. It takes a little of each call, and RAM: at most
                8 KiB and a thirty-second of the board's.
            example_inputs: of a `torch.nn.Module`, a tensor or array for each
                of its inputs: it is exported with their shapes and dtypes.

        Raises: ModelError, CompileError, DoesNotFit before the boot;
        GuestFault, WireError or DeviceError from the board.
        """
        policy = check_scheduler(scheduler or self.settings.scheduler)
        target = Target.parse(self.target.name, cores=cores or self.target.cores)
        check_profile(profile)
        if timeline and target.runner == HOST:
            raise UsageError(
                "the host records no timeline",
                expected="a target with a board",
                found=target.name,
                advice="take a target with a board, such as emu-nrf52840",
            )
        shown = Path(model).stem if isinstance(model, (str, Path)) else "model"
        with self._watch(shown, "loading"):
            loaded = load_model(model, dims=dims, example_inputs=example_inputs)
            key = (
                *(loaded.digest, loaded.name, loaded.signature),
                *(target.cores, policy, profile, trace, timeline),
            )
            if key not in self._deployments:
                with self._watch(loaded.name, "compiling"):
                    compiled = compile_model(
                        loaded,
                        target.board,
                        cores=target.cores,
                        profile=profile,
                        trace=trace,
                        cache=self._cache,
                        timeout=self.settings.compile_timeout,
                    )
                with self._watch(loaded.name, "linking"):
                    image = link_image(compiled, target.board, records=timeline, cache=self._cache)
                self._deployments[key] = Deployment(
                    loaded,
                    compiled,
                    image,
                    target,
                    self.runner,
                    scheduler=policy,
                    timeout=self.settings.timeout,
                    traced=trace,
                    timeline=timeline,
                    watch=self._watch,
                )
            deployment = self._deployments[key]
            deployment.boot()
        return deployment

    def reference(
        self,
        model: ModelSource,
        *inputs: Array | Mapping[str, Array],
        function: str | None = None,
    ) -> Outputs:
        """The reference's outputs for one call, from the model's initial values.

        Of ONNX they are onnxruntime's, on the model as its author wrote it; of
        a `.tflite` they are LiteRT's; of MLIR those of IREE's own runtime on
        this host. `source` of what it gives says which.

        Args:
            model: as for `deploy`.
            inputs: one array an input, in order, or one mapping of names to arrays.
            function: as for `Deployment.run`.

        Raises: ModelError, CompileError, InputError; Unavailable when the
        reference is not installed.
        """
        if is_module(model):
            # What it is called with is an example, too.
            return reference_outputs(to_onnx(model, inputs), *(np.asarray(each) for each in inputs))
        if isinstance(model, (str, Path)) and Path(model).suffix.lower() == ".mlir":
            loaded = load_model(model)
            called = loaded.signature.find(function, loaded.name)
            return model_reference(loaded, called, check_inputs(called, inputs, loaded.name))
        if function not in (None, "main"):
            raise InputError(
                f"the model has no function {function!r}",
                expected="function='main', or none",
                advice="leave function out: only MLIR has functions with names",
            )
        return reference_outputs(model, *inputs)

    @property
    def runner(self) -> Runner:
        """The target's runner, made when first needed. Raises: Unavailable."""
        return self._runners.get(self.target.runner)

    def close(self) -> None:
        """Stops every board that was booted."""
        while self._deployments:
            _, deployment = self._deployments.popitem()
            deployment.close()
        if self._own is not None:
            self._own.close()
