"""What a test measured, as plain data: it travels from xdist's workers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_arielml.gates import Accuracy
from pytest_arielml.session import Deployment, Result


@dataclass
class DeploymentRecord:
    """One deployment and the worst of its calls in one test.

    Instructions, cycles and stack are maxima over the calls. `seconds` is
    estimated when `seconds_are_estimated`. Sizes are bytes.
    """

    model: str
    target: str
    clock_hz: int
    calls: int = 0
    instructions: int | None = None
    overhead: int | None = None
    seconds: float = 0.0
    seconds_are_estimated: bool = True
    flash: int = 0
    ram: int = 0
    stack: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    dispatches: dict[str, int] = field(default_factory=dict)
    accuracy: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """A dict of plain types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> DeploymentRecord:
        """What `to_json` gave."""
        return cls(**data)

    def merge(self, other: DeploymentRecord) -> None:
        """Takes in another record of the same deployment: the worst of both."""
        self.calls += other.calls
        if other.instructions is not None and other.instructions >= (self.instructions or 0):
            self.instructions = other.instructions
            self.overhead = other.overhead
            self.dispatches = other.dispatches
        self.seconds = max(self.seconds, other.seconds)
        self.ram = max(self.ram, other.ram)
        self.stack = max(self.stack, other.stack)
        self.flash = other.flash or self.flash
        self.parts = {
            name: max(self.parts.get(name, 0), size) for name, size in other.parts.items()
        } or self.parts
        self.accuracy = other.accuracy or self.accuracy


class Recorder:
    """Collects the deployments and calls of one test."""

    def __init__(self) -> None:
        self._records: dict[int, DeploymentRecord] = {}

    @property
    def records(self) -> list[DeploymentRecord]:
        """One record a deployment that the test used, in order of use."""
        return list(self._records.values())

    def knows(self, deployment: Deployment) -> bool:
        """Whether the test has used `deployment` before."""
        return id(deployment) in self._records

    def deployed(self, deployment: Deployment) -> DeploymentRecord:
        """Notes that the test uses `deployment`, and its sizes as they stand."""
        record = self._records.setdefault(
            id(deployment),
            DeploymentRecord(
                deployment.name,
                deployment.target.name,
                deployment.target.board.cores[0].clock_hz,
            ),
        )
        size = deployment.size
        record.flash, record.ram, record.parts = size.flash, size.ram, size.parts
        record.stack = deployment.stack_peak
        return record

    def called(self, deployment: Deployment, result: Result) -> None:
        """Notes one call and keeps the worst."""
        record = self.deployed(deployment)
        record.calls += 1
        record.seconds = max(record.seconds, result.seconds)
        record.seconds_are_estimated = result.seconds_are_estimated
        if result.instructions is not None and result.instructions >= (record.instructions or 0):
            record.instructions = result.instructions
            record.overhead = result.overhead
            record.dispatches = {d.name: d.instructions for d in result.dispatches}

    def measured(self, deployment: Deployment, accuracy: Accuracy) -> None:
        """Notes an accuracy."""
        self.deployed(deployment).accuracy = asdict(accuracy)
