"""Images and boards that answer the MLPerf Tiny runner."""

from __future__ import annotations

from typing import Any

from tiny_host import Runner

from pytest_arielml.compiler import compile_model
from pytest_arielml.firmware import Image
from pytest_arielml.frontends import load_model
from pytest_arielml.runners import Machine, Runners
from pytest_arielml.session import Target
from pytest_arielml.session.mlperf_tiny import link_for_runner


def make_image(model: Any, target: Target, benchmark: str, **options: Any) -> Image:
    loaded = load_model(model)
    compiled = compile_model(loaded, target.board, cores=target.cores)
    return link_for_runner(loaded, compiled, target, benchmark=benchmark, name="bench", **options)


class Bench:
    """Boots models, and closes the boards at the end."""

    def __init__(self) -> None:
        self._runners = Runners()
        self._machines: list[Machine] = []

    def boot(
        self,
        model: Any,
        benchmark: str,
        target: str = "emu-nrf52840",
        *,
        cores: int | None = None,
        **options: Any,
    ) -> Runner:
        on = Target.parse(target, cores=cores)
        return self.start(make_image(model, on, benchmark, **options), on)

    def start(self, image: Image, on: Target) -> Runner:
        machine = self._runners.get(on.runner).boot(image, on.board, timeout=60.0)
        self._machines.append(machine)
        return Runner(machine.stream)

    def close(self) -> None:
        for machine in self._machines:
            machine.close()
        self._runners.close()
