"""Prints the options that name every emulated board of several cores, for pytest."""

from __future__ import annotations

import sys

from pytest_arielml.session import Target, target_names

if __name__ == "__main__":
    targets = [Target.parse(name) for name in target_names()]
    several = [each.name for each in targets if each.runner == "emu" and each.cores > 1]
    sys.stdout.write(" ".join(f"--arielml-target={name}" for name in several) + "\n")
