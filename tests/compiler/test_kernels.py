"""Our own kernels: on every kind of core they compute what the integer form means."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from quantized import OPS, Graph, feeds, normal

from pytest_arielml.compiler import KERNEL_NAME
from pytest_arielml.session import Deployment, Workbench

TARGETS = ("emu-nrf52840", "emu-rp2040", "emu-mps2-an385", "emu-riscv-virt", "host")


@pytest.fixture(scope="module")
def benches() -> Iterator[dict[str, Workbench]]:
    made = {name: Workbench(name) for name in TARGETS}
    yield made
    for bench in made.values():
        bench.close()


def convolution(
    channels: int,
    size: tuple[int, int],
    results: int,
    kernel: tuple[int, int],
    *,
    by_channel: bool = True,
    group: int = 1,
    pool: int = 0,
    **options: object,
) -> Callable[[Graph], str]:
    """A convolution of random weights, requantized so that most of the range occurs."""

    def make(graph: Graph) -> str:
        x = graph.input([1, channels, *size])
        scales = np.linspace(0.004, 0.02, results, dtype=np.float32)
        scale = scales if by_channel else np.float32(0.01)
        weights = graph.weights([results, channels // group, *kernel], scale)
        bias = graph.bias(results, np.float32(0.02) * scale)
        y = graph.add("Conv", x, weights, bias, group=group, **options)
        if pool:
            y = graph.requantized(y, 0.3)
            y = graph.add("MaxPool", y, kernel_shape=[pool, pool], strides=[pool, pool])
        reach = np.sqrt(kernel[0] * kernel[1] * channels / group)
        return graph.quantize(y, 0.3 if pool else float(0.02 * reach))

    return make


def dense(rows: int, channels: int, results: int) -> Callable[[Graph], str]:
    def make(graph: Graph) -> str:
        x = graph.input([rows, channels])
        weights = graph.weights([channels, results], axis=1)
        bias = graph.bias(results, np.float32(0.02 * 0.010417))
        y = graph.add("Gemm", x, weights, bias)
        return graph.quantize(y, 0.1)

    return make


def average(
    channels: int, size: tuple[int, int], kernel: tuple[int, int]
) -> Callable[[Graph], str]:
    def make(graph: Graph) -> str:
        x = graph.input([1, channels, *size])
        y = graph.add("AveragePool", x, kernel_shape=list(kernel), strides=list(kernel))
        return graph.quantize(y, 0.005)

    return make


def alike(weight: int) -> Callable[[Graph], str]:
    """A depthwise convolution with one weight, four channels of which are read at once."""

    def make(graph: Graph) -> str:
        x = graph.input([1, 8, 5, 6])
        weights = graph.constant(np.full((8, 1, 3, 3), weight, np.int8))
        real = graph.add("DequantizeLinear", weights, *graph.parameters(0.01, 0, np.int8))
        y = graph.add("Conv", x, real, graph.bias(8, 0.0002), group=8)
        return graph.quantize(y, 0.01)

    return make


CASES = {
    "one channel, odd columns": convolution(1, (7, 7), 6, (3, 3), pads=[1] * 4),
    "bytes beside words": convolution(3, (6, 8), 5, (3, 3), strides=[2, 1]),
    "long rows": convolution(24, (5, 6), 4, (2, 3)),
    "one result": convolution(4, (4, 5), 1, (2, 2), by_channel=False),
    "one column": convolution(5, (6, 3), 7, (2, 3)),
    "pixels alone": convolution(20, (5, 5), 6, (1, 1)),
    "pixels with strides": convolution(8, (6, 7), 10, (1, 1), strides=[2, 2]),
    "the whole input": convolution(2, (4, 4), 9, (4, 4)),
    "pool": convolution(2, (9, 11), 3, (3, 3), pool=2),
    "pool of pixels": convolution(6, (6, 6), 4, (1, 1), pool=3, by_channel=False),
    "depthwise": convolution(8, (7, 6), 8, (3, 3), group=8, pads=[1] * 4),
    "depthwise, 6 channels": convolution(6, (6, 6), 6, (3, 3), group=6, strides=[2, 2]),
    "depthwise, 3 channels": convolution(3, (5, 6), 3, (2, 3), group=3),
    "depthwise, large": convolution(4, (9, 7), 4, (9, 7), group=4),
    "average": average(8, (5, 6), (5, 6)),
    "averages, 3 channels": average(3, (6, 4), (3, 2)),
    "all weights one negative number": alike(-3),
    "dense": dense(1, 30, 10),
    "dense, odd": dense(1, 7, 5),
    "dense, rows": dense(3, 17, 6),
    "dense, one result": dense(2, 9, 1),
}


def own_kernels(deployment: Deployment) -> list[str]:
    return [name for name in deployment.compiled.kernels if name.startswith(KERNEL_NAME)]


@pytest.mark.parametrize("name", CASES)
def test_every_core_computes_what_the_form_says(name: str, benches: dict[str, Workbench]) -> None:
    case = CASES[name]
    graph = Graph(np.uint8 if name.endswith(("3 channels", "odd")) else np.int8)
    model = graph.model(case(graph))
    evaluator = ReferenceEvaluator(normal(model), new_ops=OPS)
    given = [feeds(model, seed) for seed in (1, 2)]
    expected = [evaluator.run(None, each)[0] for each in given]
    assert len(np.unique(expected[0])) > min(20, expected[0].size // 4)
    for target, bench in benches.items():
        deployment = bench.deploy(model)
        assert len(own_kernels(deployment)) == 1
        for inputs, outputs in zip(given, expected, strict=True):
            np.testing.assert_array_equal(deployment.run(inputs).output, outputs, target)


@pytest.mark.parametrize("profile", ["speed", "balanced", "size"])
@pytest.mark.parametrize("target", TARGETS)
def test_every_profile_computes_the_same(
    target: str, profile: str, benches: dict[str, Workbench]
) -> None:
    graph = Graph()
    x = graph.add("QuantizeLinear", "image", *graph.parameters(0.02, 3))
    x = graph.add("DequantizeLinear", x, *graph.parameters(0.02, 3))
    y = graph.add("Conv", x, graph.weights([6, 2, 3, 3]), graph.bias(6, 0.0002), pads=[1] * 4)
    y = graph.requantized(graph.add("Relu", y), 0.05)
    y = graph.requantized(graph.add("Conv", y, graph.weights([6, 1, 3, 3]), group=6), 0.1)
    y = graph.requantized(graph.add("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2]), 0.1)
    y = graph.requantized(graph.add("Flatten", y), 0.1)
    result = graph.quantize(graph.add("MatMul", y, graph.weights([24, 8])), 0.3)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 2, 6, 6])
    graph.inputs.append(image)
    model = graph.model(result)
    deployment = benches[target].deploy(model, profile=profile)
    assert len(own_kernels(deployment)) == 3
    evaluator = ReferenceEvaluator(normal(model), new_ops=OPS)
    random = np.random.default_rng(3)
    for _ in range(3):
        given = random.normal(0, 1.5, (1, 2, 6, 6)).astype(np.float32)
        (expected,) = evaluator.run(None, {"image": given})
        np.testing.assert_array_equal(deployment.run(given).output, expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("target", ["emu-nrf52840", "emu-rp2040", "host"])
def test_floats_become_integers_as_in_onnx(
    target: str, dtype: type[np.generic], benches: dict[str, Workbench]
) -> None:
    """Halves to even, bounds, and what lies far beyond them."""
    zero = np.asarray(3, dtype)
    graph = Graph(dtype)
    quantized = graph.add(
        "QuantizeLinear", "x", graph.constant(np.float32(0.25)), graph.constant(zero)
    )
    real = graph.add("DequantizeLinear", quantized, *graph.parameters(0.25, 3))
    result = graph.quantize(graph.add("MatMul", real, graph.weights([64, 4])), 0.3)
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 64])
    graph.inputs.append(value)
    model = graph.model(result)
    model.graph.output.append(
        helper.make_tensor_value_info(
            quantized, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), [1, 64]
        )
    )
    steps = np.concatenate(
        [
            np.arange(-8, 8) + 0.5,
            np.arange(-20, 4) * 7.3,
            [1e9, -1e9, 3e38, -3e38, 124, 124.5, 252.5],
        ]
    )
    given = np.resize(steps * 0.25, (1, 64)).astype(np.float32)
    outputs = benches[target].deploy(model).run(given).outputs
    info = np.iinfo(dtype)
    expected = np.clip(np.rint(given / np.float32(0.25)) + 3.0, info.min, info.max).astype(dtype)
    np.testing.assert_array_equal(outputs[quantized], expected)


def padded_chain(first: tuple[int, int], size: tuple[int, int]) -> Callable[[Graph], str]:
    """Convolutions of which each writes what the next one wants around its input."""

    def make(graph: Graph) -> str:
        x = graph.input([1, 4, *size])
        y = graph.requantized(graph.add("Conv", x, graph.weights([6, 4, *first])), 0.1)
        y = graph.add("Conv", y, graph.weights([6, 1, 3, 3]), group=6, pads=[1, 0, 2, 1])
        y = graph.requantized(y, 0.1)
        y = graph.add("Conv", y, graph.weights([4, 6, 3, 2]), pads=[0, 1, 1, 0])
        return graph.quantize(y, 0.5)

    return make


@pytest.mark.parametrize(
    "case",
    [padded_chain((1, 1), (5, 5)), padded_chain((1, 1), (4, 6)), padded_chain((2, 3), (6, 7))],
)
def test_borders_are_written_with_the_results(
    case: Callable[[Graph], str], benches: dict[str, Workbench]
) -> None:
    graph = Graph()
    model = graph.model(case(graph))
    evaluator = ReferenceEvaluator(normal(model), new_ops=OPS)
    given = feeds(model, 1)
    (expected,) = evaluator.run(None, given)
    for name in ("emu-nrf52840", "emu-rp2040"):
        deployment = benches[name].deploy(model)
        assert len(own_kernels(deployment)) == 3
        assert not any("memcpy" in kernel for kernel in deployment.compiled.kernels)
        np.testing.assert_array_equal(deployment.run(given).output, expected, name)


def test_what_is_all_one_number_takes_no_memory(benches: dict[str, Workbench]) -> None:
    """An average's weights, and parameters that are alike, are not copied to the arena."""
    graph = Graph()
    y = graph.requantized(
        graph.add("Conv", graph.input([1, 4, 5, 5]), graph.weights([64, 4, 1, 1])), 0.1
    )
    y = graph.requantized(graph.add("AveragePool", y, kernel_shape=[5, 5]), 0.043)
    y = graph.requantized(graph.add("Flatten", y), 0.043)
    model = graph.model(graph.quantize(graph.add("MatMul", y, graph.weights([64, 4])), 0.1))
    for target in ("emu-nrf52840", "emu-rp2040", "emu-mps2-an385", "emu-riscv-virt"):
        deployment = benches[target].deploy(model)
        assert len(own_kernels(deployment)) == 3
        size = deployment.size
        assert size.least_tensors is not None
        # Inputs and results are rounded up to 64 bytes each.
        assert size.tensors <= size.least_tensors + 4 * 64


def test_a_product_between_two_layouts(benches: dict[str, Workbench]) -> None:
    """What reads a twin and what reads the value itself get the same."""
    graph = Graph()
    x = graph.input([1, 4, 5, 6])
    first = graph.requantized(graph.add("Conv", x, graph.weights([4, 4, 1, 1])), 0.05)
    second = graph.requantized(graph.add("Conv", first, graph.weights([4, 4, 1, 1])), 0.1)
    total = graph.requantized(graph.add("Add", first, second), 0.15)
    turned = graph.add("Transpose", total, perm=[0, 1, 3, 2])
    model = graph.model(graph.quantize(turned, 0.15))
    evaluator = ReferenceEvaluator(normal(model), new_ops=OPS)
    for name in ("emu-nrf52840", "emu-rp2040"):
        deployment = benches[name].deploy(model)
        for seed in range(3):
            given = feeds(model, seed)
            np.testing.assert_array_equal(
                deployment.run(given).output, evaluator.run(None, given)[0]
            )


def test_a_model_in_float_has_no_kernels_of_ours(benches: dict[str, Workbench]) -> None:
    weights = numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "main",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [weights],
    )
    model: onnx.ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    assert own_kernels(benches["emu-nrf52840"].deploy(model)) == []
