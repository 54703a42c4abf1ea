"""What became of one test, with what it measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_arielml.baseline import Change
from pytest_arielml.report.records import DeploymentRecord


@dataclass
class Outcome:
    """One test.

    Attributes:
        test: its id.
        outcome: passed, failed, skipped or rerun.
        seconds: wall-clock time that it took here.
        message: what it failed with.
        records: one a deployment, in order of use.
        changes: every figure that the baseline has of it.
    """

    test: str
    outcome: str = "passed"
    seconds: float = 0.0
    message: str = ""
    records: list[DeploymentRecord] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def headline(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    def to_json(self) -> dict[str, Any]:
        """A dict of plain types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        """What `to_json` gave."""
        return cls(
            **{
                **data,
                "records": [DeploymentRecord.from_json(each) for each in data["records"]],
                "changes": [Change(**each) for each in data["changes"]],
            }
        )
