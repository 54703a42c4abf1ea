"""A progress line on a terminal, and silence when the output is piped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")


def track(
    items: Iterable[T],
    description: str,
    total: int,
    *,
    unobstructed: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[T]:
    """The items, with a bar on standard error while they are worked through.

    `unobstructed` gives a context in which the terminal can be written to;
    pytest's capture is suspended by it. Without a terminal nothing is shown.
    """
    if not sys.__stderr__ or not sys.__stderr__.isatty():
        yield from items
        return
    with unobstructed():
        console = Console(file=sys.__stderr__)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(description, total=total)
            for item in items:
                yield item
                progress.advance(task)
