"""Takes a case through every stage on one target."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conformance.onnx.cases import Array, Case
from conformance.onnx.operands import freeze
from conformance.onnx.outcome import Outcome, Stage, one_line
from conformance.onnx.policy import disagreement
from pytest_arielml.compiler import Cache, CompiledModel, compile_digest, compile_model, digest_of
from pytest_arielml.errors import ArielError, CompileError, DeviceError, DoesNotFit, ModelError
from pytest_arielml.firmware import link_image
from pytest_arielml.frontends import Model, load_model
from pytest_arielml.runners import Runner, create_runner
from pytest_arielml.session import Deployment, Target

_PROFILE: Final = "speed"
_VERDICT: Final = "verdict.json"

# How the compiler and the device say that memory is short.
_STACK: Final = "exceeded stack allocation limit"
_HEAP: Final = "RESOURCE_EXHAUSTED"

# A check that IREE compiles into a module for what it has not implemented.
_LEFT_OUT: Final = "FAILED_PRECONDITION: unimplemented"


class Bench:
    """One target, and what was compiled for it."""

    def __init__(
        self,
        target: Target,
        cache: Cache,
        *,
        runner: Runner | None = None,
        timeout: float = 60.0,
        compile_timeout: float = 60.0,
    ) -> None:
        """A bench on which nothing has run.

        Args:
            target: where cases run.
            cache: of compiled models, of images, and of refusals.
            runner: the target's, which whoever made it closes (default: its own).
            timeout: seconds for one boot or one call.
            compile_timeout: seconds for one run of the compiler.

        Raises: Unavailable when the runner's program is missing.
        """
        self.target = target
        self._cache = cache
        self._timeout = timeout
        self._compile_timeout = compile_timeout
        self._shared = runner is not None
        self._runner = runner or create_runner(target.runner)

    def close(self) -> None:
        """Closes the runner, if it is its own."""
        if not self._shared:
            self._runner.close()

    def run(self, case: Case, frozen: Sequence[str] = ()) -> Outcome:
        """Where `case` ends, with the operands called `frozen` as constants."""
        if case.unsupported is not None:
            return Outcome(Stage.TYPE, case.unsupported)
        model, inputs = freeze(case.model, case.inputs(), frozen)
        stage, reason = self._stages(case, model, inputs)
        return Outcome(stage, one_line(reason), tuple(frozen))

    def _stages(self, case: Case, proto: object, inputs: Sequence[Array]) -> tuple[Stage, str]:
        try:
            model = load_model(proto)  # type: ignore[arg-type]
        except ModelError as error:
            return Stage.IMPORT, _said(error)
        try:
            compiled = self._compile(model)
        except CompileError as error:
            return _compiler_stage(error), _said(error)
        try:
            image = link_image(compiled, self.target.board, cache=self._cache)
            deployment = Deployment(
                model, compiled, image, self.target, self._runner, timeout=self._timeout
            )
            try:
                outputs = deployment.run(*inputs).outputs
            finally:
                deployment.close()
        except DoesNotFit as error:
            return Stage.FIT, _said(error)
        except DeviceError as error:
            return _device_stage(error), _said(error)
        except ArielError as error:
            return Stage.RUN, _said(error)
        wrong = disagreement(case, outputs)
        return (Stage.NUMERICS, wrong) if wrong else (Stage.PASSED, "")

    def _compile(self, model: Model) -> CompiledModel:
        """Compiles, and keeps refusals too: they take as long, and a warm run has hundreds."""
        compiled = compile_digest(model, self.target.board, profile=_PROFILE)
        # A compiler that hangs is refusing too; given more time it may not.
        key = digest_of([compiled, self._compile_timeout])

        def build(folder: Path) -> None:
            verdict: dict[str, str | None] = {}
            try:
                self._compiled(model)
            except CompileError as error:
                verdict = {"what": error.what, "where": error.where, "found": error.found}
            (folder / _VERDICT).write_text(json.dumps(verdict), encoding="utf-8")

        folder = self._cache.entry("verdict", key, build)
        verdict = json.loads((folder / _VERDICT).read_text(encoding="utf-8"))
        if verdict:
            raise CompileError(verdict["what"], where=verdict["where"], found=verdict["found"])
        return self._compiled(model)

    def _compiled(self, model: Model) -> CompiledModel:
        return compile_model(
            model,
            self.target.board,
            profile=_PROFILE,
            cache=self._cache,
            timeout=self._compile_timeout,
        )


def _compiler_stage(error: CompileError) -> Stage:
    if _STACK in str(error):
        return Stage.FIT
    return Stage.IMPORT if error.what.startswith("the ONNX importer") else Stage.COMPILE


def _device_stage(error: DeviceError) -> Stage:
    said = _said(error)
    if _HEAP in said:
        return Stage.FIT
    return Stage.COMPILE if _LEFT_OUT in said else Stage.RUN


def _said(error: ArielError) -> str:
    return f"{error.what}: {error.found}" if error.found else error.what
