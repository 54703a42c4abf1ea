"""The runner `host`: the device runtime and the model's kernels in this process.

For quick checks, for sanitizers, and to find where the outputs of a board
first differ. The same sources as on boards, compiled for this machine: 64-bit
pointers, this machine's float unit and math library. Nothing counts
instructions, and its time is this machine's.

Nothing shields the process: a kernel that accesses memory which is not there
ends it, as it would end any program.
"""

from __future__ import annotations

from pytest_arielml.runners.host.machine import HostMachine
from pytest_arielml.runners.host.runner import HostRunner, available, create

__all__ = ["HostMachine", "HostRunner", "available", "create"]
