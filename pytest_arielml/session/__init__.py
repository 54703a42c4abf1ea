"""Deployments on a target: what a script or a test works with."""

from pytest_arielml.session.chrome_trace import chrome_trace, write_chrome_trace
from pytest_arielml.session.deployment import Deployment, Size
from pytest_arielml.session.divergence import Divergence
from pytest_arielml.session.result import CoreShare, Dispatch, Memory, Result
from pytest_arielml.session.target import Target, target_names
from pytest_arielml.session.timeline import Activity, Timeline
from pytest_arielml.session.transients import Transient
from pytest_arielml.session.workbench import Settings, Workbench

__all__ = [
    "Activity",
    "CoreShare",
    "Deployment",
    "Dispatch",
    "Divergence",
    "Memory",
    "Result",
    "Settings",
    "Size",
    "Target",
    "Timeline",
    "Transient",
    "Workbench",
    "chrome_trace",
    "target_names",
    "write_chrome_trace",
]
