"""The text of a first test."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_arielml.boards import HOST
from pytest_arielml.report import DeploymentRecord
from pytest_arielml.scaffold.recipes import Recipe
from pytest_arielml.units import format_bytes, format_count, format_seconds

#: What a budget leaves above the first measured run.
MARGIN: Final = 1.1
_WIDTH: Final = 88


@dataclass(frozen=True)
class Budgets:
    """Bounds from a first measured run, as the mark takes them.

    Attributes:
        bounds: by name, such as `{"instructions": "820k", "ram": "15KiB"}`;
            empty where nothing of a board was measured.
        measured: the figures that they were rounded up from, for people.
    """

    bounds: Mapping[str, str]
    measured: str

    @classmethod
    def above(cls, record: DeploymentRecord) -> Budgets:
        """Ten percent above what was measured, rounded up.

        Of the target `host`, this machine, there are none.
        """
        if record.target == HOST:
            return cls({}, "")
        bounds, measured = {}, []
        if record.instructions is not None:
            bounds["instructions"] = _count(record.instructions)
            measured.append(f"{format_count(record.instructions)} instructions")
        else:
            bounds["latency"] = _latency(record.seconds)
            estimated = "estimated at " if record.seconds_are_estimated else ""
            measured.append(f"{estimated}{format_seconds(record.seconds)}")
        sizes = {
            "flash": (record.flash, record.flash_size),
            "ram": (record.ram, record.ram_size),
            "stack": (record.stack, record.ram_size),
        }
        for name, (size, most) in sizes.items():
            bounds[name] = _size(size, most)
            measured.append(f"{format_bytes(size)} of {'RAM' if name == 'ram' else name}")
        return cls(bounds, ", ".join(measured))


@dataclass(frozen=True)
class FirstTest:
    """A first test of a model.

    Attributes:
        model: the file's path from the test's folder, with slashes.
        name: the model's, for people.
        target: where it was first run.
        inputs: of the function, in order.
        budgets: what its call may take.
        function: what is called, where it is not the model's main function.
        dims: sizes for free dimensions, as `deploy` takes them.
        steps: quantization steps that outputs may be off; None for none.
    """

    model: str
    name: str
    target: str
    inputs: Sequence[Recipe]
    budgets: Budgets
    function: str | None = None
    dims: Mapping[str, object] | None = None
    steps: int | None = None

    def __str__(self) -> str:
        return "\n".join([*self._head(), *self._mark(), *self._body()]) + "\n"

    def _head(self) -> list[str]:
        # A file's name may have anything in it.
        name = re.sub(r"[^\w .+-]", "?", self.name)
        modules = {recipe.module for recipe in self.inputs}
        used = [name for name in ("ml_dtypes",) if name in modules]
        imports = [f"import {name}" for name in used]
        if self.inputs:
            imports.append("import numpy as np")
        if self.budgets.bounds:
            imports.append("import pytest")
        return [
            f'"""A first test of {name}, from a run on {self.target}."""',
            "",
            "from pathlib import Path",
            "",
            *imports,
            *([""] if imports else []),
            f"MODEL = Path(__file__).parent / {_quoted(self.model)}",
            "",
            "",
        ]

    def _mark(self) -> list[str]:
        if not self.budgets.bounds:
            return []
        bounds = [f"{name}={_quoted(bound)}" for name, bound in self.budgets.bounds.items()]
        mark = f"@pytest.mark.arielml_budget({', '.join(bounds)})"
        lines = [mark]
        if len(mark) > _WIDTH:
            lines = ["@pytest.mark.arielml_budget(", f"    {', '.join(bounds)}", ")"]
        return [f"# Measured: {self.budgets.measured}.", *lines]

    def _body(self) -> list[str]:
        lines, calls = [], []
        if self.inputs:
            lines.append("    rng = np.random.default_rng(0)  # data of your own tell more")
            lines.append("    inputs = {")
            lines += [f"        {_quoted(each.name)}: {each.code}," for each in self.inputs]
            lines.append("    }")
            calls.append("inputs")
        if self.function is not None:
            calls.append(f"function={_quoted(self.function)}")
        sizes = ", ".join(f"{_quoted(name)}: {size}" for name, size in (self.dims or {}).items())
        dims = f", dims={{{sizes}}}" if sizes else ""
        call = ", ".join(calls)
        steps = "" if self.steps is None else f", steps={self.steps}"
        return [
            f"def {name_test(self.name, self.function)}(arielml):",
            *lines,
            f"    model = arielml.deploy(MODEL{dims})",
            f"    result = model.run({call})",
            f"    result.assert_matches(model.reference({call}){steps})",
        ]


def name_test(model: str, function: str | None = None) -> str:
    """An identifier for a test of a model and, where it is named, its function."""
    name = model if function is None else f"{model}_{function}"
    plain = re.sub(r"\W+", "_", name.encode("ascii", "ignore").decode()).strip("_").lower()
    return f"test_{plain or 'model'}"


def _quoted(text: str) -> str:
    """`text` as a literal, between double quotes where it has none itself."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal else literal


def _count(measured: int) -> str:
    bound = measured * MARGIN
    unit = 10 ** max(0, len(str(math.ceil(bound))) - 2)
    rounded = math.ceil(bound / unit) * unit
    if rounded >= 10**6:
        return f"{rounded / 10**6:g}M"
    return f"{rounded / 1000:g}k" if rounded >= 1000 else str(rounded)


def _size(measured: int, most: int) -> str:
    """A size, of which a board has `most`."""
    bound = min(measured * MARGIN, most) if most >= measured else measured * MARGIN
    if bound < 1024:
        return f"{math.ceil(bound / 64) * 64}B"
    return f"{math.ceil(bound / 1024)}KiB"


def _latency(seconds: float) -> str:
    bound = seconds * MARGIN
    if bound < 1e-3:
        return f"{math.ceil(bound * 1e6)}us"
    return f"{math.ceil(bound * 1e3)}ms" if bound < 10 else f"{math.ceil(bound)}s"
