from __future__ import annotations

import numpy as np
import onnx
from meaning import assert_same, onnxruntime
from onnx import parser

from pytest_arielml.frontends.passes.graph import infer
from pytest_arielml.frontends.passes.scans import LIMIT, unroll_scans

_STEP = """body = step (float[2] sum, float[2] each) => (float[2] out, float[2] copy) {
    out = Add (sum, each)
    copy = Mul (out, scale)
}"""


def scan(options: str, x: str, y: str, length: int = 3) -> onnx.ModelProto:
    return parser.parse_model(f"""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2] start, float[{x}] x) => (float[2] last, float[{y}] y) {{
            scale = Constant <value = float {{0.5}}> ()
            last, y = Scan <num_scan_inputs = 1, {options} {_STEP}> (start, x)
        }}
    """)


def check(model: onnx.ModelProto, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    unrolled = unroll_scans(infer(model))
    assert "Scan" not in {node.op_type for node in unrolled.graph.node}
    assert_same(
        model, unrolled, [rng.random(2, np.float32), rng.random(shape, np.float32)], by=onnxruntime
    )


def test_along_the_first_axis() -> None:
    check(scan("", "3, 2", "3, 2"), (3, 2))


def test_backwards() -> None:
    check(scan("scan_input_directions = [1],", "3, 2", "3, 2"), (3, 2))
    check(scan("scan_output_directions = [1],", "3, 2", "3, 2"), (3, 2))


def test_along_another_axis() -> None:
    check(scan("scan_input_axes = [1],", "2, 3", "3, 2"), (2, 3))
    check(scan("scan_output_axes = [-1],", "3, 2", "2, 3"), (3, 2))


def test_several_states_and_an_output_that_nobody_reads() -> None:
    model = parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float a, float b, float[4] x, float[4] z) => (float[4] y, float last) {
            , last, , y = Scan <num_scan_inputs = 2, body = step
                (float p, float q, float u, float v)
                => (float p_out, float q_out, float one, float two) {
                    p_out = Add (p, u)
                    q_out = Mul (p_out, q)
                    one = Identity (u)
                    two = Sub (q_out, v)
                }
            > (a, b, x, z)
        }
    """)
    rng = np.random.default_rng(3)
    unrolled = unroll_scans(infer(model))
    assert "Scan" not in {node.op_type for node in unrolled.graph.node}
    inputs = [rng.random(shape, np.float32) for shape in ((), (), (4,), (4,))]
    assert_same(model, unrolled, [np.asarray(each) for each in inputs])


def test_a_long_one_stays() -> None:
    length = LIMIT // 2 + 1
    model = infer(scan("", f"{length}, 2", f"{length}, 2"))
    unrolled = unroll_scans(model)
    assert [node.op_type for node in unrolled.graph.node] == ["Constant", "Scan"]


def test_without_a_scan() -> None:
    model = parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2] x) => (float[2] y) { y = Relu (x) }
    """)
    assert unroll_scans(model) is model
