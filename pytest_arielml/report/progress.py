"""One bar for a whole run, on a terminal, while something takes long."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

T = TypeVar("T")

# What is over sooner is not worth a flicker, in seconds.
_PATIENCE: Final = 0.4


@dataclass
class _Stage:
    model: str
    name: str
    counted: bool = False

    def __str__(self) -> str:
        return f"{self.model}: {self.name}"


class Bar:
    """A line under the one that pytest writes, which goes without a trace.

    It is there only while a stage lasts: what a test itself prints, a debugger
    and pytest's own lines have the terminal to themselves.
    """

    def __init__(self, file: TextIO, column: Callable[[], int]) -> None:
        """A bar that shows nothing yet.

        Args:
            file: the terminal.
            column: where in its line pytest's output ends.
        """
        self._console = Console(file=file, highlight=False)
        self._column = column
        self._stages: list[_Stage] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._shown: Progress | None = None
        self.total = 0
        self._seen: set[str] = set()

    @classmethod
    def on_terminal(cls, column: Callable[[], int]) -> Bar | None:
        """A bar on standard output as it is now, before capture; None when that is no terminal."""
        try:
            if not os.isatty(1):
                return None
            file = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        except OSError:
            return None
        bar = cls(file, column)
        if bar._console.is_dumb_terminal:
            bar.close()
            return None
        return bar

    def close(self) -> None:
        """Lets go of the terminal."""
        self._console.file.close()

    def begin(self, test: str) -> None:
        """Counts a test; one that is run again only once."""
        self._seen.add(test)

    @contextmanager
    def stage(self, model: str, name: str) -> Iterator[None]:
        """Shows what is being done, should it take long; stages may lie within stages."""
        with self._entered(_Stage(model, name)):
            yield

    def track(self, items: Iterable[T], description: str, total: int) -> Iterator[T]:
        """The items, counted while they are worked through; stages within change no name."""
        stage = _Stage(description, f"0 of {total:,} inputs", counted=True)
        with self._entered(stage):
            for done, item in enumerate(items, start=1):
                yield item
                stage.name = f"{done:,} of {total:,} inputs"
                self._update()

    @contextmanager
    def _entered(self, stage: _Stage) -> Iterator[None]:
        with self._lock:
            self._stages.append(stage)
            if len(self._stages) == 1:
                self._timer = threading.Timer(_PATIENCE, self._show)
                self._timer.daemon = True
                self._timer.start()
        self._update()
        try:
            yield
        finally:
            with self._lock:
                self._stages.pop()
                if not self._stages:
                    self._hide()
            self._update()

    def _text(self) -> str:
        # A loop over many calls says how far it is, not that one more is running.
        counted = [stage for stage in self._stages if stage.counted]
        return str((counted or self._stages)[-1])

    def _update(self) -> None:
        with self._lock:
            if self._shown is not None:
                self._shown.update(self._shown.task_ids[0], description=self._text())

    def _show(self) -> None:
        """By the timer's thread."""
        with self._lock:
            if not self._stages or self._shown is not None:
                return
            self._console.file.write("\n")
            columns = (
                BarColumn(20),
                MofNCompleteColumn(),
                TextColumn("tests  {task.description}", markup=False),
                TimeElapsedColumn(),
            )
            # The program's own streams are pytest's to redirect.
            self._shown = Progress(
                *columns,
                console=self._console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._shown.add_task(
                self._text(), total=self.total or None, completed=max(0, len(self._seen) - 1)
            )
            self._shown.start()

    def _hide(self) -> None:
        """Erases the bar and goes back to the end of pytest's line."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._shown is not None:
            self._shown.stop()
            self._shown = None
            column = self._column() % max(1, self._console.width)
            self._console.file.write("\x1b[1A\r" + (f"\x1b[{column}C" if column else ""))
            self._console.file.flush()
