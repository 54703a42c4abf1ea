"""Faults on a stream of bytes, at places that a plan says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hypothesis import strategies as st


@dataclass(frozen=True)
class Fault:
    """What happens when byte `at` of the stream passes: `length` bytes of it, or `noise`."""

    at: int
    kind: str
    length: int = 1
    noise: bytes = b""

    KINDS: ClassVar = ("drop", "double", "flip", "noise", "zero")


class Faults:
    """A stream with faults; call it with the bytes that pass."""

    def __init__(self, plan: Sequence[Fault]) -> None:
        self._plan = sorted(plan, key=lambda fault: fault.at)
        self._passed = 0

    @property
    def spent(self) -> bool:
        """Whether all of the plan has happened."""
        return not self._plan

    def __call__(self, data: bytes) -> bytes:
        begin, self._passed = self._passed, self._passed + len(data)
        out = bytearray()
        at = 0
        while self._plan and self._plan[0].at < self._passed:
            fault = self._plan.pop(0)
            # A fault before it may have taken this byte with it.
            place = max(fault.at - begin, at)
            out += data[at:place]
            struck = data[place : place + fault.length]
            at = place + len(struck)
            match fault.kind:
                case "drop":
                    pass
                case "double":
                    out += struck + struck
                case "flip":
                    out += bytes(byte ^ 1 << (fault.at + n) % 8 for n, byte in enumerate(struck))
                case "noise":
                    out += fault.noise + struck
                case "zero":
                    out += bytes(len(struck))
        return bytes(out + data[at:])


def plans(length: int, most: int = 6) -> st.SearchStrategy[list[Fault]]:
    """Plans for a stream of about `length` bytes."""
    return st.lists(
        st.builds(
            Fault,
            st.integers(0, length),
            st.sampled_from(Fault.KINDS),
            st.integers(1, 40),
            st.binary(min_size=1, max_size=20),
        ),
        max_size=most,
    )
