from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx

from conformance.onnx.cases import load_cases
from pytest_arielml.compiler import Cache


def test_all_cases_of_the_installed_onnx() -> None:
    cases = load_cases()
    names = [case.name for case in cases]
    assert len(names) == len(set(names))
    if onnx.__version__.startswith("1.23."):
        assert len(cases) == 1884


def test_a_case() -> None:
    case = next(case for case in load_cases() if case.name == "test_add_bcast")
    assert (case.operator, case.rtol, case.atol, case.unsupported) == ("Add", 1e-3, 1e-7, None)
    x, y = case.inputs()
    assert (x.shape, y.shape) == ((3, 4, 5), (5,))
    (z,) = case.outputs()
    np.testing.assert_array_equal(z, x + y)
    assert case.model.graph.node[0].op_type == "Add"


def test_every_input_and_output_is_of_the_declared_type_and_shape() -> None:
    for case in load_cases():
        if case.unsupported is not None:
            continue
        graph = case.model.graph
        for values, arrays in ((graph.input, case.inputs()), (graph.output, case.outputs())):
            for value, array in zip(values, arrays, strict=True):
                kind = value.type.tensor_type
                dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
                assert array.dtype == dtype, case.name
                assert len(kind.shape.dim) == array.ndim, case.name


def test_types_that_numpy_has_not() -> None:
    cases = {case.name: case for case in load_cases()}
    x, _, zero = cases["test_dequantizelinear_int4"].inputs()
    assert (x.dtype, zero.dtype) == (ml_dtypes.int4, ml_dtypes.int4)
    assert (x.tolist(), zero.tolist()) == ([0, 1, 7, -4, -8], [1])
    assert cases["test_dequantizelinear_uint4"].inputs()[0].tolist() == [0, 1, 7, 10, 15]
    (y,) = cases["test_onehot_with_bfloat16_values"].outputs()
    assert y.dtype == ml_dtypes.bfloat16
    assert y.tolist() == [[3, 1, 1, 1], [1, 1, 3, 1]]


def test_the_expanded_form_of_a_function_counts_for_the_function() -> None:
    operators = {case.name: case.operator for case in load_cases()}
    assert operators["test_attention_3d"] == operators["test_attention_3d_expanded"] == "Attention"


def test_types_that_no_board_takes() -> None:
    counts = Counter(case.unsupported for case in load_cases())
    assert {"string", "float8e4m3fn", "sequence", "optional", "int2"} <= set(counts)
    assert {"bfloat16", "int4", "uint4"}.isdisjoint(set(counts))
    assert counts[None] > sum(count for kind, count in counts.items() if kind)


def test_a_case_goes_to_another_process(tmp_path: Path) -> None:
    case = load_cases(Cache(tmp_path))[0]
    other = pickle.loads(pickle.dumps(case))
    assert other.model == case.model
