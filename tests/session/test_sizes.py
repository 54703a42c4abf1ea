"""Free sizes: one image, and what it is called with sets them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.errors import InputError
from pytest_arielml.session import Deployment, Workbench


def model(text: str) -> onnx.ModelProto:
    return parser.parse_model('<ir_version: 8, opset_import: ["" : 17]>\n' + text)


DENSE = model(
    """
    dense (float[N,S,4] x) => (float[N,S,3] y) {
        w = Constant<value = float[4,3] {1,2,3,4,5,6,7,8,9,10,11,12}>()
        z = MatMul(x, w)
        y = Relu(z)
    }
    """
)

FEATURES = model(
    """
    features (float[1,1,H,W] x) => (float[1,2,P,Q] y, float[1,2,1,1] g) {
        w = Constant<value = float[2,1,3,3] {1,2,3,4,5,6,7,8,9,-1,-2,-3,-4,-5,-6,-7,-8,-9}>()
        z = Conv<pads = [1,1,1,1]>(x, w)
        y = MaxPool<kernel_shape = [2,2], strides = [2,2]>(z)
        g = GlobalAveragePool(z)
    }
    """
)

ATTENTION = model(
    """
    attention (float[S,4] q, float[T,4] k) => (float[S,T] y) {
        t = Transpose<perm = [1,0]>(k)
        z = MatMul(q, t)
        y = Softmax<axis = -1>(z)
    }
    """
)

NONZERO = model("places (float[2,3] x) => (int64[2,K] y) { y = NonZero(x) }")


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def check(bench: Workbench, deployment: Deployment, proto: onnx.ModelProto, *inputs: np.ndarray):
    result = deployment.run(*inputs)
    result.assert_matches(bench.reference(proto, *inputs))
    return result


def test_several_sizes_on_one_image(bench: Workbench) -> None:
    dense = bench.deploy(DENSE, dims={"N": None, "S": None})
    assert str(dense.signature.main.inputs[0]) == "x: float32 [N, S, 4]"
    image = dense.image.identity
    for shape in ((1, 1, 4), (2, 3, 4), (5, 8, 4), (1, 1, 4)):
        result = check(bench, dense, DENSE, random(*shape))
        assert result.output.shape == (*shape[:2], 3)
    assert dense.image.identity == image
    assert bench.deploy(DENSE, dims={"S": None, "N": None}) is dense


def test_memory_follows_the_size_of_the_call(bench: Workbench) -> None:
    dense = bench.deploy(DENSE, dims={"N": None, "S": None})
    small, large = random(1, 2, 4), random(4, 32, 4)
    peaks = [dense.run(x).memory.heap_peak for x in (small, large, small, large, small)]
    assert peaks[0] == peaks[2] == peaks[4]
    assert peaks[1] == peaks[3]
    assert peaks[1] - peaks[0] >= large.nbytes - small.nbytes


@pytest.mark.parametrize("shape", [(4, 4), (7, 5), (12, 3)])
def test_images_of_any_size(bench: Workbench, shape: tuple[int, int]) -> None:
    # Neither is the first dimension: both are free without being asked for.
    features = bench.deploy(FEATURES)
    check(bench, features, FEATURES, random(1, 1, *shape))


@pytest.mark.parametrize(("s", "t"), [(1, 1), (2, 3), (7, 5)])
def test_two_free_sizes(bench: Workbench, s: int, t: int) -> None:
    attention = bench.deploy(ATTENTION, dims={"S": None, "T": None})
    result = check(bench, attention, ATTENTION, random(s, 4), random(t, 4))
    assert result.output.shape == (s, t)


def test_the_device_reports_a_shape_that_the_data_decides(bench: Workbench) -> None:
    places = bench.deploy(NONZERO)
    assert places.signature.main.outputs[0].shape == (2, None)
    for x in (np.eye(2, 3), np.ones((2, 3)), np.zeros((2, 3))):
        result = check(bench, places, NONZERO, x.astype(np.float32))
        assert result.output.shape == (2, np.count_nonzero(x))


def test_a_size_that_is_fixed(bench: Workbench) -> None:
    dense = bench.deploy(DENSE, dims={"N": 2, "S": 3})
    assert dense.signature.is_static
    check(bench, dense, DENSE, random(2, 3, 4))
    with pytest.raises(InputError, match="wrong shape") as caught:
        dense.run(random(3, 3, 4))
    assert caught.value.expected == "x: float32 [2, 3, 4]"
    free = bench.deploy(DENSE, dims={"N": None, "S": None})
    assert free is not dense
    assert free.image.identity != dense.image.identity


def test_the_batch_is_one_unless_it_is_said(bench: Workbench) -> None:
    dense = bench.deploy(DENSE)
    assert dense.signature.main.inputs[0].shape == (1, "S", 4)
    with pytest.raises(InputError, match="wrong shape") as caught:
        dense.run(random(2, 3, 4))
    assert "dims=" in str(caught.value.advice)


def test_sizes_of_one_name_are_equal(bench: Workbench) -> None:
    proto = model("add (float[N,S] x, float[S] y) => (float[N,S] z) { z = Add(x, y) }")
    deployment = bench.deploy(proto, dims={"N": None, "S": None})
    check(bench, deployment, proto, random(2, 5), random(5))
    with pytest.raises(InputError, match="differ in the size of 'S'") as caught:
        deployment.run(random(2, 5), random(4))
    assert caught.value.found == "S = 4"


def test_mlir_with_a_question_mark(bench: Workbench, models: Path) -> None:
    scale = bench.deploy(models / "free.mlir")
    for rows in (1, 3, 50, 2):
        x = random(rows, 4)
        result = scale.run(x, np.float32(2.5))
        result.assert_matches(scale.reference(x, np.float32(2.5)))
        result.assert_matches(x * np.float32(2.5))
    with pytest.raises(InputError, match="wrong shape") as caught:
        scale.run(random(3, 5), np.float32(2.5))
    assert caught.value.expected == "x: float32 [?, 4]"


def test_no_rows_at_all(bench: Workbench, models: Path) -> None:
    result = bench.deploy(models / "free.mlir").run(np.empty((0, 4), np.float32), np.float32(2))
    assert result.output.shape == (0, 4)
