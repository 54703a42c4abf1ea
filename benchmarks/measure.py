"""One model, one core, one way to compile it: what a call takes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np

from pytest_arielml.compiler import Cache, Profile, compile_model
from pytest_arielml.errors import CompileError, DoesNotFit
from pytest_arielml.firmware import link_image
from pytest_arielml.frontends import Model, load_model, passes
from pytest_arielml.frontends.passes.integer import integer_form
from pytest_arielml.runners import create_runner
from pytest_arielml.session import Deployment, Target
from pytest_arielml.zoo import find

_EXAMPLE: Final = Path(__file__).parent.parent / "examples" / "lenet5" / "lenet5-int8.onnx"

#: Multiplications and additions of a call, by model.
MACS: Final = {
    "lenet5": 416_520,
    "mlperf-tiny-ad": 264_192,
    "mlperf-tiny-kws": 2_656_768,
    "mlperf-tiny-ic": 12_501_632,
    "mlperf-tiny-vww": 7_489_664,
}

#: A target for each kind of core, by its name in the table of profiles.
CORES: Final = {
    "cortex-m4": "emu-nrf52840",
    "cortex-m0plus": "emu-rp2040",
    "cortex-m3": "emu-mps2-an385",
    "cortex-m7": "emu-mps2-an500",
    "cortex-m33": "emu-mps2-an505",
    "cortex-m33-soft": "emu-mps2-an521",
    "generic-rv32": "emu-riscv-virt",
    "rv32imac": "emu-esp32c6",
}


@dataclass(frozen=True)
class Measured:
    """Instructions of a call on one core, and bytes.

    `tensors` are inputs, results and what lies between; `ram` is all that was needed.
    """

    instructions: int
    code: int
    tensors: int
    ram: int
    stack: int


@dataclass(frozen=True)
class Job:
    """What to measure: a model on a kind of core, compiled with a profile.

    Without `integers`, operators stay as the model's author wrote them.
    """

    model: str
    core: str
    profile: str | Profile
    integers: bool = True


def workers(count: int) -> Pool:
    """So many processes that measure; a context, with which they end."""
    # This one may have threads, so it must not fork.
    return multiprocessing.get_context("spawn").Pool(count, _begin)


def measure_all(jobs: Iterable[Job], pool: Pool) -> Iterator[tuple[Job, Measured | None]]:
    """Each job and what it takes, in order, as soon as it is known; `None` where it fails.

    Raises: Unavailable when a model is not at hand.
    """
    listed = list(jobs)
    return zip(listed, pool.imap(_measured, listed), strict=True)


def _begin() -> None:
    # Ctrl-C is for whoever waits.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _measured(job: Job) -> Measured | None:
    return measure(job.model, CORES[job.core], job.profile, integers=job.integers, cache=Cache())


@cache
def read(model: str, *, integers: bool = True) -> Model:
    """A model by its name; without `integers`, operators stay as their author wrote them.

    Raises: Unavailable when it is not at hand.
    """
    path = _EXAMPLE if model == "lenet5" else find(model)
    if integers:
        return load_model(path)
    kept = tuple(each for each in passes.REPEATED if each is not integer_form)
    with mock.patch.object(passes, "REPEATED", kept):
        return load_model(path)


def measure(
    model: str, target: str, profile: str | Profile, *, integers: bool = True, cache: Cache
) -> Measured | None:
    """Compiles and calls a model with random inputs; `None` where that fails."""
    loaded = read(model, integers=integers)
    place = Target.parse(target, cores=1)
    try:
        compiled = compile_model(loaded, place.board, cores=1, profile=profile, cache=cache)
        image = link_image(compiled, place.board, cache=cache)
        deployment = Deployment(loaded, compiled, image, place, create_runner("emu"), timeout=120.0)
        try:
            result = deployment.run(*(_random(spec) for spec in loaded.signature.main.inputs))
            size = deployment.size
        finally:
            deployment.close()
    except (CompileError, DoesNotFit):
        return None
    assert result.instructions is not None
    return Measured(
        instructions=result.instructions,
        code=size.parts["model code"] + size.parts["kernel constants"],
        tensors=size.tensors,
        ram=size.ram,
        stack=max(result.memory.stack_peak),
    )


def _random(spec: Any) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(1)
    if np.issubdtype(spec.dtype, np.integer):
        info = np.iinfo(spec.dtype)
        return random.integers(info.min, info.max + 1, spec.shape).astype(spec.dtype)
    return random.random(spec.shape).astype(spec.dtype)
