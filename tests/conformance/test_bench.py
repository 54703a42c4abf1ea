from __future__ import annotations

from pathlib import Path

import pytest

from conformance.onnx import bench as bench_module
from conformance.onnx.bench import Bench
from conformance.onnx.cases import Case, load_cases
from conformance.onnx.outcome import Outcome, Stage
from pytest_arielml.compiler import Cache
from pytest_arielml.errors import ModelError
from pytest_arielml.frontends import Model
from pytest_arielml.session import Target


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {case.name: case for case in load_cases()}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(Target.parse("emu-nrf52840"), Cache())


@pytest.mark.parametrize(
    ("name", "stage", "said"),
    [
        ("test_relu", Stage.PASSED, ""),
        ("test_celu_bfloat16", Stage.PASSED, ""),
        ("test_cast_UINT4_to_UINT8", Stage.COMPILE, "'tensor<25xi4>' does not have integral"),
        ("test_string_concat", Stage.TYPE, "string"),
        ("test_sequence_insert_at_back", Stage.TYPE, "sequence"),
        ("test_image_decoder_decode_bmp_rgb", Stage.COMPILE, "ImageDecoder"),
        ("test_averagepool_3d_default", Stage.FIT, "does not fit the RAM of nrf52840"),
    ],
)
def test_the_stages(
    bench: Bench, cases: dict[str, Case], name: str, stage: Stage, said: str
) -> None:
    outcome = bench.run(cases[name])
    assert outcome.stage is stage
    assert said in outcome.reason
    assert "\n" not in outcome.reason


def test_a_model_that_the_frontend_refuses(
    bench: Bench, cases: dict[str, Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> Model:
        raise ModelError("the shapes do not fit together", found="3 for 2")

    monkeypatch.setattr(bench_module, "load_model", refuse)
    expected = Outcome(Stage.IMPORT, "the shapes do not fit together: 3 for 2")
    assert bench.run(cases["test_relu"]) == expected


def test_wrong_values(
    bench: Bench, cases: dict[str, Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = cases["test_relu"].outputs()
    monkeypatch.setattr(Case, "outputs", lambda self: tuple(output + 1 for output in right))
    outcome = bench.run(cases["test_relu"])
    assert outcome.stage is Stage.NUMERICS
    assert outcome.reason.startswith("y: 60 of 60 values differ")


def test_frozen_operands(bench: Bench, cases: dict[str, Case]) -> None:
    operands = ("starts", "ends", "axes", "steps")
    assert bench.run(cases["test_slice"]).stage is Stage.COMPILE
    assert bench.run(cases["test_slice"], operands) == Outcome(Stage.PASSED, "", operands)


def test_a_refusal_is_kept(
    cases: dict[str, Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(Target.parse("emu-nrf52840"), Cache(tmp_path))
    case = cases["test_image_decoder_decode_bmp_rgb"]
    first = bench.run(case)
    monkeypatch.delattr(bench_module, "compile_model")
    assert bench.run(case) == first
