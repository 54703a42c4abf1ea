"""The first dispatch whose result differs, between targets, models and a spoilt image."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from elftools.elf.elffile import ELFFile
from onnx import numpy_helper, parser

from pytest_arielml.cli import main
from pytest_arielml.compiler import Cache, compile_model
from pytest_arielml.errors import UsageError
from pytest_arielml.firmware import Image, link_image
from pytest_arielml.frontends import load_model
from pytest_arielml.runners import create_runner
from pytest_arielml.session import Deployment, Result, Target, Transient, Workbench

IMAGE = np.random.default_rng(5).normal(size=(1, 1, 28, 28)).astype(np.float32)
TARGETS = ("host", "emu-nrf52840", "emu-rp2040")
RETURN_ZERO = b"\x00\x20\x70\x47"  # movs r0, #0; bx lr


@pytest.fixture(scope="module")
def benches() -> Iterator[dict[str, Workbench]]:
    made = {name: Workbench(name) for name in TARGETS}
    yield made
    for workbench in made.values():
        workbench.close()


@pytest.fixture(scope="module")
def lenet5(benches: dict[str, Workbench], lenet5_model: Path) -> dict[str, Result]:
    return {name: benches[name].deploy(lenet5_model, trace=True).run(IMAGE) for name in TARGETS}


def layers(second: float = 0.5) -> onnx.ModelProto:
    """Three dispatches: two products with weights, and a softmax."""
    model = parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]>
        layers (float[1, 64] x) => (float[1, 16] y) {
            a = MatMul(x, first)
            b = Relu(a)
            c = MatMul(b, second)
            y = Softmax<axis = 1>(c)
        }"""
    )
    weights = np.random.default_rng(2).normal(size=(64, 32)).astype(np.float32)
    last = np.random.default_rng(4).normal(size=(32, 16)).astype(np.float32)
    last[:, 1] *= second
    model.graph.initializer.extend(
        [numpy_helper.from_array(weights, "first"), numpy_helper.from_array(last, "second")]
    )
    return model


X = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 64)


def names(result: Result) -> list[tuple[str, int, str, int]]:
    return [(t.dispatch, t.occurrence, t.kind, t.index) for t in result.transients]


def test_every_target_traces_the_same_tensors(lenet5: dict[str, Result]) -> None:
    assert names(lenet5["host"]) == names(lenet5["emu-nrf52840"]) == names(lenet5["emu-rp2040"])
    assert len({t.dispatch for t in lenet5["host"].transients}) == 7
    assert lenet5["host"].untraced == ()
    for transient in lenet5["host"].transients:
        assert isinstance(transient, Transient)
        assert transient.array.size > 0


def test_transients_are_what_passes_from_dispatch_to_dispatch(lenet5: dict[str, Result]) -> None:
    """The model's input comes first; what one gives the next one is given; outputs come last."""
    result = lenet5["emu-nrf52840"]
    first = result.transients[0]
    assert (first.kind, first.index) == ("input", 0)
    assert first.array.tobytes() == IMAGE.tobytes()
    outputs = [t.array for t in result.transients if t.kind == "output"]
    inputs = [t.array for t in result.transients if t.kind == "input"]
    for output in outputs[:-1]:
        assert any(output.tobytes() == given.tobytes() for given in inputs)
    assert outputs[-1].tobytes() == result.output.tobytes()


def test_a_quantized_network_agrees_on_all_targets(lenet5: dict[str, Result]) -> None:
    for name in TARGETS[1:]:
        assert lenet5["host"].first_divergence(lenet5[name]) is None
    assert lenet5["host"].traced


def test_one_weight_is_found_at_its_dispatch(benches: dict[str, Workbench]) -> None:
    bench = benches["host"]
    one = bench.deploy(layers(), trace=True).run(X)
    two = bench.deploy(layers(second=0.75), trace=True).run(X)
    assert one.first_divergence(one) is None
    found = one.first_divergence(two)
    assert found is not None
    assert "dispatch_1" in found.dispatch
    assert (found.place, found.occurrence, found.index) == (1, 0, 0)
    assert found.comparison.differing == 1
    assert found.comparison.first is not None
    assert found.comparison.first.index[-1] == 1
    # The weight itself is an input of the dispatch, and is shown.
    assert not found.inputs_are_equal
    assert found.comparison.max_abs > 0
    assert found.max_relative > 0
    text = str(found)
    assert "first divergence: " in text
    assert "no dispatch made it, and it differs" in text
    assert f"{found.actual.reshape(-1)[1]:.9g}" in text


SHIFT = parser.parse_model(
    """<ir_version: 8, opset_import: ["" : 17]>
    shift (uint32[8] x, uint32[8] n) => (uint32[8] y) {
        y = BitShift<direction = "LEFT">(x, n)
    }"""
)
SHIFTED = (np.arange(1, 9, dtype=np.uint32), np.array([0, 1, 2, 31, 32, 33, 40, 3], np.uint32))


def test_a_shift_beyond_the_width_differs_between_processors(
    benches: dict[str, Workbench],
) -> None:
    """ONNX leaves it open, and so do processors."""
    results = {n: benches[n].deploy(SHIFT, trace=True).run(*SHIFTED) for n in TARGETS}
    assert results["emu-nrf52840"].first_divergence(results["emu-rp2040"]) is None
    found = results["emu-nrf52840"].first_divergence(results["host"])
    if platform.machine() != "x86_64":
        return
    assert found is not None
    assert found.place == 0
    assert found.inputs_are_equal
    assert found.comparison.differing > 0
    assert found.comparison.first is not None
    assert found.comparison.first.index == (4,)
    assert "the difference arises here" in str(found)


def test_floats_agree_where_every_target_does_the_same_arithmetic(
    benches: dict[str, Workbench],
) -> None:
    """With and without an FPU; NaN and infinities pass as such."""
    model = parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]>
        exponential (float[64] x) => (float[64] y) {
            s = Neg(x)
            y = Exp(s)
        }"""
    )
    x = np.linspace(-9, 9, 64, dtype=np.float32)
    x[:3] = np.nan, np.inf, -np.inf
    results = {n: benches[n].deploy(model, trace=True).run(x) for n in TARGETS}
    for name in TARGETS[1:]:
        assert results["host"].first_divergence(results[name]) is None


@pytest.mark.parametrize("number", [0, 3, 6])
def test_a_kernel_that_does_nothing_is_named(
    lenet5: dict[str, Result], lenet5_model: Path, tmp_path: Path, number: int
) -> None:
    """The image of a board is spoilt: one kernel returns at once."""
    target = Target.parse("emu-nrf52840")
    model, cache = load_model(lenet5_model), Cache()
    compiled = compile_model(model, target.board, trace=True, cache=cache)
    image = link_image(compiled, target.board, cache=cache)
    kernel = list(dict.fromkeys(t.dispatch for t in lenet5["host"].transients))[number]
    spoilt = dataclasses.replace(image, elf=tmp_path / "spoilt.elf")
    spoilt.elf.write_bytes(_patched(image, kernel))
    deployment = Deployment(
        model, compiled, spoilt, target, create_runner("emu"), timeout=30.0, traced=True
    )
    try:
        found = deployment.run(IMAGE).first_divergence(lenet5["host"])
    finally:
        deployment.close()
    assert found is not None
    assert found.dispatch == kernel
    assert found.place == number
    assert all(comparison.ok for comparison in found.inputs)


def _patched(image: Image, symbol: str) -> bytes:
    data = bytearray(image.elf.read_bytes())
    address = image.symbols.address(symbol)
    with image.elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            start = segment["p_vaddr"]
            if start <= address < start + segment["p_filesz"]:
                offset = segment["p_offset"] + address - start
                data[offset : offset + len(RETURN_ZERO)] = RETURN_ZERO
    return bytes(data)


def test_a_dispatch_that_runs_again_is_told_by_its_occurrence(
    benches: dict[str, Workbench], tmp_path: Path
) -> None:
    source = tmp_path / "again.mlir"
    source.write_text(
        """
        func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
          %a = arith.mulf %x, %x : tensor<4xf32>
          %b = util.optimization_barrier %a : tensor<4xf32>
          %c = arith.mulf %b, %b : tensor<4xf32>
          %d = util.optimization_barrier %c : tensor<4xf32>
          %e = arith.mulf %d, %d : tensor<4xf32>
          return %e : tensor<4xf32>
        }
        """
    )
    x = np.array([1.0, 1.1, 0.5, 2.0], np.float32)
    result = benches["host"].deploy(source, trace=True).run(x)
    outputs = [t for t in result.transients if t.kind == "output"]
    assert [t.occurrence for t in outputs] == [0, 1, 2]
    for transient, power in zip(outputs, (2, 4, 8), strict=True):
        np.testing.assert_allclose(transient.array, x**power, rtol=1e-5)
    changed = dataclasses.replace(outputs[1], array=outputs[1].array + np.float32(1))
    other = dataclasses.replace(
        result, transients=tuple(changed if t is outputs[1] else t for t in result.transients)
    )
    found = result.first_divergence(other)
    assert found is not None
    assert (found.occurrence, found.place) == (1, 1)


def test_what_the_compiler_does_not_trace_is_named(
    benches: dict[str, Workbench], tmp_path: Path
) -> None:
    source = tmp_path / "loop.mlir"
    source.write_text(
        """
        func.func @main(%x: tensor<4xf32>, %n: tensor<i64>) -> tensor<4xf32> {
          %bound = tensor.extract %n[] : tensor<i64>
          %end = arith.index_cast %bound : i64 to index
          %zero = arith.constant 0 : index
          %one = arith.constant 1 : index
          %r = scf.for %i = %zero to %end step %one iter_args(%v = %x) -> (tensor<4xf32>) {
            %y = arith.mulf %v, %v : tensor<4xf32>
            scf.yield %y : tensor<4xf32>
          }
          return %r : tensor<4xf32>
        }
        """
    )
    deployment = benches["host"].deploy(source, trace=True)
    x = np.array([1.0, 1.1, 0.5, 2.0], np.float32)
    result = deployment.run(x, np.array(3, np.int64))
    assert result.transients == ()
    assert result.untraced == deployment.compiled.kernels != ()
    other = deployment.run(x, np.array(2, np.int64))
    found = result.first_divergence(other)
    assert found is not None
    assert found.dispatch == "outputs of the call"


def test_a_call_that_was_not_traced_is_refused(
    benches: dict[str, Workbench], lenet5: dict[str, Result], lenet5_model: Path
) -> None:
    plain = benches["host"].deploy(lenet5_model).run(IMAGE)
    assert not plain.traced
    assert plain.transients == ()
    for one, two in ((plain, lenet5["host"]), (lenet5["host"], plain)):
        with pytest.raises(UsageError, match="not traced"):
            one.first_divergence(two)


def test_calls_of_two_models_have_nothing_to_compare(
    benches: dict[str, Workbench], lenet5: dict[str, Result]
) -> None:
    other = benches["host"].deploy(layers(), trace=True).run(X)
    with pytest.raises(UsageError, match="no dispatch in common"):
        lenet5["host"].first_divergence(other)


def test_outputs_that_no_dispatch_made_are_compared_too(lenet5: dict[str, Result]) -> None:
    result = lenet5["host"]
    outputs = type(result.outputs)(
        [array + np.float32(1) for array in result.outputs], result.outputs.names, "elsewhere"
    )
    found = result.first_divergence(dataclasses.replace(result, outputs=outputs))
    assert found is not None
    assert found.dispatch == "outputs of the call"
    assert found.place == 7


def test_the_command_says_which_dispatch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 0 where the targets agree; 1, and both values, where they do not."""
    path = tmp_path / "shift.onnx"
    onnx.save(SHIFT, path)
    inputs = []
    for index, array in enumerate(SHIFTED):
        np.save(tmp_path / f"{index}.npy", array)
        inputs += ["--input", str(tmp_path / f"{index}.npy")]
    assert main(["diff", str(path), "--targets", "emu-rp2040", "emu-nrf52840", *inputs]) == 0
    said = capsys.readouterr().out
    assert "no divergence: the results of 1 dispatches on shift on emu-rp2040" in said
    if platform.machine() != "x86_64":
        return
    assert main(["diff", str(path), "--targets", "host", "emu-nrf52840", *inputs]) == 1
    said = capsys.readouterr().out
    assert "first divergence: main" in said
    assert "shift on host against shift on emu-nrf52840" in said
    assert "the other" in said
    assert "[4]" in said


def test_the_command_needs_two_targets(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["diff", "model.onnx", "--targets", "host"])
    assert stopped.value.code == 2
    assert main(["diff", "missing.onnx", "--targets", "host", "nowhere"]) in (1, 2)
    assert "arielml: " in capsys.readouterr().err
