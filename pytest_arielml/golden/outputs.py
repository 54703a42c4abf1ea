"""The outputs of one call, by place and by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


class Outputs(tuple[Array, ...]):
    """One array an output, in the model's order: a tuple whose items have names too.

    `outputs[0]`, `outputs["y"]` and, where the name is an identifier,
    `outputs.y` are the same array.

    Attributes:
        names: of the outputs, in order.
        source: what computed them, such as `onnxruntime 1.20.0`.
    """

    names: tuple[str, ...]
    source: str

    def __new__(cls, arrays: Iterable[Array], names: Sequence[str], source: str) -> Outputs:
        """Takes one array and one name an output."""
        self = super().__new__(cls, arrays)
        self.names = tuple(names)
        self.source = source
        return self

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        if key not in self.names:
            raise KeyError(f"no output {key!r}; there are: {', '.join(self.names) or 'none'}")
        return super().__getitem__(self.names.index(key))

    def __getattr__(self, name: str) -> Array:
        if name in ("names", "source") or name not in self.names:
            raise AttributeError(f"no output {name!r}")
        array: Array = self[name]
        return array

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self), self.names, self.source

    def asdict(self) -> dict[str, Array]:
        """The arrays by name."""
        return dict(zip(self.names, self, strict=True))
