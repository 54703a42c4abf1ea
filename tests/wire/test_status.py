from __future__ import annotations

import pytest

from pytest_arielml.wire.messages import Failure
from pytest_arielml.wire.status import sentence


@pytest.mark.parametrize(
    ("message", "subject", "values", "expected"),
    [
        ("no such import", "hal.x", (0, 0), "NOT_FOUND: no such import (hal.x)"),
        (
            "arena full: bytes asked, bytes free",
            "",
            (512, 96),
            "NOT_FOUND: arena full: bytes asked 512, bytes free 96",
        ),
        ("too long: at most", "name", (8, 0), "NOT_FOUND: too long (name): at most 8"),
        ("odd", "", (7, 9), "NOT_FOUND: odd [7, 9]"),
        ("odd: a, b, c", "", (7, 9), "NOT_FOUND: odd: a, b, c [7, 9]"),
    ],
)
def test_values_stand_beside_what_they_are(
    message: str, subject: str, values: tuple[int, int], expected: str
) -> None:
    assert sentence(Failure(1, 5, message, subject, values, None, None)) == expected
