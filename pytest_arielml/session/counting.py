"""What functions of an image took between two readings of a runner's counters."""

from __future__ import annotations

from typing import Final

from pytest_arielml.runners import Counters, Span
from pytest_arielml.session.result import CoreShare, Dispatch

#: What the agent measures, and runners watch.
LOAD: Final = "arielml_load"
CALL: Final = "arielml_call"


def count_function(before: Counters, after: Counters, symbol: str) -> tuple[int, int]:
    """Instructions of all cores and the first core's cycles in `symbol` between two readings."""
    new = after.spans[symbol]
    old = before.spans[symbol]
    issued = new.instructions + new.others - old.instructions - old.others
    return issued, new.cycles - old.cycles


def count_dispatches(before: Counters, after: Counters, cores: int) -> tuple[Dispatch, ...]:
    """What each dispatch function took between two readings, in program order.

    The first `cores` cores worked on them.
    """
    found = []
    for symbol, new in after.spans.items():
        if symbol in (LOAD, CALL):
            continue
        old = before.spans[symbol]
        if new.count > old.count:
            found.append(
                Dispatch(
                    symbol,
                    new.count - old.count,
                    new.instructions - old.instructions,
                    new.cycles - old.cycles,
                    tuple(
                        _share(earlier.spans[symbol], later.spans[symbol])
                        for earlier, later in zip(
                            before.cores[:cores], after.cores[:cores], strict=True
                        )
                    ),
                )
            )
    return tuple(sorted(found, key=lambda dispatch: _ordinal(dispatch.name)))


def _share(old: Span, new: Span) -> CoreShare:
    return CoreShare(
        new.count - old.count, new.instructions - old.instructions, new.cycles - old.cycles
    )


def _ordinal(name: str) -> tuple[int, str]:
    """Dispatch functions carry their number: ``main_dispatch_3_conv_...``."""
    _, _, rest = name.partition("_dispatch_")
    number, _, _ = rest.partition("_")
    return (int(number) if number.isdigit() else 1 << 30, name)
