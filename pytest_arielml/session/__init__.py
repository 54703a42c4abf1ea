"""Deployments on a target: what a script or a test works with."""

from pytest_arielml.session.deployment import Deployment, Size
from pytest_arielml.session.divergence import Divergence
from pytest_arielml.session.result import Dispatch, Memory, Result
from pytest_arielml.session.target import Target, target_names
from pytest_arielml.session.transients import Transient
from pytest_arielml.session.workbench import Settings, Workbench

__all__ = [
    "Deployment",
    "Dispatch",
    "Divergence",
    "Memory",
    "Result",
    "Settings",
    "Size",
    "Target",
    "Transient",
    "Workbench",
    "target_names",
]
