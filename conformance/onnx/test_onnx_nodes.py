"""Every node case of onnx, imported, compiled, and run on the board."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.onnx.bench import Bench
from conformance.onnx.cases import Case
from conformance.onnx.expectations import Expectations
from conformance.onnx.outcome import Outcome
from pytest_arielml.api import Arielml


def test_node(
    arielml: Arielml,
    onnx_case: Case,
    onnx_bench: Callable[[Arielml], tuple[Bench, Expectations]],
    onnx_record: Callable[[Outcome], None],
) -> None:
    """The board gives the case's outputs, or fails where and as the table says."""
    bench, expectations = onnx_bench(arielml)
    outcome = bench.run(onnx_case, expectations.frozen.get(onnx_case.name, ()))
    onnx_record(outcome)
    violation = expectations.violation(onnx_case.name, outcome)
    if violation is not None:
        pytest.fail(f"{onnx_case.name} {violation}", pytrace=False)
    if not outcome.passed:
        pytest.xfail(str(outcome))
