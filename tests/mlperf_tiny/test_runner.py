"""A board as the MLPerf Tiny runner sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_host import Refused, Runner
from tiny_making import Bench
from tiny_networks import autoencoder, classifier

from pytest_arielml.frontends import load_model
from pytest_arielml.golden import reference_outputs
from pytest_arielml.session import Workbench
from pytest_arielml.session.mlperf_tiny import quantizations

PROFILE = "ULPMark for tinyML Firmware V0.0.1"
# Half of the last digit that is sent.
ROUNDING = 0.0005 + 1e-6


@pytest.fixture(scope="module")
def digits(lenet5_model: Path) -> tuple[Any, Any]:
    with np.load(lenet5_model.with_name("digits-500.npz")) as data:
        return data["images"].astype(np.float32)[:, None] / 255.0, data["labels"]


@pytest.fixture(scope="module")
def lenet5(bench: Bench, lenet5_model: Path) -> Runner:
    return bench.boot(lenet5_model, "lenet5")


def expected(model: Any, array: Any) -> Any:
    return np.asarray(reference_outputs(model, array)[0], np.float64).ravel()


class TestLeNet5:
    def test_it_says_what_it_is(self, lenet5: Runner) -> None:
        mode, lap, *rest = lenet5.greeting
        assert mode == "m-timestamp-mode-performance"
        assert lap.startswith("m-lap-us-")
        assert rest == ["m-init-done"]
        assert lenet5.name() == "bench"
        assert lenet5.profile() == (PROFILE, "lenet5")

    def test_results_are_those_of_the_reference(
        self, lenet5: Runner, lenet5_model: Path, digits: tuple[Any, Any]
    ) -> None:
        images, labels = digits
        right = 0
        for image, label in zip(images[:8], labels, strict=False):
            lenet5.load(image.astype("<f4").tobytes())
            found = lenet5.infer(1, 0).results
            wanted = expected(lenet5_model, image[None])
            # A step is 0.13: an implementation that rounds elsewhere is off by one at most.
            np.testing.assert_allclose(found, wanted, rtol=0, atol=0.2)
            assert np.argmax(found) == np.argmax(wanted)
            assert lenet5.results() == found
            right += int(np.argmax(found) == label)
        assert right >= 7

    def test_time_is_that_of_the_inferences(
        self, lenet5: Runner, lenet5_model: Path, digits: tuple[Any, Any]
    ) -> None:
        image = digits[0][:1]
        lenet5.load(image.astype("<f4").tobytes())
        ten = lenet5.infer(10, 1)
        assert ten.results == lenet5.infer(1, 0).results
        with Workbench("emu-nrf52840") as other:
            seconds = other.deploy(lenet5_model).run(image).seconds
        assert ten.microseconds / 10 == pytest.approx(seconds * 1e6, rel=0.05)

    def test_what_it_cannot_do_it_says_and_goes_on(self, lenet5: Runner) -> None:
        def refuse(command: str) -> str:
            with pytest.raises(Refused) as caught:
                lenet5.ask(command)
            return str(caught.value)

        assert refuse("start") == "e-[unknown command: start]"
        assert "room for 3136 bytes" in refuse("db load 3137")
        assert "from 1 on" in refuse("db load 0")
        assert lenet5.ask("db load 3136")
        assert "not a hex digit" in refuse("db 0z")
        assert "odd" in refuse("db 012")
        assert lenet5.ask("db 0102ff") == []
        assert lenet5.ask("db print") == ["m-buffer-01-02-ff"]
        assert "has 3 bytes of 3136" in refuse("infer 1 0")
        assert "inferences" in refuse("infer 0")
        assert "too long" in refuse("db " + "00" * 200)
        lenet5.say(bytes(range(256)).replace(b"%", b"") * 4)
        assert "too long" in refuse("")
        assert lenet5.name() == "bench"

    def test_commands_may_come_at_once(self, lenet5: Runner) -> None:
        lenet5.say(b"name%" * 20)
        answers = [lenet5._answer() for _ in range(20)]
        assert answers == [["m-name-dut-[bench]"]] * 20

    def test_microseconds_rise(self, lenet5: Runner) -> None:
        laps = [lenet5.ask("timestamp")[0] for _ in range(3)]
        times = [int(lap.removeprefix("m-lap-us-")) for lap in laps]
        assert times == sorted(set(times))


def test_a_model_of_integers_gives_what_they_stand_for(bench: Bench) -> None:
    model = classifier([1, 49, 10, 1], 12)
    runner = bench.boot(model, "kws01")
    assert runner.profile() == (PROFILE, "kws01")
    array = np.random.default_rng(1).integers(-128, 128, (1, 49, 10, 1)).astype(np.int8)
    runner.load(array.tobytes())
    wanted = (expected(model, array) - -5) * np.float32(0.35)
    assert len(set(wanted)) > 6
    np.testing.assert_allclose(runner.infer(2, 1).results, wanted, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_pictures_come_as_unsigned_bytes(bench: Bench, dtype: type) -> None:
    model = classifier([1, 32, 32, 3], 10, dtype)
    runner = bench.boot(model, "ic01")
    pixels = np.random.default_rng(2).integers(0, 256, (1, 32, 32, 3)).astype(np.uint8)
    runner.load(pixels.tobytes())
    given, zero = (pixels, 123) if dtype is np.uint8 else (pixels ^ 0x80, -5)
    wanted = (expected(model, given.view(dtype)) - zero) * np.float32(0.35)
    assert len(set(wanted)) > 5
    np.testing.assert_allclose(runner.infer(1, 0).results, wanted, rtol=0, atol=ROUNDING)


def test_an_autoencoder_gives_how_far_it_is_off(bench: Bench) -> None:
    model = autoencoder()
    runner = bench.boot(model, "ad01")
    values = np.random.default_rng(3).uniform(-60, 20, 640).astype(np.float32)
    runner.load(values.tobytes())
    array = np.clip(np.round(values / np.float32(0.4)) + 89, -128, 127).astype(np.int8)
    given = (expected(model, array[None]) - 88) * 0.37
    wanted = float(np.mean((given - values) ** 2))
    assert wanted > 1
    (found,) = runner.infer(1, 0).results
    assert found == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    ("target", "cores"),
    [("emu-rp2040", 2), ("emu-rp2040", 1), ("emu-riscv-virt", 8), ("emu-esp32c3", 1)],
)
def test_on_other_boards(
    bench: Bench, lenet5_model: Path, digits: tuple[Any, Any], target: str, cores: int
) -> None:
    runner = bench.boot(lenet5_model, "lenet5", target, cores=cores)
    runner.load(digits[0][0].astype("<f4").tobytes())
    found = runner.infer(2, 1)
    wanted = expected(lenet5_model, digits[0][:1])
    np.testing.assert_allclose(found.results, wanted, rtol=0, atol=0.2)
    assert np.argmax(found.results) == np.argmax(wanted)
    assert found.microseconds > 1000


def test_on_the_smallest_board(bench: Bench) -> None:
    """Its stack is 4 KiB."""
    model = classifier([1, 16, 16, 1], 4)
    runner = bench.boot(model, "own", "emu-microbit")
    array = np.random.default_rng(6).integers(-128, 128, (1, 16, 16, 1)).astype(np.int8)
    runner.load(array.tobytes())
    wanted = (expected(model, array) - -5) * np.float32(0.35)
    np.testing.assert_allclose(runner.infer(2, 1).results, wanted, rtol=0, atol=ROUNDING)


@pytest.mark.usefixtures("qemu")
def test_in_qemu(bench: Bench, lenet5_model: Path, digits: tuple[Any, Any]) -> None:
    runner = bench.boot(lenet5_model, "lenet5", "qemu-mps2-an386")
    runner.load(digits[0][0].astype("<f4").tobytes())
    wanted = expected(lenet5_model, digits[0][:1])
    assert np.argmax(runner.infer(3, 1).results) == np.argmax(wanted)


def test_two_cores_take_less_time(
    bench: Bench, lenet5_model: Path, digits: tuple[Any, Any]
) -> None:
    times = []
    for cores, scheduler in ((1, "greedy"), (2, "greedy"), (2, "round-robin"), (2, "sequential")):
        runner = bench.boot(lenet5_model, "lenet5", "emu-rp2040", cores=cores, scheduler=scheduler)
        runner.load(digits[0][0].astype("<f4").tobytes())
        times.append(runner.infer(2, 1).microseconds)
    one, greedy, shares, alone = times
    assert max(greedy, shares) < 0.8 * min(one, alone)


@pytest.mark.parametrize(
    ("file", "benchmark"),
    [("kws_ref_model.tflite", "kws01"), ("pretrainedResnet_quant.tflite", "ic01")],
)
def test_reference_classifiers(
    bench: Bench, reference_models: Path, file: str, benchmark: str
) -> None:
    path = reference_models / file
    runner = bench.boot(path, benchmark)
    (spec,) = load_model(path).signature.main.inputs
    data = np.random.default_rng(4).integers(0, 256, spec.nbytes).astype(np.uint8)
    runner.load(data.tobytes())
    found = runner.infer(1, 0).results
    tensor = data if benchmark == "kws01" else data ^ 0x80
    wanted = (expected(path, tensor.view(np.int8).reshape(spec.shape)) - -128) / 256
    # A softmax of 256 steps; LiteRT rounds once more than the board does.
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2 / 256 + ROUNDING)
    assert np.argmax(found) == np.argmax(wanted)


def test_reference_autoencoder(bench: Bench, reference_models: Path) -> None:
    path = reference_models / "ad01_int8.tflite"
    runner = bench.boot(path, "ad01")
    values = np.random.default_rng(5).uniform(-40, 10, 640).astype(np.float32)
    runner.load(values.tobytes())
    taken, given = quantizations(load_model(path))
    steps = np.round(values / np.float32(taken.scale)) + taken.zero_point
    array = np.clip(steps, -128, 127).astype(np.int8)[None]
    output = (expected(path, array) - given.zero_point) * given.scale
    (found,) = runner.infer(1, 0).results
    assert found == pytest.approx(float(np.mean((output - values) ** 2)), rel=0.02)
