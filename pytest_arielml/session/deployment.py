"""A model compiled, linked and booted on a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from pytest_arielml.compiler import CompiledModel
from pytest_arielml.errors import (
    ArielError,
    DeviceError,
    GuestFault,
    WireError,
)
from pytest_arielml.firmware import Image
from pytest_arielml.frontends import Function, Model, Signature, least_memory
from pytest_arielml.frontends.tflite import is_tflite
from pytest_arielml.golden import OutputPolicy, Outputs, model_reference, output_policies
from pytest_arielml.runners import Counters, Machine, Runner
from pytest_arielml.session.counting import CALL, LOAD, count_dispatches, count_function
from pytest_arielml.session.inputs import check_inputs, check_outputs
from pytest_arielml.session.result import Array, Memory, Result
from pytest_arielml.session.target import Target
from pytest_arielml.session.timeline import Timeline, make_timeline
from pytest_arielml.session.transients import Transient, transients
from pytest_arielml.session.watching import Watch, unwatched
from pytest_arielml.wire import CallReply, Client, Policy

_POLICIES: Final = {
    "greedy": Policy.GREEDY,
    "round-robin": Policy.ROUND_ROBIN,
    "sequential": Policy.GREEDY,
}


@dataclass(frozen=True)
class Size:
    """Bytes that a deployment takes.

    Attributes:
        flash: the image.
        ram: what was needed so far: static data, and the high-water marks of arena and
            stacks since boot.
        parts: what makes them up: those of RAM are `ram: static data`, `ram: arena` and
            `ram: stack`; all others sum to `flash`.
        tensors: what inputs, results and everything between them take of the arena.
        least_tensors: the largest sum of those that must be alive at once, whatever a
            compiler does; `None` where sizes are free, and for MLIR.
    """

    flash: int
    ram: int
    parts: dict[str, int]
    tensors: int = 0
    least_tensors: int | None = None


@dataclass
class _Booted:
    machine: Machine
    client: Client
    init: tuple[int | None, int] | None = None
    """Instructions and cycles of the last load."""
    loaded: Memory = field(default_factory=lambda: Memory(0, (0,)))


class Deployment:
    """A model on a target, booted once and called many times.

    After a fault the board is dead; the next call boots it afresh, as it does
    when another image has taken the board's place. A model that keeps values
    between calls has lost them then, and says so: the next call raises, until
    `reset` starts it anew on purpose.
    """

    def __init__(
        self,
        model: Model,
        compiled: CompiledModel,
        image: Image,
        target: Target,
        runner: Runner,
        *,
        scheduler: str = "greedy",
        timeout: float,
        traced: bool = False,
        timeline: bool = False,
        watch: Watch = unwatched,
    ) -> None:
        self._watch = watch
        self.traced = traced
        self._timed = timeline
        self.model = model
        self.compiled = compiled
        self.image = image
        self.target = target
        self.scheduler = scheduler
        self.timeout = timeout
        self.calls = 0
        self.last: Result | None = None
        self._runner = runner
        self.on_result: Callable[[Deployment, Result], None] | None = None
        self._booted: _Booted | None = None
        self._arena_peak = 0
        self._stack_peaks = [0] * target.cores
        self._policies: tuple[OutputPolicy, ...] = (
            output_policies(model.original)
            if model.format == "onnx" or is_tflite(model.original)
            else ()
        )
        # Whether a call may have changed what the model keeps, and why that is lost.
        self._touched = False
        self._lost: str | None = None

    @property
    def name(self) -> str:
        """The model's name, for reports."""
        return self.model.name

    @property
    def signature(self) -> Signature:
        """Names, dtypes and shapes of inputs and outputs, by function."""
        return self.model.signature

    @property
    def kept_in_float(self) -> dict[str, str]:
        """Operators between integers of 8 bits that are computed in float: name to reason."""
        return dict(self.model.kept_in_float)

    @property
    def firmware(self) -> Path:
        """The image, an ELF file."""
        return self.image.elf

    @property
    def artifacts(self) -> Path:
        """The folder with what was made on the way: module, object, image, map."""
        return self.image.elf.parent

    @property
    def size(self) -> Size:
        """Flash, and the RAM that was needed so far, in bytes."""
        report = self.image.size
        return Size(
            flash=report.flash,
            ram=report.ram_static + self._arena_peak + sum(self._stack_peaks),
            parts={
                **report.parts,
                "ram: static data": report.ram_static,
                "ram: arena": self._arena_peak,
                "ram: stack": sum(self._stack_peaks),
            },
            tensors=self.compiled.statistics.transient + self.compiled.input_bytes,
            least_tensors=self._least_tensors,
        )

    @cached_property
    def _least_tensors(self) -> int | None:
        if self.model.format != "onnx":
            return None
        import onnx

        return least_memory(onnx.load_model_from_string(self.model.normal))

    @property
    def init_instructions(self) -> int | None:
        """Instructions that loading the module took (verify and init); `None` on hardware."""
        booted = self._boot()
        return booted.init[0] if booted.init else None

    @property
    def loaded(self) -> Memory:
        """What loading the module took of arena and stack; boots the board unless it is up."""
        return self._boot().loaded

    @property
    def stack_peak(self) -> int:
        """High-water mark of the stack since boot, in bytes: that of the core with the highest."""
        return max(self._stack_peaks)

    def boot(self) -> None:
        """Boots the image unless it is up.

        Raises: GuestFault, WireError or DeviceError, with what the board said.
        """
        self._give_way()
        self._boot()

    def run(self, *inputs: Array | Mapping[str, Array], function: str | None = None) -> Result:
        """Calls the model on the board.

        Args:
            inputs: one array an input of the function, of its dtype and
                shape, in order; or one mapping of input names to arrays.
            function: name of the function; may be left out when there is one,
                or one is called `main`.

        Raises: InputError when the inputs differ from the signature;
        DeviceError when the call fails on the board, or the values that the
        model kept between calls were lost; GuestFault or WireError when the
        board does.
        """
        called = self.signature.find(function, self.name)
        arrays = check_inputs(called, inputs, self._where(called))
        self._give_way()
        if self._lost is not None:
            raise DeviceError(
                f"what {self.name} kept between calls is lost",
                where=self.target.name,
                expected="a board that has been up since the last reset",
                found=f"it was restarted after: {self._lost}",
                advice="call reset() to start from the model's initial values",
            )
        booted = self._boot()
        untouched, self._touched = not self._touched, True
        try:
            with self._watch(self.name, f"running on {self.target.name}"):
                result = self._call(booted, called, arrays)
        except (GuestFault, WireError) as error:
            self._drop(error.what, touched=not untouched)
            raise
        self.calls += 1
        self.last = result
        if self.on_result is not None:
            self.on_result(self, result)
        return result

    def reset(self) -> None:
        """Starts the model anew: what it keeps between calls has its initial values again.

        Raises: as `boot`.
        """
        self._give_way()
        self._lost = None
        if self._booted is None:
            self._boot()
        elif self._touched:
            try:
                self._load(self._booted)
            except (GuestFault, WireError):
                self.close()
                raise

    def reference(
        self, *inputs: Array | Mapping[str, Array], function: str | None = None
    ) -> Outputs:
        """The reference's outputs for the same call, from the model's initial values.

        Its `source` says what computed them. Raises: InputError as `run`;
        ModelError when the reference does not take the model; Unavailable
        when it is not installed.
        """
        called = self.signature.find(function, self.name)
        arrays = check_inputs(called, inputs, self._where(called))
        with self._watch(self.name, "running in the reference"):
            return model_reference(self.model, called, arrays)

    def close(self) -> None:
        """Stops the board; a later call boots it again, with the model's initial values."""
        booted, self._booted = self._booted, None
        self._touched = False
        self._lost = None
        if booted is not None:
            booted.machine.close()

    def _give_way(self) -> None:
        """Lets go of a board that runs another image now."""
        if self._booted is not None and self._booted.machine.displaced:
            self._drop("another image took its place", touched=self._touched)

    def _drop(self, why: str, *, touched: bool) -> None:
        """Closes the board, and notes whether values that the model kept went with it."""
        self.close()
        if self.model.stateful and touched:
            self._lost = why

    def _where(self, function: Function) -> str:
        """The model, and the function where there are several."""
        several = len(self.signature.functions) > 1
        return f"{self.name}.{function.name}" if several else self.name

    def _boot(self) -> _Booted:
        if self._booted is not None:
            return self._booted
        with self._watch(self.name, f"booting {self.target.name}"):
            return self._start()

    def _start(self) -> _Booted:
        machine = self._runner.boot(self.image, self.target.board, timeout=self.timeout)
        try:
            client = Client(machine.stream, timeout=self.timeout, texts=self.image.texts)
            greeting = client.wait_for_greeting()
            if greeting.image_id != self.image.identity:
                raise DeviceError(
                    f"{self.target.name} runs another image than the one just linked",
                    expected=self.image.identity.hex(),
                    found=greeting.image_id.hex(),
                    advice="flash the board again, or check that no second board answers",
                )
            booted = _Booted(machine, client)
            self._load(booted)
        except BaseException:
            with suppress(ArielError):
                machine.close()
            raise
        self._booted = booted
        return booted

    def _load(self, booted: _Booted) -> None:
        """Loads the module, a second time anew; its variables have their initial values then."""
        before = booted.machine.counters()
        loaded = booted.client.load(self._workers, _POLICIES[self.scheduler])
        after = booted.machine.counters()
        booted.init = self._count(booted.machine, before, after, LOAD, loaded.ticks)
        booted.loaded = Memory(loaded.heap_peak, loaded.stack_peaks)
        self._arena_peak = max(self._arena_peak, loaded.heap_peak)
        self._note_stacks(loaded.stack_peaks)
        self._touched = False

    @property
    def _workers(self) -> int:
        """Cores that share work items."""
        return 1 if self.scheduler == "sequential" else self.target.cores

    def _note_stacks(self, peaks: Sequence[int]) -> None:
        if len(peaks) != self._workers:
            raise DeviceError(
                f"{self.target.name} works with another number of cores than it was told to",
                expected=str(self._workers),
                found=str(len(peaks)),
                advice="flash the image again: it is not the one just linked",
            )
        size = self.target.board.stack
        for core, peak in enumerate(peaks):
            self._stack_peaks[core] = max(self._stack_peaks[core], peak)
            # The first core faults when it goes beyond; not every other one does.
            if core and peak >= size:
                raise DeviceError(
                    f"{self.name} on {self.target.name} overflowed the stack of core {core}",
                    expected=f"less than {size:,} bytes",
                    found="all of it was written",
                    advice="give the board a larger `stack` in its file, or use fewer cores",
                )

    def _call(self, booted: _Booted, function: Function, arrays: Sequence[Array]) -> Result:
        try:
            return self._exchange(booted, function, arrays)
        except (GuestFault, WireError):
            raise
        except DeviceError as error:
            # The inputs are still there, and a function of fewer would be given them.
            booted.client.release()
            place = f"{self._where(function)} on {self.target.name}"
            error.where = f"{place}: {error.where}" if error.where else place
            raise

    def _exchange(self, booted: _Booted, function: Function, arrays: Sequence[Array]) -> Result:
        client = booted.client
        for index, array in enumerate(arrays):
            client.set_input(index, array)
        if self._timed:
            client.record()
        before = booted.machine.counters()
        reply = client.call(function.entry)
        after = booted.machine.counters()
        if reply.result_count != len(function.outputs):
            raise DeviceError(
                f"{self.name} gave another number of outputs than it declares",
                expected=str(len(function.outputs)),
                found=str(reply.result_count),
                advice="report it with the model: compiler and frontend do not agree",
            )
        outputs = Outputs(
            (client.output(index, dtype=spec.dtype) for index, spec in enumerate(function.outputs)),
            [spec.name for spec in function.outputs],
            f"{self._where(function)} on {self.target.name}",
        )
        check_outputs(function, outputs, self.name)
        traced = transients(client.traced())
        client.release()
        self._arena_peak = max(self._arena_peak, reply.heap_peak)
        self._note_stacks(reply.stack_peaks)
        recorded = self._recorded(client, reply) if self._timed else None
        return self._result(
            booted.machine, function, outputs, reply, before, after, traced, recorded
        )

    def _recorded(self, client: Client, reply: CallReply) -> Timeline:
        return make_timeline(
            [client.records(worker) for worker in range(self._workers)],
            start=reply.start,
            ticks=reply.ticks,
            hz=client.greeting.ticks_hz,
            kernels=self.compiled.kernels,
        )

    def _result(
        self,
        machine: Machine,
        function: Function,
        outputs: Outputs,
        reply: CallReply,
        before: Counters | None,
        after: Counters | None,
        traced: tuple[Transient, ...],
        recorded: Timeline | None,
    ) -> Result:
        memory = Memory(reply.heap_peak, reply.stack_peaks)
        clock = self.target.board.cores[0].clock_hz
        counted = self._count(machine, before, after, CALL, reply.ticks)
        if counted is None:
            instructions, seconds = None, reply.ticks / self.target.board.timer.hz
        else:
            instructions, seconds = counted[0], counted[1] / clock
        return Result(
            outputs=outputs,
            instructions=instructions,
            seconds=seconds,
            seconds_are_estimated=counted is not None,
            dispatches=count_dispatches(before, after, self._workers) if before and after else (),
            memory=memory,
            function=function.name,
            where=outputs.source,
            policies=self._policies or tuple(OutputPolicy(name, None) for name in outputs.names),
            by_function=bool(before and after and CALL in after.spans),
            traced=self.traced,
            transients=traced,
            untraced=self._untraced(traced),
            timeline=recorded,
            clocks=tuple(core.clock_hz for core in self.target.board.cores[: self._workers]),
        )

    def _untraced(self, traced: tuple[Transient, ...]) -> tuple[str, ...]:
        if not self.traced:
            return ()
        heard = {transient.dispatch for transient in traced}
        return tuple(kernel for kernel in self.compiled.kernels if kernel not in heard)

    def _count(
        self,
        machine: Machine,
        before: Counters | None,
        after: Counters | None,
        symbol: str,
        ticks: int,
    ) -> tuple[int | None, int] | None:
        """Instructions and cycles of one call of `symbol`; `None` on hardware.

        They are the runner's count where it watches functions. Where virtual
        time is a count of instructions, the board's own timer has counted
        them: `ticks`, each instruction taken for a cycle. It does not say what
        several cores have issued together.
        """
        if before and after and symbol in after.spans:
            return count_function(before, after, symbol)
        rate = machine.instructions_per_second
        if rate is None:
            return None
        cycles = round(ticks * rate / self.target.board.timer.hz)
        return cycles if self._workers == 1 else None, cycles
