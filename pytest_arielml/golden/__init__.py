"""References, how outputs are compared with them, and goldens on disk."""

import os

# From 1.32 on onnxruntime reports what it runs, and leaves a file in the temporary
# folder, unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from pytest_arielml.golden.compare import (
    Comparison,
    Difference,
    assert_outputs_match,
    assertion_text,
    compare,
    compare_outputs,
)
from pytest_arielml.golden.engine import Engine
from pytest_arielml.golden.host import HostModule
from pytest_arielml.golden.litert import LiteRT
from pytest_arielml.golden.outputs import Outputs
from pytest_arielml.golden.policy import OutputPolicy, Tolerance, output_policies, tolerance
from pytest_arielml.golden.provenance import Provenance, inputs_digest
from pytest_arielml.golden.reference import (
    Reference,
    model_bytes,
    model_reference,
    reference,
    reference_outputs,
)
from pytest_arielml.golden.sampling import input_ranges, random_arrays, random_inputs
from pytest_arielml.golden.store import Golden, check, create, read, write

__all__ = [
    "Comparison",
    "Difference",
    "Engine",
    "Golden",
    "HostModule",
    "LiteRT",
    "OutputPolicy",
    "Outputs",
    "Provenance",
    "Reference",
    "Tolerance",
    "assert_outputs_match",
    "assertion_text",
    "check",
    "compare",
    "compare_outputs",
    "create",
    "input_ranges",
    "inputs_digest",
    "model_bytes",
    "model_reference",
    "output_policies",
    "random_arrays",
    "random_inputs",
    "read",
    "reference",
    "reference_outputs",
    "tolerance",
    "write",
]
