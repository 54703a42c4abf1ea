"""Quantities as people write them: ``96KiB``, ``1.2M``, ``25ms``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pytest_arielml.errors import UsageError

_BYTES: Final = {"": 1, "B": 1, "KB": 1000, "MB": 10**6, "KIB": 1024, "MIB": 1024**2}
_COUNT: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_SECONDS: Final = {"S": 1.0, "MS": 1e-3, "US": 1e-6, "NS": 1e-9}
_FORM: Final = re.compile(r"\s*([0-9][0-9_]*(?:\.[0-9]+)?)\s*([A-Za-zµ]*)\s*")


def parse_bytes(text: str | int, *, what: str = "size") -> int:
    """Bytes of ``96KiB``, ``256KB``, ``1MiB``, ``512`` or an int.

    Raises: UsageError for anything else.
    """
    return round(_parse(text, _BYTES, what, "96KiB, 256KB, 1MiB or a number of bytes"))


def parse_count(text: str | int, *, what: str = "count") -> int:
    """A number of ``1.2M``, ``400k``, ``1_200_000`` or an int.

    Raises: UsageError for anything else.
    """
    return round(_parse(text, _COUNT, what, "1.2M, 400k or a whole number"))


def parse_seconds(text: str | float, *, what: str = "time") -> float:
    """Seconds of ``25ms``, ``1.5s``, ``800us``, or a number of seconds.

    Raises: UsageError for anything else.
    """
    if isinstance(text, (int, float)):
        return _positive(float(text), text, what, "25ms, 1.5s or a number of seconds")
    forms = "25ms, 1.5s, 800us or a number of seconds"
    return _parse(text.replace("µ", "u"), {"": 1.0, **_SECONDS}, what, forms)


def parse_share(text: str | float, *, what: str = "share") -> float:
    """A fraction of 1 of ``2%``, ``0.5 %``, or a number of 0 to 1.

    Raises: UsageError for anything else.
    """
    forms = "0.5%, or a fraction of 1 such as 0.005"
    stripped = str(text).strip()
    number, percent = stripped.removesuffix("%"), stripped.endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        raise UsageError(
            f"{what} is not a share",
            expected=forms,
            found=repr(text),
            advice="write it with a % sign",
        ) from None
    if isinstance(text, bool) or not 0 <= share <= 1:
        raise UsageError(
            f"{what} is not a share",
            expected=forms,
            found=repr(text),
            advice="write it with a % sign",
        )
    return share


def format_bytes(count: int) -> str:
    """``42.8 KiB`` from 1 KiB on, ``512 B`` below."""
    if abs(count) < 1024:
        return f"{count} B"
    if abs(count) < 1024**2:
        return f"{count / 1024:.1f} KiB"
    return f"{count / 1024**2:.2f} MiB"


def format_count(count: int) -> str:
    """Digits in groups of three: ``2 374 112`` written ``2,374,112``."""
    return f"{count:,}"


def format_number(count: int, noun: str) -> str:
    """``1 test``, ``2 tests``."""
    return f"{format_count(count)} {noun}" + ("" if count == 1 else "s")


def format_seconds(seconds: float) -> str:
    """``37.10 ms``, ``812 us`` or ``1.20 s``."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1.0:
        return f"{seconds * 1e3:.2f} ms"
    return f"{seconds:.2f} s"


def format_share(share: float) -> str:
    """``97.40 %``."""
    return f"{share * 100:.2f} %"


def _parse(text: str | int, factors: Mapping[str, float], what: str, forms: str) -> float:
    if isinstance(text, bool) or not isinstance(text, (str, int)):
        raise UsageError(
            f"{what} is not a quantity",
            expected=forms,
            found=repr(text),
            advice="write a number and its unit, without a sign",
        )
    if isinstance(text, int):
        return _positive(float(text), text, what, forms)
    match = _FORM.fullmatch(text)
    factor = factors.get(match[2].upper()) if match else None
    if match is None or factor is None:
        raise UsageError(
            f"{what} is not a quantity",
            expected=forms,
            found=repr(text),
            advice="write a number and its unit, without a sign",
        )
    return float(match[1].replace("_", "")) * factor


def _positive(value: float, text: object, what: str, forms: str) -> float:
    if not value >= 0 or value == float("inf"):
        raise UsageError(
            f"{what} is not a quantity",
            expected=forms,
            found=repr(text),
            advice="write a number and its unit, without a sign",
        )
    return value
