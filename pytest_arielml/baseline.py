"""Baselines: the figures of a recorded run, kept to compare later runs with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from pytest_arielml.boards import HOST
from pytest_arielml.errors import UsageError
from pytest_arielml.files import replace_file
from pytest_arielml.tolerances import KIND_OF, Tolerances

#: Version of the file's layout.
FORMAT: Final = 1
_MODEL: Final = "model_sha256"
_INPUTS: Final = "inputs"

Figures = dict[str, int | float | str]
"""Figures of one deployment by name, the model's sha256, and how many inputs had an accuracy."""


class Measured(Protocol):
    """What a baseline takes of a deployment in one test; see `DeploymentRecord`."""

    key: str
    target: str
    model_sha256: str
    calls: int
    instructions: int | None
    flash: int
    ram: int
    stack: int
    accuracy: dict[str, Any] | None


@dataclass(frozen=True)
class Change:
    """One figure of one deployment in one test, beside what was recorded.

    Attributes:
        test: the test's id.
        deployment: which of its deployments.
        figure: instructions, flash, ram, stack, top1 or agreement.
        recorded, measured: in the figure's unit; `measured` is None where it
            was recorded and the test measures it no more.
        worst: the worst value that the tolerance allows.
        regressed: it got worse than that, or is measured no more.
    """

    test: str
    deployment: str
    figure: str
    recorded: float
    measured: float | None
    worst: float
    regressed: bool

    @property
    def improved(self) -> bool:
        """It got better, by however little."""
        if self.measured is None or self.measured == self.recorded:
            return False
        return (self.measured > self.recorded) is KIND_OF[self.figure].rises

    @property
    def amount(self) -> str:
        """By how much it changed: ``+63,000 (+5.0 %)``, ``-1.00 points``."""
        if self.measured is None:
            return "measured no more"
        kind = KIND_OF[self.figure]
        difference = self.measured - self.recorded
        sign = "-" if difference < 0 else "+"
        if kind.rises:
            return f"{sign}{abs(difference) * 100:.2f} points"
        share = f" ({difference / self.recorded:+.1%})" if self.recorded else ""
        return f"{sign}{kind.write(abs(difference))}{share}"

    def __str__(self) -> str:
        if self.measured is None:
            return f"{self.deployment}: {self.figure} is {self.amount}"
        write = KIND_OF[self.figure].writer(self.recorded, self.measured)
        return (
            f"{self.deployment}: {self.figure} {self.amount}, "
            f"{write(self.recorded)} -> {write(self.measured)}"
        )


def figures(record: Measured) -> Figures:
    """The figures of a deployment that a baseline keeps.

    Of the target `host`, this machine, that is its accuracy alone.
    """
    found: Figures = {}
    if record.target != HOST:
        if record.calls and record.instructions is not None:
            found["instructions"] = record.instructions
        found |= {"flash": record.flash, "ram": record.ram, "stack": record.stack}
    if record.accuracy:
        found |= {name: round(record.accuracy[name], 6) for name in ("top1", "agreement")}
        found[_INPUTS] = record.accuracy["n"]
    return {_MODEL: record.model_sha256, **found} if found else {}


@dataclass(frozen=True)
class Baseline:
    """The figures of every test of a recorded run.

    Attributes:
        tests: by test id, by deployment (`DeploymentRecord.key`).
        made_with: versions of what measured them, by name.
    """

    tests: Mapping[str, Mapping[str, Figures]] = field(default_factory=dict)
    made_with: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Reads what `write` wrote. Raises: UsageError when there is none, or it is none."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(
                "there is no such baseline",
                where=str(path),
                advice="record one: add --arielml-update-baseline to this command",
            ) from None
        except (OSError, ValueError) as error:
            raise _unreadable(path, "JSON", str(error)) from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            found = content.get("format") if isinstance(content, dict) else content
            raise _unreadable(path, f"format {FORMAT}", f"format {found!r}"[:60])
        tests = content.get("tests")
        if not isinstance(tests, dict):
            raise _unreadable(path, "tests by id", repr(tests)[:60])
        for test, deployments in tests.items():
            _check(path, test, deployments)
        made_with = content.get("made_with")
        return cls(tests, made_with if isinstance(made_with, dict) else {})

    def write(self, path: Path) -> None:
        """Writes it whole or not at all: sorted, one figure a line. Raises: UsageError."""
        content = {"format": FORMAT, "made_with": self.made_with, "tests": self.tests}
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        try:
            replace_file(path, text.encode())
        except OSError as error:
            raise UsageError(
                "the baseline cannot be written",
                where=str(path),
                found=error.strerror or "",
                advice="name a file that you can write to: --arielml-baseline FILE",
            ) from None

    def updated(
        self, tests: Mapping[str, Sequence[Measured]], *, made_with: Mapping[str, str]
    ) -> Baseline:
        """With the figures of `tests` in place of those recorded; other tests keep theirs."""
        new = {
            test: {record.key: kept for record in records if (kept := figures(record))}
            for test, records in tests.items()
        }
        return Baseline({**self.tests, **{t: kept for t, kept in new.items() if kept}}, made_with)

    def compare(
        self, test: str, records: Sequence[Measured], tolerances: Tolerances
    ) -> list[Change]:
        """Every figure that was recorded for a test, beside what it measured now.

        Accuracies on another number of inputs than recorded are not compared.
        """
        measured = {record.key: figures(record) for record in records}
        changes = []
        for deployment, recorded in self.tests.get(test, {}).items():
            now = measured.get(deployment, {})
            other_inputs = _INPUTS in now and now[_INPUTS] != recorded.get(_INPUTS)
            for figure, kind in KIND_OF.items():
                if figure in recorded and not (kind.rises and other_inputs):
                    changes.append(
                        _change(
                            test, deployment, figure, recorded[figure], now.get(figure), tolerances
                        )
                    )
        return changes

    def notes(
        self, test: str, records: Sequence[Measured], versions: Mapping[str, str]
    ) -> list[str]:
        """What besides the code under test is different from when it was recorded."""
        notes = []
        for record in records:
            recorded = self.tests.get(test, {}).get(record.key, {})
            if recorded.get(_MODEL, record.model_sha256) != record.model_sha256:
                notes.append(f"the model {record.key} is another file than the recorded one")
            inputs = recorded.get(_INPUTS)
            if inputs is not None and record.accuracy and record.accuracy["n"] != inputs:
                notes.append(
                    f"{record.key}: accuracy not compared, on {record.accuracy['n']} inputs "
                    f"now and {inputs} then"
                )
        for name, version in self.made_with.items():
            if name in versions and versions[name] != version:
                notes.append(f"recorded with {name} {version}, now {versions[name]}")
        return notes


def regression_text(changes: Sequence[Change], notes: Sequence[str], *, where: str) -> str | None:
    """What a test that got worse says, a line a figure, then all of them; `None` when none did."""
    worse = [change for change in changes if change.regressed]
    if not worse:
        return None
    lines = [*map(regression_line, worse), change_table(changes)]
    lines += [f"  {note}" for note in notes]
    lines.append(f"  baseline: {where}; accept this with --arielml-update-baseline")
    return "\n".join(lines)


def regression_line(change: Change) -> str:
    """One regression, as summaries have it."""
    return f"worse than the baseline: {change}"


def change_table(changes: Sequence[Change]) -> str:
    """What was recorded, measured and allowed of each figure, one a line."""
    rows = [("", "recorded", "measured", "change", "allowed", "")]
    for change in changes:
        kind, measured = KIND_OF[change.figure], change.measured
        write = kind.write
        apart = write if measured is None else kind.writer(change.recorded, measured)
        rows.append(
            (
                f"{change.deployment} {change.figure}",
                apart(change.recorded),
                "-" if measured is None else apart(measured),
                change.amount if change.measured != change.recorded else "",
                write(round(change.worst) if not KIND_OF[change.figure].rises else change.worst),
                "WORSE" if change.regressed else "",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        "  ".join(
            [
                "",
                row[0].ljust(widths[0]),
                *(row[c].rjust(widths[c]) for c in (1, 2, 3, 4)),
                row[5],
            ]
        ).rstrip()
        for row in rows
    )


def _change(
    test: str,
    deployment: str,
    figure: str,
    recorded: Any,
    measured: Any,
    tolerances: Tolerances,
) -> Change:
    kind = KIND_OF[figure]
    worst = tolerances[kind.name].worst(recorded, kind)
    # Shares are kept to six digits: what lies within half of the last is on the bound.
    slack = 5e-7 if kind.rises else 0.0
    regressed = measured is None or (
        measured < worst - slack if kind.rises else measured > worst + slack
    )
    return Change(test, deployment, figure, recorded, measured, worst, regressed)


def _check(path: Path, test: str, deployments: Any) -> None:
    if not isinstance(deployments, dict):
        raise _unreadable(path, f"deployments of {test}", repr(deployments)[:60])
    for deployment, found in deployments.items():
        if not isinstance(found, dict):
            raise _unreadable(path, f"figures of {deployment} in {test}", repr(found)[:60])
        for name, value in found.items():
            if name != _MODEL and (
                isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0
            ):
                raise _unreadable(path, f"a number for {name} of {test}", repr(value)[:60])


def _unreadable(path: Path, expected: str, found: str) -> UsageError:
    return UsageError(
        "the baseline cannot be read",
        where=str(path),
        expected=expected,
        found=found,
        advice="take it from version control, or remove it and record it anew "
        "with --arielml-update-baseline",
    )
