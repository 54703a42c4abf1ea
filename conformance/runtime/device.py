"""A booted board and the wire to it, for what tests do beside plain calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from numpy.typing import NDArray

from pytest_arielml.boards import HOST, Board
from pytest_arielml.compiler import Cache, compile_model
from pytest_arielml.firmware import Image, link_image
from pytest_arielml.frontends import load_model
from pytest_arielml.runners import Machine, Runner, Span
from pytest_arielml.session import Target
from pytest_arielml.wire import Client

Array = NDArray[Any]

MODELS: Final = Path(__file__).parent / "models"

# What arenas are aligned to.
GRAIN: Final = 64


class Device:
    """One model on one board. A context manager: it is stopped at the end.

    Attributes:
        client: the wire to it.
    """

    def __init__(
        self,
        source: Any,
        target: Target,
        runner: Runner,
        cache: Cache,
        *,
        timeout: float,
        arena: int | None = None,
    ) -> None:
        """Compiles, links and boots; the module is not loaded yet.

        Args:
            source: path to a model, or an `onnx.ModelProto`.
            target: where it runs.
            runner: the target's, which others may use too.
            cache: of models and images.
            timeout: seconds for one request.
            arena: bytes that are to be left for the arena: the image then
                takes the rest of the board's RAM for not there.

        Raises: as `Workbench.deploy`.
        """
        self._model = load_model(source)
        board = target.board
        compiled = compile_model(self._model, board, cache=cache)
        image = link_image(compiled, board, cache=cache)
        if arena is not None:
            start = arena_start(image, board)
            # What the model needs is not asked: too little is what is tried.
            free = replace(compiled.statistics, transient=0, variable=0)
            unchecked = replace(compiled, statistics=free, input_bytes=0)
            small = _with_ram(board, start + arena)
            image = link_image(unchecked, small, cache=cache)
            # What a board has stays as it is; of this machine it is what is given.
            board = small if board.name == HOST else board
        self._machine: Machine = runner.boot(image, board, timeout=timeout)
        self.client = Client(self._machine.stream, timeout=timeout, texts=image.texts)
        try:
            self.client.wait_for_greeting()
        except BaseException:
            self._machine.close()
            raise

    def __enter__(self) -> Device:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops the board; a second time does nothing."""
        self._machine.close()

    def call(self, *inputs: Array) -> list[Array]:
        """The main function's outputs; inputs and outputs are released.

        Raises: Refused; the inputs are then released, too.
        """
        function = self._model.signature.main
        try:
            for index, array in enumerate(inputs):
                self.client.set_input(index, array)
            self.client.call(function.entry)
            return [
                self.client.output(index, dtype=spec.dtype)
                for index, spec in enumerate(function.outputs)
            ]
        finally:
            self.client.release()

    def dispatched(self) -> int | None:
        """How many workgroups have run since the boot; `None` where nothing counts them."""
        counters = self._machine.counters()
        if counters is None:
            return None
        return sum(span.count for name, span in counters.spans.items() if "_dispatch_" in name)

    def spans_by_core(self, symbol: str) -> list[Span] | None:
        """What each core took for a function since the boot; `None` where nothing tells."""
        counters = self._machine.counters()
        if counters is None or not counters.cores:
            return None
        return [core.spans[symbol] for core in counters.cores]

    def counted(self) -> Issued | None:
        """What all cores issued in calls since the boot; `None` where nothing counts it."""
        counters = self._machine.counters()
        if counters is None or "arielml_call" not in counters.spans:
            return None
        call = counters.spans["arielml_call"]
        inside = sum(
            span.instructions for name, span in counters.spans.items() if "_dispatch_" in name
        )
        return Issued(inside, call.instructions + call.others - inside)


@dataclass(frozen=True)
class Issued:
    """Instructions of calls: in the kernels, and outside of them."""

    inside: int
    outside: int


def arena_start(image: Image, board: Board) -> int:
    """Where the arena begins: behind what is static, of which this machine has none."""
    return board.ram.origin if board.name == HOST else image.symbols.address("__arena_start")


def _with_ram(board: Board, end: int) -> Board:
    ram = replace(board.ram, length=end - board.ram.origin)
    names = [name for name, region in board.memory.items() if region == board.ram]
    return replace(board, memory={**board.memory, names[0]: ram})
