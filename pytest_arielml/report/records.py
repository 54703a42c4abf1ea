"""What a test measured, as plain data: it travels from xdist's workers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

from pytest_arielml.gates import Accuracy
from pytest_arielml.report.tracks import ORDERED, RECORDED, core_tracks, dispatch_costs
from pytest_arielml.session import Deployment, Memory, Result
from pytest_arielml.worst import describe

ARENA = "ram: arena"
STACK = "ram: stack"


_OF_THE_COSTLIEST = (
    "instructions",
    "overhead",
    "imbalance",
    "dispatches",
    "costs",
    "tracks",
    "tracks_from",
)


@dataclass
class DeploymentRecord:
    """One deployment and the worst of its calls in one test.

    Instructions, cycles, RAM and stack are maxima over the calls of the test
    and the load before them, whatever other tests did with the same
    deployment. `seconds` is estimated when `seconds_are_estimated`, with what
    memories make cores wait for when `bus_model`. Sizes are
    bytes; `parts` that start with ``ram: `` make up `ram`, the others `flash`;
    `stacks` has one entry a core, `stack` is the largest. Of the costliest
    call, `dispatches` are instructions by name, `costs` the same with work items
    and seconds, and `tracks` what each core did when; see `dispatch_costs` and
    `core_tracks`.
    `key` tells the deployments of a test apart: the model's name, with a
    number where it is not the first of that name.
    """

    model: str
    target: str
    clock_hz: int
    key: str = ""
    board: str = ""
    flash_size: int = 0
    ram_size: int = 0
    cores: int = 1
    scheduler: str = "greedy"
    traced: bool = False
    model_sha256: str = ""
    module_sha256: str = ""
    image_sha256: str = ""
    flags: list[str] = field(default_factory=list)
    calls: int = 0
    instructions: int | None = None
    overhead: int | None = None
    seconds: float = 0.0
    seconds_are_estimated: bool = True
    bus_model: bool = False
    flash: int = 0
    ram: int = 0
    stack: int = 0
    stacks: list[int] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    tensors: int = 0
    least_tensors: int | None = None
    dispatches: dict[str, int] = field(default_factory=dict)
    costs: list[dict[str, Any]] = field(default_factory=list)
    tracks: list[dict[str, Any]] = field(default_factory=list)
    tracks_from: str = ORDERED
    imbalance: float | None = None
    accuracy: dict[str, Any] | None = None
    kept_in_float: dict[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[object, ...]:
        """What two records of one deployment have in common."""
        return (self.model, self.target, self.image_sha256, self.cores, self.scheduler)

    @property
    def label(self) -> str:
        """The model, and what its figures are not to be compared with others for."""
        if self.traced:
            return f"{self.model} (traced)"
        return f"{self.model} (timeline)" if self.tracks_from == RECORDED else self.model

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
        counted = other.instructions is not None
        if other.calls and (
            (other.instructions or 0) >= (self.instructions or 0)
            if counted
            else other.seconds >= self.seconds
        ):
            for name in _OF_THE_COSTLIEST:
                setattr(self, name, getattr(other, name))
        self.seconds = max(self.seconds, other.seconds)
        self.ram = max(self.ram, other.ram)
        self.stack = max(self.stack, other.stack)
        self.stacks = _largest(self.stacks, other.stacks)
        self.flash = other.flash or self.flash
        self.parts = {
            name: max(self.parts.get(name, 0), size) for name, size in other.parts.items()
        } or self.parts
        self.tensors = other.tensors or self.tensors
        self.least_tensors = other.least_tensors or self.least_tensors
        self.accuracy = other.accuracy or self.accuracy


class Tested(Protocol):
    """A test that has records; see `Outcome`."""

    records: list[DeploymentRecord]


def merged(outcomes: Iterable[Tested]) -> list[DeploymentRecord]:
    """One record a deployment: the worst of all tests that used it."""
    found: dict[tuple[object, ...], DeploymentRecord] = {}
    for outcome in outcomes:
        for record in outcome.records:
            if record.identity in found:
                found[record.identity].merge(record)
            else:
                found[record.identity] = replace(record)
    return list(found.values())


class Recorder:
    """Collects the deployments and calls of one test."""

    def __init__(self, *, bus_model: bool = False) -> None:
        """With nothing measured yet; `bus_model` says how the runner estimates time."""
        self._bus_model = bus_model
        self._records: dict[int, DeploymentRecord] = {}
        self._costliest: dict[int, float] = {}

    @property
    def records(self) -> list[DeploymentRecord]:
        """One record a deployment that the test used, in order of use."""
        return list(self._records.values())

    def knows(self, deployment: Deployment) -> bool:
        """Whether the test has used `deployment` before."""
        return id(deployment) in self._records

    def deployed(self, deployment: Deployment) -> DeploymentRecord:
        """Notes that the test uses `deployment`, with its sizes once loaded."""
        record = self._records.get(id(deployment))
        if record is None:
            record = self._records[id(deployment)] = _record(deployment, self._key(deployment))
            record.bus_model = self._bus_model
            _use(record, deployment.loaded)
        return record

    def called(self, deployment: Deployment, result: Result) -> None:
        """Notes one call and keeps the worst."""
        record = self.deployed(deployment)
        record.calls += 1
        record.seconds = max(record.seconds, result.seconds)
        record.seconds_are_estimated = result.seconds_are_estimated
        _use(record, result.memory)
        # By seconds where nothing counts instructions.
        cost = result.seconds if result.instructions is None else result.instructions
        if record.calls > 1 and cost < self._costliest[id(deployment)]:
            return
        self._costliest[id(deployment)] = cost
        record.instructions = result.instructions
        record.overhead = result.overhead
        record.imbalance = result.imbalance
        record.dispatches = {d.name: d.instructions for d in result.dispatches}
        record.costs = dispatch_costs(result)
        record.tracks_from, record.tracks = core_tracks(result)

    def measured(
        self, deployment: Deployment, accuracy: Accuracy, *, cases: Path | None = None
    ) -> None:
        """Notes an accuracy; `cases` is the folder with its worst cases."""
        self.deployed(deployment).accuracy = {
            "top1": accuracy.top1,
            "top1_interval": list(accuracy.top1_interval),
            "reference_top1": accuracy.reference_top1,
            "agreement": accuracy.agreement,
            "agreement_interval": list(accuracy.agreement_interval),
            "n": accuracy.n,
            "worst": [describe(case) for case in accuracy.worst],
            "cases": None if cases is None else str(cases),
        }

    def _key(self, deployment: Deployment) -> str:
        same = sum(record.model == deployment.name for record in self._records.values())
        return f"{deployment.name} #{same + 1}" if same else deployment.name


def _record(deployment: Deployment, key: str) -> DeploymentRecord:
    board, size = deployment.target.board, deployment.size
    return DeploymentRecord(
        deployment.name,
        deployment.target.name,
        board.cores[0].clock_hz,
        key=key,
        board=board.description,
        flash_size=board.flash.length,
        ram_size=board.ram.length,
        cores=deployment.target.cores,
        scheduler=deployment.scheduler,
        traced=deployment.traced,
        model_sha256=deployment.model.digest,
        module_sha256=_sha256(deployment.compiled.module),
        image_sha256=_sha256(deployment.firmware),
        flags=list(deployment.compiled.flags),
        flash=size.flash,
        parts={**size.parts, ARENA: 0, STACK: 0},
        tensors=size.tensors,
        least_tensors=size.least_tensors,
        kept_in_float=deployment.kept_in_float,
    )


def _use(record: DeploymentRecord, memory: Memory) -> None:
    """Takes in the memory that a load or a call needed."""
    record.stacks = _largest(record.stacks, memory.stack_peak)
    record.stack = max(record.stacks)
    record.parts[ARENA] = max(record.parts[ARENA], memory.heap_peak)
    record.parts[STACK] = sum(record.stacks)
    record.ram = sum(size for name, size in record.parts.items() if name.startswith("ram: "))


def _largest(some: Sequence[int], others: Sequence[int]) -> list[int]:
    """The larger of each two, core by core."""
    return [max(pair) for pair in zip_longest(some, others, fillvalue=0)]


@lru_cache(maxsize=1024)
def _sha256(path: Path) -> str:
    """Of a file in the cache, whose content does not change."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
