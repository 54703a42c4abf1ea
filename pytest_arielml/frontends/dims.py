"""The sizes that a user chooses for the free dimensions of a model."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_arielml.errors import UsageError

#: By name of a dimension: its size, or None to leave it free. By name of an
#: input: all its sizes, with None for one that is left free.
Dims = Mapping[str, int | Sequence[int | None] | None]


def check_dims(dims: object) -> Dims:
    """`dims` with plain integers and tuples in it; whether the names exist is not asked yet.

    Raises: UsageError for what is no mapping of names to sizes.
    """
    if dims is None:
        return {}
    if not isinstance(dims, Mapping) or not all(isinstance(name, str) for name in dims):
        raise UsageError(
            "dims is not a mapping of names to sizes",
            expected="such as dims={'N': 4}, {'N': None} or {'x': (4, None)}",
            found=repr(dims),
            advice="give dims a dict, or leave it out",
        )
    return {name: _value(name, value) for name, value in dims.items()}


def unknown_name(name: str, dimensions: Iterable[str], inputs: Iterable[str]) -> UsageError:
    """The error for a name that is neither a free dimension's nor an input's."""
    dimensions, inputs = sorted(dimensions), list(inputs)
    near = difflib.get_close_matches(name, [*dimensions, *inputs], n=1)
    return UsageError(
        f"dims has {name!r}, which is neither a free dimension nor an input of the model",
        expected=f"free dimensions: {', '.join(dimensions) or 'none with a name'}; "
        f"inputs: {', '.join(inputs) or 'none'}",
        found=repr(name),
        advice=f"did you mean {near[0]}?" if near else "name one of those, or leave it out",
    )


def _value(name: str, value: object) -> int | tuple[int | None, ...] | None:
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return tuple(_size(name, each) for each in value)
    return _size(name, value)


def _size(name: str, value: Any) -> int | None:
    if value is None:
        return None
    try:
        size = operator.index(value)
    except TypeError:
        size = 0
    if size < 1 or isinstance(value, bool):
        raise UsageError(
            f"dims has a size for {name!r} that is none",
            expected="an integer from 1 on, None to leave it free, or a sequence of those "
            "for all sizes of an input",
            found=repr(value),
            advice="give a size that the model will be used with",
        )
    return size
