"""What was measured, for people and for machines."""

from pytest_arielml.report.records import DeploymentRecord, Recorder
from pytest_arielml.report.terminal import accuracy_table, deployment_table, parts_table

__all__ = ["DeploymentRecord", "Recorder", "accuracy_table", "deployment_table", "parts_table"]
