"""What was measured, for people and for machines."""

from pytest_arielml.report.outcome import Outcome
from pytest_arielml.report.provenance import figure_versions
from pytest_arielml.report.records import DeploymentRecord, Recorder
from pytest_arielml.report.terminal import (
    accuracy_table,
    deployment_table,
    kept_in_float,
    parts_table,
    print_summary,
)
from pytest_arielml.report.variants import variants_table

__all__ = [
    "DeploymentRecord",
    "Outcome",
    "Recorder",
    "accuracy_table",
    "deployment_table",
    "figure_versions",
    "kept_in_float",
    "parts_table",
    "print_summary",
    "variants_table",
]
