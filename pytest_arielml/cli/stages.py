"""A line that says which stage of work a command is in, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from pytest_arielml.session.watching import Watch


def stages(console: Console) -> Watch:
    """What shows the stages of a workbench on `console`; nothing where that is no terminal.

    A stage within another takes its place; between stages the line is gone.
    """
    names: list[str] = []
    status = console.status("")

    @contextmanager
    def watch(model: str, stage: str, /) -> Iterator[None]:
        names.append(escape(f"{model}: {stage}"))
        status.update(names[-1])
        if len(names) == 1:
            status.start()
        try:
            yield
        finally:
            names.pop()
            if names:
                status.update(names[-1])
            else:
                status.stop()

    return watch
