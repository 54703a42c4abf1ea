"""A run to report, as a session of pytest leaves it."""

from __future__ import annotations

from typing import Any

from pytest_arielml.report import DeploymentRecord, Outcome
from pytest_arielml.report.document import Run


def record(**changes: Any) -> DeploymentRecord:
    """What a test measured of a model of three dispatches on a board with one core."""
    seconds = {"main_dispatch_0_conv_1x6_i8": 0.003, "main_dispatch_1_matmul": 0.002, "late": 1e-4}
    costs: list[dict[str, Any]] = []
    tracks: list[dict[str, Any]] = []
    begin = 0.0
    for name, spent in seconds.items():
        costs.append(
            {"name": name, "work_items": 2, "instructions": int(spent * 5e7), "seconds": spent}
        )
        tracks.append({"core": 0, "name": name, "begin": begin, "end": begin + spent})
        begin += spent
    fields: dict[str, Any] = {
        "model": "lenet5",
        "target": "emu-nrf52840",
        "clock_hz": 64_000_000,
        "key": "lenet5",
        "board": "Nordic nRF52840 DK",
        "flash_size": 1 << 20,
        "ram_size": 1 << 18,
        "model_sha256": "a" * 64,
        "module_sha256": "b" * 64,
        "image_sha256": "c" * 64,
        "flags": ["--iree-opt-level=O3"],
        "calls": 3,
        "instructions": 260_000,
        "overhead": 5_000,
        "seconds": 0.0052,
        "flash": 100_000,
        "ram": 20_000,
        "stack": 2_000,
        "stacks": [2_000],
        "parts": {"weights": 60_000, "VM": 40_000, "ram: arena": 18_000, "ram: stack": 2_000},
        "costs": costs,
        "tracks": tracks,
        "accuracy": {
            "top1": 0.974,
            "top1_interval": [0.956, 0.985],
            "reference_top1": 0.976,
            "agreement": 0.998,
            "agreement_interval": [0.989, 1.0],
            "n": 500,
            "worst": [],
            "cases": "worst/test/lenet5",
        },
    }
    return DeploymentRecord(**(fields | changes))


def outcome(name: str = "test_a", **changes: Any) -> Outcome:
    """A test that passed, with one deployment."""
    return Outcome(f"test_a.py::{name}", records=[record()], **changes)


def run(*tests: Outcome, started: str = "2026-11-20T10:00:00+00:00") -> Run:
    """A run of `tests`; by default of one that passed."""
    return Run(
        started=started,
        seconds=12.5,
        commit="0123456789abcdef",
        versions={"pytest-arielml": "1.0", "iree-base-compiler": "3.13.0"},
        host={"system": "Linux x86_64"},
        options={"targets": ["emu-nrf52840"], "scheduler": "greedy"},
        tests=list(tests) or [outcome()],
    )
