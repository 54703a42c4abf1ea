"""Branches and loops of ONNX whose course the data decides."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.errors import CompileError, ModelError
from pytest_arielml.session import Workbench

X = np.array([1, -2, 3, -4], np.float32)


def model(text: str) -> onnx.ModelProto:
    return parser.parse_model('<ir_version: 8, opset_import: ["" : 17]>\n' + text)


IF_INPUT = model(
    """
    choose (bool c, float[4] x) => (float[4] y, int64[2] k) {
        y, k = If (c) <
            then_branch = yes () => (float[4] a, int64[2] m) {
                a = Add(x, x)
                m = Constant<value = int64[2] {1, 2}>()
            },
            else_branch = no () => (float[4] b, int64[2] n) {
                b = Neg(x)
                n = Constant<value = int64[2] {3, 4}>()
            }
        >
    }
    """
)

IF_DATA = model(
    """
    sign (float[4] x) => (float[4] y) {
        zero = Constant<value = float {0.0}>()
        sum = ReduceSum<keepdims = 0>(x)
        positive = Greater(sum, zero)
        y = If (positive) <
            then_branch = yes () => (float[4] a) { a = Mul(x, x) },
            else_branch = no () => (float[4] b) { b = Neg(x) }
        >
    }
    """
)

LOOP_COUNT = model(
    """
    times (int64 n, float[4] x) => (float[4] y, int64 k) {
        go = Constant<value = bool {1}>()
        zero = Constant<value = int64 {0}>()
        y, k = Loop (n, go, x, zero) <
            body = step (int64 i, bool c, float[4] v, int64 s) => (bool d, float[4] w, int64 t) {
                d = Identity(c)
                w = Add(v, x)
                t = Add(s, i)
            }
        >
    }
    """
)

_WHILE = """
    double (float[1] limit, float[1] x{argument}) => (float[1] y, int64[1] k) {{
        most = Constant<value = int64 {{{most}}}>()
        {condition}
        zero = Constant<value = int64[1] {{0}}>()
        one = Constant<value = int64[1] {{1}}>()
        two = Constant<value = float[1] {{2.0}}>()
        y, k = Loop ({bound}, go, x, zero) <
            body = step (int64 i, bool c, float[1] v, int64[1] s)
                    => (bool d, float[1] w, int64[1] t) {{
                w = Mul(v, two)
                t = Add(s, one)
                less = Less(w, limit)
                d = Squeeze(less)
            }}
        >
    }}
"""
_GO = "go = Constant<value = bool {1}>()"


def doubling(
    most: int = 40, *, bound: str = "most", argument: str = "", condition: str = _GO
) -> onnx.ModelProto:
    """Doubles x until it is not less than the limit, and counts how often."""
    values = {"most": most, "bound": bound, "argument": argument, "condition": condition}
    return model(_WHILE.format(**values))


NESTED = model(
    """
    collatz (int64 start) => (int64 steps) {
        most = Constant<value = int64 {200}>()
        go = Constant<value = bool {1}>()
        zero = Constant<value = int64 {0}>()
        one = Constant<value = int64 {1}>()
        two = Constant<value = int64 {2}>()
        three = Constant<value = int64 {3}>()
        steps, last = Loop (most, go, zero, start) <
            body = step (int64 i, bool c, int64 k, int64 n) => (bool d, int64 l, int64 m) {
                l = Add(k, one)
                rest = Mod(n, two)
                odd = Equal(rest, one)
                m = If (odd) <
                    then_branch = up () => (int64 a) { p = Mul(n, three) a = Add(p, one) },
                    else_branch = down () => (int64 b) { b = Div(n, two) }
                >
                d = Greater(m, one)
            }
        >
    }
    """
)

SCAN = model(
    """
    sums (float[4] x, float[5,4] xs) => (float[4] y, float[5,4] all) {
        y, all = Scan <
            num_scan_inputs = 1,
            body = step (float[4] v, float[4] e) => (float[4] w, float[4] o) {
                w = Add(v, e)
                o = Identity(w)
            }
        > (x, xs)
    }
    """
)


def check(bench: Workbench, proto: onnx.ModelProto, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    """The outputs on the board, which are onnxruntime's."""
    result = bench.deploy(proto).run(*inputs)
    result.assert_matches(bench.reference(proto, *inputs))
    return result.outputs


def test_if_by_an_input_takes_both_branches(bench: Workbench) -> None:
    y, k = check(bench, IF_INPUT, np.array(True), X)
    np.testing.assert_array_equal(y, 2 * X)
    np.testing.assert_array_equal(k, [1, 2])
    y, k = check(bench, IF_INPUT, np.array(False), X)
    np.testing.assert_array_equal(y, -X)
    np.testing.assert_array_equal(k, [3, 4])


def test_if_by_the_data_takes_both_branches(bench: Workbench) -> None:
    (squares,) = check(bench, IF_DATA, np.abs(X))
    np.testing.assert_array_equal(squares, X * X)
    (negated,) = check(bench, IF_DATA, X)
    np.testing.assert_array_equal(negated, -X)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_a_loop_runs_as_often_as_an_input_says(bench: Workbench, count: int) -> None:
    y, k = check(bench, LOOP_COUNT, np.array(count), X)
    np.testing.assert_array_equal(y, (count + 1) * X)
    assert k == sum(range(count))


@pytest.mark.parametrize(("limit", "turns"), [(100, 7), (1e5, 17), (0.5, 1), (1e30, 40)])
def test_a_loop_runs_until_the_data_ends_it(bench: Workbench, limit: float, turns: int) -> None:
    y, k = check(bench, doubling(), np.array([limit], np.float32), np.array([1], np.float32))
    assert (y, k) == (2.0**turns, turns)


@pytest.mark.parametrize("go", [True, False])
def test_a_first_condition_is_looked_at(bench: Workbench, go: bool) -> None:
    proto = doubling(argument=", bool go", condition="")
    limit, x = np.array([20], np.float32), np.array([3], np.float32)
    y, k = check(bench, proto, limit, x, np.array(go))
    assert (y, k) == ((24, 3) if go else (3, 0))


@pytest.mark.parametrize(
    ("proto", "found"),
    [
        (doubling(2**62), "at most 4,611,686,018,427,387,904 turns"),
        (doubling(bound=""), "no trip count"),
    ],
)
def test_a_loop_without_a_bound_is_refused_by_name(
    bench: Workbench, proto: onnx.ModelProto, found: str
) -> None:
    proto.graph.node[-1].name = "until_enough"
    with pytest.raises(ModelError, match="Loop ends when its data say so") as caught:
        bench.deploy(proto)
    assert caught.value.found == found
    assert "node 'until_enough' (Loop) that makes y, k" in str(caught.value.where)


@pytest.mark.parametrize(("start", "steps"), [(6, 8), (7, 16), (27, 111)])
def test_a_branch_in_a_loop(bench: Workbench, start: int, steps: int) -> None:
    (found,) = check(bench, NESTED, np.array(start))
    assert found == steps


def test_a_loop_costs_by_its_turns(bench: Workbench) -> None:
    times = bench.deploy(LOOP_COUNT)
    instructions = [times.run(np.array(n), X).instructions or 0 for n in (2, 4, 8)]
    first, second = np.diff(instructions)
    assert first > 0
    assert second == pytest.approx(2 * first, rel=0.2)


def test_scan(bench: Workbench) -> None:
    xs = np.arange(20, dtype=np.float32).reshape(5, 4)
    y, sums = check(bench, SCAN, X, xs)
    np.testing.assert_array_equal(sums, X + np.cumsum(xs, axis=0))
    np.testing.assert_array_equal(y, sums[-1])


def test_what_the_compiler_does_not_take_is_named(bench: Workbench) -> None:
    proto = model(
        """
        g (int64 n, float[4] x) => (float[4] y, float[T,4] all) {
            go = Constant<value = bool {1}>()
            y, all = Loop (n, go, x) <
                body = step (int64 i, bool c, float[4] v) => (bool d, float[4] w, float[4] o) {
                    d = Identity(c)
                    w = Add(v, x)
                    o = Identity(w)
                }
            >
        }
        """
    )
    proto.graph.node[-1].name = "collect"
    with pytest.raises(CompileError, match="cannot compile the ONNX operator Loop") as caught:
        bench.deploy(proto)
    assert "node 'collect' (Loop) that makes y, all" in str(caught.value.where)
