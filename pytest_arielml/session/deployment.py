"""A model compiled, linked and booted on a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pytest_arielml.compiler import CompiledModel
from pytest_arielml.errors import ArielError, DeviceError, GuestFault, InputError, WireError
from pytest_arielml.firmware import Image
from pytest_arielml.frontends import Function, Model, Signature, TensorSpec
from pytest_arielml.golden import OutputPolicy, output_policies
from pytest_arielml.runners import Counters, Machine, Runner
from pytest_arielml.session.result import Array, Dispatch, Memory, Result
from pytest_arielml.session.target import Target
from pytest_arielml.wire import CallReply, Client, LoadReply


@dataclass(frozen=True)
class Size:
    """Bytes that a deployment takes.

    `flash` is the image. `ram` is what the model has needed so far: static
    data and the high-water marks of arena and stack since boot. `parts` says
    what makes them up: keys of flash parts sum to `flash`; the RAM parts are
    `ram: static data`, `ram: arena` and `ram: stack`.
    """

    flash: int
    ram: int
    parts: dict[str, int]


@dataclass
class _Booted:
    machine: Machine
    client: Client
    loaded: LoadReply
    init: tuple[int, int] | None


class Deployment:
    """A model on a target, booted once and called many times.

    After a fault the board is dead; the next call boots it afresh.
    """

    def __init__(
        self,
        model: Model,
        compiled: CompiledModel,
        image: Image,
        target: Target,
        runner: Runner,
        *,
        timeout: float,
    ) -> None:
        self.model = model
        self.compiled = compiled
        self.image = image
        self.target = target
        self.timeout = timeout
        self.calls = 0
        self.last: Result | None = None
        self._runner = runner
        self.on_result: Callable[[Deployment, Result], None] | None = None
        self._booted: _Booted | None = None
        self._arena_peak = 0
        self._stack_peak = 0
        self._policies: tuple[OutputPolicy, ...] = output_policies(model.original)

    @property
    def name(self) -> str:
        """The model's name, for reports."""
        return self.model.name

    @property
    def signature(self) -> Signature:
        """Names, dtypes and shapes of inputs and outputs, by function."""
        return self.model.signature

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
            ram=report.ram_static + self._arena_peak + self._stack_peak,
            parts={
                **report.parts,
                "ram: static data": report.ram_static,
                "ram: arena": self._arena_peak,
                "ram: stack": self._stack_peak,
            },
        )

    @property
    def init_instructions(self) -> int | None:
        """Instructions that loading the module took (verify and init); `None` on hardware."""
        booted = self._boot()
        return booted.init[0] if booted.init else None

    @property
    def stack_peak(self) -> int:
        """High-water mark of the stack since boot, in bytes."""
        return self._stack_peak

    def boot(self) -> None:
        """Boots the image unless it is up.

        Raises: GuestFault, WireError or DeviceError, with what the board said.
        """
        self._boot()

    def run(self, *inputs: Array, function: str | None = None) -> Result:
        """Calls the model on the board.

        Args:
            inputs: one array an input of the function, of its dtype and shape.
            function: name of the function, for models with more than one.

        Raises: InputError when the inputs differ from the signature;
        DeviceError, GuestFault or WireError when the call fails on the board.
        """
        called = self._function(function)
        arrays = check_inputs(called, inputs, self.name)
        booted = self._boot()
        try:
            result = self._call(booted, called, arrays)
        except (GuestFault, WireError):
            self.close()
            raise
        self.calls += 1
        self.last = result
        if self.on_result is not None:
            self.on_result(self, result)
        return result

    def close(self) -> None:
        """Stops the board; a later call boots it again."""
        booted, self._booted = self._booted, None
        if booted is not None:
            booted.machine.close()

    def _function(self, name: str | None) -> Function:
        if name is None:
            return self.signature.main
        for function in self.signature.functions:
            if function.name == name:
                return function
        names = ", ".join(function.name for function in self.signature.functions)
        raise InputError(f"{self.name} has no function {name!r}", expected=f"one of: {names}")

    def _boot(self) -> _Booted:
        if self._booted is not None:
            return self._booted
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
            before = machine.counters()
            loaded = client.load()
            after = machine.counters()
        except BaseException:
            with suppress(ArielError):
                machine.close()
            raise
        init = _difference(before, after, "arielml_load") if before and after else None
        self._arena_peak = max(self._arena_peak, loaded.heap_peak)
        self._stack_peak = max(self._stack_peak, loaded.stack_peak)
        self._booted = _Booted(machine, client, loaded, init)
        return self._booted

    def _call(self, booted: _Booted, function: Function, arrays: Sequence[Array]) -> Result:
        client = booted.client
        for index, array in enumerate(arrays):
            client.set_input(index, array)
        before = booted.machine.counters()
        reply = client.call(function.entry)
        after = booted.machine.counters()
        if reply.result_count != len(function.outputs):
            raise DeviceError(
                f"{self.name} gave another number of outputs than it declares",
                expected=str(len(function.outputs)),
                found=str(reply.result_count),
            )
        outputs = tuple(
            client.output(index, dtype=spec.dtype) for index, spec in enumerate(function.outputs)
        )
        client.release()
        self._arena_peak = max(self._arena_peak, reply.heap_peak)
        self._stack_peak = max(self._stack_peak, reply.stack_peak)
        return self._result(function, outputs, reply, before, after)

    def _result(
        self,
        function: Function,
        outputs: tuple[Array, ...],
        reply: CallReply,
        before: Counters | None,
        after: Counters | None,
    ) -> Result:
        _check_outputs(function, outputs, self.name)
        memory = Memory(reply.heap_peak, (reply.stack_peak,))
        clock = self.target.board.cores[0].clock_hz
        if before is None or after is None:
            hertz = self.target.board.timer.hz
            seconds, estimated, instructions = reply.ticks / hertz, False, None
            dispatches: tuple[Dispatch, ...] = ()
        else:
            instructions, cycles = _difference(before, after, "arielml_call")
            seconds, estimated = cycles / clock, True
            dispatches = _dispatches(before, after)
        return Result(
            outputs=outputs,
            instructions=instructions,
            seconds=seconds,
            seconds_are_estimated=estimated,
            dispatches=dispatches,
            memory=memory,
            where=f"{self.name} on {self.target.name}",
            policies=self._policies,
        )


def check_inputs(function: Function, inputs: Sequence[object], model: str) -> list[Array]:
    """The inputs as arrays of the function's dtypes and shapes.

    Raises: InputError naming the input, what was expected and what was given.
    """
    specs = function.inputs
    if len(inputs) != len(specs):
        raise InputError(
            f"{model} takes {len(specs)} input{'s' if len(specs) != 1 else ''}, not {len(inputs)}",
            expected=", ".join(_spec(spec) for spec in specs) or "no input",
            found=", ".join(_given(value) for value in inputs) or "no input",
        )
    arrays = []
    for spec, value in zip(specs, inputs, strict=True):
        array = np.asarray(value)
        if array.dtype != spec.dtype or array.shape != tuple(spec.shape):
            raise InputError(
                f"input {spec.name!r} of {model} has the wrong "
                + ("dtype" if array.dtype != spec.dtype else "shape"),
                expected=_spec(spec),
                found=_given(value),
                advice=_conversion(spec, array),
            )
        # Not ascontiguousarray, which makes a vector of a scalar.
        arrays.append(np.asarray(array, order="C"))
    return arrays


def _spec(spec: TensorSpec) -> str:
    return f"{spec.name}: {spec.dtype} {list(spec.shape)}"


def _given(value: object) -> str:
    array = np.asarray(value)
    kind = "" if isinstance(value, np.ndarray) else f" ({type(value).__name__})"
    return f"{array.dtype} {list(array.shape)}{kind}"


def _conversion(spec: TensorSpec, array: Array) -> str:
    if array.dtype != spec.dtype:
        return f"convert it on purpose: array.astype({spec.dtype.name!r})"
    if array.size == int(np.prod(spec.shape)):
        return f"reshape it: array.reshape({tuple(spec.shape)})"
    return "pass one sample at a time, in the model's own shape"


def _check_outputs(function: Function, outputs: tuple[Array, ...], model: str) -> None:
    """Raises: DeviceError when an output is not what the signature declares."""
    for spec, array in zip(function.outputs, outputs, strict=True):
        if array.dtype != spec.dtype or array.shape != tuple(spec.shape):
            raise DeviceError(
                f"output {spec.name!r} of {model} is not what the model declares",
                expected=_spec(spec),
                found=_given(array),
            )


def _difference(before: Counters, after: Counters, symbol: str) -> tuple[int, int]:
    """Instructions and cycles of `symbol` between two readings."""
    new = after.spans[symbol]
    old = before.spans[symbol]
    return new.instructions - old.instructions, new.cycles - old.cycles


def _dispatches(before: Counters, after: Counters) -> tuple[Dispatch, ...]:
    """What each dispatch function took between two readings, in program order."""
    found = []
    for symbol, new in after.spans.items():
        if symbol in ("arielml_load", "arielml_call"):
            continue
        old = before.spans[symbol]
        if new.count > old.count:
            found.append(
                Dispatch(
                    symbol,
                    new.count - old.count,
                    new.instructions - old.instructions,
                    new.cycles - old.cycles,
                )
            )
    return tuple(sorted(found, key=lambda dispatch: _ordinal(dispatch.name)))


def _ordinal(name: str) -> tuple[int, str]:
    """Dispatch functions carry their number: ``main_dispatch_3_conv_...``."""
    _, _, rest = name.partition("_dispatch_")
    number, _, _ = rest.partition("_")
    return (int(number) if number.isdigit() else 1 << 30, name)
