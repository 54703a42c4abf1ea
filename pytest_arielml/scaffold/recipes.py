"""Random inputs as an expression in a test, and the same values as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ml_dtypes
import numpy as np

from pytest_arielml.errors import ModelError
from pytest_arielml.frontends import TensorSpec
from pytest_arielml.session.result import Array

Range = tuple[float, float]
_FLOATS: Final[Range] = (-1.0, 1.0)
_NIBBLES: Final = {"int4": (-8, 7), "uint4": (0, 15)}
# Wider integers are indices, lengths and masks more often than samples, and not all of their
# values are good for that; these two are.
_WIDE: Final = (0, 1)


@dataclass(frozen=True)
class Recipe:
    """How the values of one input are drawn.

    Attributes:
        name: of the input.
        dtype: of the input.
        shape: a free size is 1.
        low, high: the range; both ends belong to that of integers.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> Array:
        """The values."""
        if self._is_float:
            return np.asarray(rng.uniform(self.low, self.high, self.shape)).astype(self.dtype)
        if self._is_plain:
            values: Array = rng.integers(
                int(self.low), int(self.high), self.shape, self.dtype.type, endpoint=True
            )
            return values
        drawn = rng.integers(int(self.low), int(self.high), self.shape, endpoint=True)
        return np.asarray(drawn).astype(self.dtype)

    @property
    def code(self) -> str:
        """An expression of `rng`, `np` and `ml_dtypes` that draws the same values."""
        if self._is_float:
            return f"rng.uniform({self.low!r}, {self.high!r}, {self.shape}).astype({self._type})"
        bounds = f"{int(self.low)}, {int(self.high)}, {self.shape}"
        if self._is_plain:
            return f"rng.integers({bounds}, {self._type}, endpoint=True)"
        return f"rng.integers({bounds}, endpoint=True).astype({self._type})"

    @property
    def module(self) -> str:
        """The module that the dtype comes from: `numpy` or `ml_dtypes`."""
        return "ml_dtypes" if self._type.startswith("ml_dtypes.") else "numpy"

    @property
    def _is_float(self) -> bool:
        return self.dtype.kind == "f" or self.dtype.name == "bfloat16"

    @property
    def _is_plain(self) -> bool:
        """Whether numpy draws this dtype itself."""
        return self.dtype.kind in "iub" and self.dtype.name not in _NIBBLES

    @property
    def _type(self) -> str:
        name = self.dtype.name
        if name == "bool":
            return "np.bool_"
        return f"ml_dtypes.{name}" if hasattr(ml_dtypes, name) else f"np.{name}"


def recipes(
    specs: Sequence[TensorSpec], ranges: Mapping[str, Range] | None = None
) -> tuple[Recipe, ...]:
    """One recipe an input.

    Integers of at most 16 bits and booleans cover their whole range, wider
    integers are 0 or 1; floats cover -1 to 1.

    Args:
        specs: the inputs.
        ranges: of float inputs by name, where they are not -1 to 1.

    Raises: ModelError for a dtype without random values.
    """
    return tuple(_recipe(spec, (ranges or {}).get(spec.name, _FLOATS)) for spec in specs)


def _recipe(spec: TensorSpec, floats: Range) -> Recipe:
    low, high = _bounds(spec, floats)
    shape = tuple(size if isinstance(size, int) else 1 for size in spec.shape)
    return Recipe(spec.name, spec.dtype, shape, low, high)


def _bounds(spec: TensorSpec, floats: Range) -> Range:
    if spec.dtype.name in _NIBBLES:
        return _NIBBLES[spec.dtype.name]
    if spec.dtype.kind == "b":
        return 0, 1
    if spec.dtype.kind in "iu":
        info = np.iinfo(spec.dtype)
        return (info.min, info.max) if info.bits <= 16 else _WIDE
    if spec.dtype.kind == "f" or spec.dtype.name == "bfloat16":
        # For people to read; the last digits of a scale are not worth a line of them.
        low, high = (float(f"{end:.4g}") for end in floats)
        return low, high
    raise ModelError(
        f"no random values for input {spec}",
        expected="integers, floats or booleans",
        advice="write a test with inputs of your own: model.run(array)",
    )
