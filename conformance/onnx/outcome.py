"""How far a case came, and why no further."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """The stage at which a case ended, in the order of the way of the data."""

    TYPE = "unsupported type"
    IMPORT = "import"
    COMPILE = "compile"
    FIT = "does not fit the board"
    RUN = "run"
    NUMERICS = "numerics"
    PASSED = "passed"


#: Stages that the table of expectations may name. A case that does not run is
#: a defect of the runtime, and is never expected.
EXPECTABLE: Final = (Stage.TYPE, Stage.IMPORT, Stage.COMPILE, Stage.FIT, Stage.NUMERICS)

_LONGEST: Final = 160


@dataclass(frozen=True)
class Outcome:
    """Where a case ended.

    Attributes:
        stage: the last stage it reached; `PASSED` when it came through.
        reason: why it ended there, in one line; empty when it passed.
        frozen: operands that were given as constants.
    """

    stage: Stage
    reason: str = ""
    frozen: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the board gave the case's outputs."""
        return self.stage is Stage.PASSED

    def __str__(self) -> str:
        return f"{self.stage}: {self.reason}" if self.reason else str(self.stage)


def one_line(text: str) -> str:
    """`text` without line ends, cut to what fits a line of a table."""
    joined = " ".join(text.split())
    return joined if len(joined) <= _LONGEST else joined[: _LONGEST - 4] + " ..."
