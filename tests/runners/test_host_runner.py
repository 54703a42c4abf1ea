"""The runner `host`: the device in this process."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.boards import HOST, load_board
from pytest_arielml.compiler import Cache, compile_model
from pytest_arielml.errors import CompileError, DoesNotFit, GuestFault, Refused, Unavailable
from pytest_arielml.firmware import Image, link_image
from pytest_arielml.frontends import load_model
from pytest_arielml.runners import check_available
from pytest_arielml.runners.host import HostMachine
from pytest_arielml.runners.host.native import VARIABLE, SharedObject
from pytest_arielml.session import Settings, Target, Workbench, target_names
from pytest_arielml.wire import Client

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the runner host needs Linux")

BOARD = load_board(HOST)


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with Workbench(HOST) as workbench:
        yield workbench


@pytest.fixture(scope="module")
def counter(models: Path) -> Image:
    cache = Cache()
    return link_image(compile_model(load_model(models / "counter.mlir"), BOARD, cache=cache), BOARD)


def model(text: str) -> onnx.ModelProto:
    return parser.parse_model('<ir_version: 8, opset_import: ["" : 17]>\n' + text)


def booted(image: Image, *, timeout: float = 10.0, arena: int | None = None) -> HostMachine:
    ram = replace(BOARD.ram, length=arena or BOARD.ram.length)
    return HostMachine(image, replace(BOARD, memory={**BOARD.memory, "ram": ram}), timeout=timeout)


def asked(machine: HostMachine) -> Client:
    client = Client(machine.stream, timeout=10.0)
    client.wait_for_greeting()
    return client


def test_the_target_is_called_by_its_runner_alone() -> None:
    target = Target.parse("host")
    assert (target.runner, target.board.name, target.cores) == ("host", "host", 1)
    assert "host" in target_names()
    assert not [name for name in target_names() if name.startswith("host-")]


def test_lenet5_gives_the_references_outputs(bench: Workbench, lenet5_model: Path) -> None:
    deployment = bench.deploy(lenet5_model)
    image = np.random.default_rng(3).normal(size=(1, 1, 28, 28)).astype(np.float32)
    result = deployment.run(image)
    result.assert_matches(deployment.reference(image))
    assert result.instructions is None
    assert result.overhead is None
    assert result.dispatches == ()
    assert not result.seconds_are_estimated
    assert 0 < result.seconds < 60
    assert result.memory.heap_peak > 8_000
    parts = deployment.size.parts
    assert deployment.size.flash == sum(
        size for name, size in parts.items() if not name.startswith("ram: ")
    )


FLOATS = """
    floats (float[3, 5] x) => (float[3, 5] a, float[3, 5] b, float[3, 5] c, float[3, 5] d) {
        a = Exp(x)
        s = Sin(x)
        b = Tanh(s)
        c = Erf(x)
        d = Softmax<axis = 1>(x)
    }
"""
HALVES = """
    halves (float16[4, 6] x) => (float16[4, 6] y) {
        y = Sigmoid(x)
    }
"""
PASSED_ON = "passed (int8[4] x) => (int8[4] y) { y = Identity(x) }"


@pytest.mark.parametrize(
    ("text", "dtype"), [(FLOATS, np.float32), (HALVES, np.float16), (PASSED_ON, np.int8)]
)
def test_models_give_the_references_outputs(bench: Workbench, text: str, dtype: type) -> None:
    """Among them what the math library gives, floats of 16 bits, and no kernel at all."""
    deployment = bench.deploy(model(text))
    (spec,) = deployment.signature.main.inputs
    shape = tuple(int(size) for size in spec.shape)
    x = (np.random.default_rng(1).normal(size=shape) * 3).astype(dtype)
    deployment.run(x).assert_matches(deployment.reference(x))


def test_values_are_kept_between_calls_until_reset(bench: Workbench, models: Path) -> None:
    deployment = bench.deploy(models / "counter.mlir")
    x = np.array([1, 2, 3, 4], np.float32)
    deployment.run(x, function="add")
    assert (deployment.run(x, function="add").output == 2 * x).all()
    deployment.reset()
    assert (deployment.run(x, function="add").output == x).all()


def test_two_devices_at_once_share_nothing(counter: Image) -> None:
    first, second = booted(counter), booted(counter)
    one, two = asked(first), asked(second)
    for client in (one, two):
        client.load()
    ticks = []
    for client in (one, one, two):
        client.call("tick")
        ticks.append(int(client.output(0)))
    assert ticks == [1, 2, 1]
    first.close()
    two.call("tick")
    assert int(two.output(0)) == 2
    second.close()


def test_the_devices_reset_starts_it_anew(counter: Image) -> None:
    machine = booted(counter)
    client = asked(machine)
    client.load()
    assert client.reset().board == HOST
    with pytest.raises(Refused, match="no model is loaded"):
        client.call("tick")
    machine.close()


def test_a_module_that_fails_says_why(bench: Workbench, models: Path) -> None:
    deployment = bench.deploy(models / "several.mlir")
    functions = [function.name for function in deployment.signature.functions]
    assert len(functions) > 1
    counter = bench.deploy(models / "counter.mlir")
    with pytest.raises(Refused, match="x must be positive"):
        counter.run(np.array(-1, np.int32), function="positive")
    assert counter.run(np.array(5, np.int32), function="positive").output == 5


def test_a_failure_in_the_initialiser_is_told_at_the_boot(bench: Workbench, tmp_path: Path) -> None:
    source = tmp_path / "init.mlir"
    source.write_text(
        """
        module @init {
          util.global private mutable @x : i32
          util.initializer {
            %c = arith.constant -7 : i32
            %b = util.optimization_barrier %c : i32
            %zero = arith.constant 0 : i32
            %ok = arith.cmpi sgt, %b, %zero : i32
            cf.assert %ok, "the initialiser refuses"
            util.global.store %b, @x : i32
            util.return
          }
          func.func @main() -> tensor<i32> {
            %v = util.global.load @x : i32
            %r = tensor.from_elements %v : tensor<i32>
            return %r : tensor<i32>
          }
        }
        """
    )
    with pytest.raises(Refused, match="the initialiser refuses"):
        bench.deploy(source)


def test_bytecode_that_never_ends_is_ended_at_the_time_limit(models: Path) -> None:
    before = threading.active_count()
    with Workbench(HOST, settings=Settings(timeout=0.5)) as bench:
        deployment = bench.deploy(models / "counter.mlir")
        start = time.monotonic()
        with pytest.raises(Refused, match="out of time") as refused:
            deployment.run(np.array(1 << 62, np.int64), function="count")
        assert 0.4 < time.monotonic() - start < 20
        assert refused.value.status == "DEADLINE_EXCEEDED"
        assert deployment.run(np.array(1000, np.int64), function="count").output == 1000
    assert threading.active_count() == before


def test_too_little_memory_is_a_sentence(counter: Image, bench: Workbench) -> None:
    machine = booted(counter, arena=2048)
    client = asked(machine)
    with pytest.raises(Refused, match="arena full: bytes asked"):
        client.load()
    assert client.echo(b"still there") == b"still there"
    machine.close()
    huge = "huge (float[90000000] x) => (float[90000000] y) { y = Neg(x) }"
    with pytest.raises(DoesNotFit, match="does not fit the RAM of host"):
        bench.deploy(model(huge))


def test_a_closed_device_says_so(counter: Image) -> None:
    machine = booted(counter)
    machine.close()
    machine.close()
    with pytest.raises(GuestFault, match="closed"):
        machine.stream.read(0.0)
    with pytest.raises(GuestFault, match="closed"):
        machine.stream.write(b"\0")


def test_noise_is_answered_as_on_a_board(counter: Image) -> None:
    machine = booted(counter)
    client = asked(machine)
    machine.write(os.urandom(5000) + b"\0")
    assert client.echo(b"after noise") == b"after noise"
    machine.close()


def test_a_thousand_devices_leave_nothing_behind(counter: Image) -> None:
    def one() -> None:
        machine = booted(counter, arena=1 << 20)
        client = asked(machine)
        client.load()
        client.call("tick")
        assert client.output(0) == 1
        machine.close()

    for _ in range(50):
        one()
    files = len(list(Path("/proc/self/fd").iterdir()))
    maps = len(Path("/proc/self/maps").read_text().splitlines())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1000):
        one()
    assert len(list(Path("/proc/self/fd").iterdir())) == files
    assert len(Path("/proc/self/maps").read_text().splitlines()) <= maps + 2
    # KiB; a device's arena alone, leaked, would be a gigabyte in all.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 8 << 10


def test_weights_cannot_be_written_over(counter: Image) -> None:
    """They lie where the loader made memory read-only."""
    shared = SharedObject(counter.elf)
    address = shared.address("_binary_model_vmfb_start")
    assert address is not None
    assert address % 64 == 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, mode = line.split()[:2]
        start, end = (int(text, 16) for text in span.split("-"))
        if start <= address < end:
            assert mode == "r--p"
            break
    else:
        pytest.fail("the module is not mapped")
    shared.close()


def test_a_file_that_is_no_shared_object_is_refused(counter: Image, tmp_path: Path) -> None:
    broken = tmp_path / "broken.so"
    broken.write_bytes(counter.elf.read_bytes()[:100])
    with pytest.raises(CompileError, match="cannot be loaded on this machine"):
        HostMachine(replace(counter, elf=broken), BOARD, timeout=1.0)


def test_another_library_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.so"))
    with pytest.raises(Unavailable, match="not built") as missing:
        check_available("host")
    assert VARIABLE in str(missing.value.advice)
    text = tmp_path / "text.so"
    text.write_text("no library")
    monkeypatch.setenv(VARIABLE, str(text))
    with pytest.raises(Unavailable, match="cannot be loaded"):
        check_available("host")
    monkeypatch.delenv(VARIABLE)
    assert check_available("host").endswith("libarielml_host.so")


def test_the_runner_needs_no_emulator() -> None:
    script = (
        "import sys; from pytest_arielml.session import Workbench\n"
        "Workbench('host').runner; assert 'unicorn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_test_says_that_the_time_is_this_machines(
    pytester: pytest.Pytester, lenet5_model: Path
) -> None:
    """A budget is a board's; it is not held here."""
    pytester.makepyfile(
        f"""
        import numpy as np
        import pytest

        @pytest.mark.arielml_budget(flash="1KiB", latency="1ns", ram="1KiB")
        def test_it(arielml):
            arielml.deploy({str(lenet5_model)!r}).run(np.zeros((1, 1, 28, 28), np.float32))
        """
    )
    result = pytester.runpytest_subprocess("--arielml-target=host")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"lenet5-int8 +host +- +[\d.]+ [mu]s here +- +- +-"])
