"""Who is told what a workbench is about to do, and for which model."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Watch(Protocol):
    """Gives a context for a stage of work that may take long."""

    def __call__(self, model: str, stage: str, /) -> AbstractContextManager[None]:
        """For `stage`, such as `compiling`, of the model called `model`."""


def unwatched(model: str, stage: str) -> AbstractContextManager[None]:
    """For nobody."""
    del model, stage
    return nullcontext()
