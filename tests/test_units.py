from __future__ import annotations

import pytest

from pytest_arielml.errors import UsageError
from pytest_arielml.units import (
    format_bytes,
    format_count,
    format_number,
    format_seconds,
    format_share,
    parse_bytes,
    parse_count,
    parse_seconds,
    parse_share,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("96KiB", 98304),
        ("96 kib", 98304),
        ("256KB", 256_000),
        ("1MiB", 1 << 20),
        ("0.5MiB", 1 << 19),
        ("512", 512),
        (512, 512),
    ],
)
def test_bytes(text: str | int, expected: int) -> None:
    assert parse_bytes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("1.2M", 1_200_000), ("400k", 400_000), ("1_200", 1200), (7, 7)]
)
def test_counts(text: str | int, expected: int) -> None:
    assert parse_count(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("25ms", 0.025), ("1.5s", 1.5), ("800us", 8e-4), ("3µs", 3e-6), (2, 2.0)]
)
def test_seconds(text: str | float, expected: float) -> None:
    assert parse_seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "KiB", "-1", "1.2.3", "12 apples", "1e3", True, None, 1.5])
def test_what_is_no_size_is_refused_by_name(text: object) -> None:
    with pytest.raises(UsageError) as caught:
        parse_bytes(text, what="flash")  # type: ignore[arg-type]
    assert "flash" in str(caught.value)
    assert "96KiB" in str(caught.value)


@pytest.mark.parametrize("value", [-1, -0.5, float("nan"), float("inf")])
def test_times_that_cannot_be_are_refused(value: float) -> None:
    with pytest.raises(UsageError):
        parse_seconds(value)


def test_formats() -> None:
    assert format_bytes(512) == "512 B"
    assert format_bytes(98304) == "96.0 KiB"
    assert format_bytes(3 << 20) == "3.00 MiB"
    assert format_count(2374112) == "2,374,112"
    assert format_seconds(0.0371) == "37.10 ms"
    assert format_seconds(8.12e-4) == "812 us"
    assert format_seconds(1.2) == "1.20 s"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2%", 0.02), ("0.5 %", 0.005), ("100%", 1.0), ("0.25", 0.25), (0.25, 0.25), (0, 0.0)],
)
def test_shares(text: str | float, expected: float) -> None:
    assert parse_share(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "%", "-1%", "101%", "1.5", "half", "nan", "inf", True])
def test_what_is_no_share(text: str | float) -> None:
    with pytest.raises(UsageError, match="tolerance is not a share"):
        parse_share(text, what="tolerance")


def test_shares_and_numbers_as_they_are_shown() -> None:
    assert format_share(0.974) == "97.40 %"
    assert (format_number(1, "test"), format_number(0, "test")) == ("1 test", "0 tests")
    assert format_number(1200, "figure") == "1,200 figures"
