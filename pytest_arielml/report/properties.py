"""What a test measured as properties of its case in JUnit's XML."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_arielml.boards import HOST
from pytest_arielml.report.records import DeploymentRecord


def properties(records: Sequence[DeploymentRecord]) -> list[tuple[str, object]]:
    """Names and values, the unit in each name: ``arielml.lenet5.flash_bytes``."""
    found: list[tuple[str, object]] = []
    for record in records:
        values: dict[str, object] = {"target": record.target, "model_sha256": record.model_sha256}
        if record.calls:
            if record.instructions is not None:
                values["instructions"] = record.instructions
            kind = "estimated_seconds" if record.seconds_are_estimated else "seconds"
            values[kind] = f"{record.seconds:.9f}"
        if record.target != HOST:
            values |= {
                "image_sha256": record.image_sha256,
                "flash_bytes": record.flash,
                "ram_bytes": record.ram,
                "stack_bytes": record.stack,
            }
        if record.accuracy:
            values |= {name: record.accuracy[name] for name in ("top1", "agreement")}
            values["accuracy_inputs"] = record.accuracy["n"]
        found += [(f"arielml.{record.key}.{name}", value) for name, value in values.items()]
    return found
