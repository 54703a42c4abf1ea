"""Pass rates, by stage and by operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conformance.onnx.outcome import Stage


@dataclass(frozen=True)
class Line:
    """What the summary needs of one outcome."""

    target: str
    case: str
    operator: str
    stage: Stage
    frozen: bool

    def to_json(self) -> list[object]:
        """As plain data."""
        return [self.target, self.case, self.operator, str(self.stage), self.frozen]

    @classmethod
    def from_json(cls, data: Sequence[object]) -> Line:
        """From what `to_json` gave."""
        target, case, operator, stage, frozen = data
        return cls(str(target), str(case), str(operator), Stage(str(stage)), bool(frozen))


def by_stage(lines: Sequence[Line]) -> Iterator[str]:
    """How many cases ended at each stage."""
    counts = Counter(line.stage for line in lines)
    for stage in Stage:
        if stage is not Stage.PASSED and counts[stage]:
            yield f"{counts[stage]:6}  {stage}"
    passed = counts[Stage.PASSED]
    frozen = sum(line.frozen for line in lines if line.stage is Stage.PASSED)
    yield f"{passed:6}  passed, {_percent(passed, len(lines))} of {len(lines)}" + (
        f" ({frozen} with frozen operands)" if frozen else ""
    )


def by_operator(lines: Iterable[Line], *, every: bool) -> Iterator[str]:
    """Pass rate of each operator; of those that pass whole only the number, unless `every`."""
    operators: dict[str, Counter[Stage]] = {}
    for line in lines:
        operators.setdefault(line.operator, Counter())[line.stage] += 1
    whole = 0
    for operator, counts in sorted(operators.items()):
        passed, total = counts[Stage.PASSED], counts.total()
        if passed == total and not every:
            whole += 1
            continue
        rest = ", ".join(
            f"{counts[stage]} {stage}"
            for stage in Stage
            if stage is not Stage.PASSED and counts[stage]
        )
        yield f"{operator:<34}{passed:4} of {total:<4}{rest}".rstrip()
    if whole:
        yield f"and {whole} operators that pass in all of their cases"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
