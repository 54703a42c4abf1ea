"""A table of a TOML file whose values are checked as they are taken."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pytest_arielml.errors import UsageError
from pytest_arielml.units import parse_bytes

ADDRESS_SPACE: Final = 1 << 32
_MOST: Final = 16


class Table:
    """A TOML table that knows where it is, and gives checked values."""

    def __init__(self, data: Mapping[str, Any], path: Path, prefix: str) -> None:
        self._data = data
        self._path = path
        self._prefix = prefix

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def error(self, key: str, expected: str, found: str, advice: str | None = None) -> UsageError:
        """What is wrong with the value of `key`."""
        return UsageError(
            f"the board's file is wrong at {self._prefix}{key}",
            where=str(self._path),
            expected=expected,
            found=found,
            advice=advice or f"correct {self._prefix}{key} there",
        )

    def only(self, *keys: str) -> None:
        """Refuses keys that mean nothing: they are mistyped or of another release."""
        for key in self._data:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                raise self.error(
                    key,
                    "one of: " + ", ".join(keys),
                    f"unknown key {key!r}",
                    f"did you mean {self._prefix}{near[0]}?" if near else None,
                )

    def has(self, key: str) -> bool:
        """Whether it says anything of `key`."""
        return key in self._data

    def text(
        self, key: str, form: re.Pattern[str], meaning: str, *, default: str | None = None
    ) -> str:
        """A string of the form."""
        if default is not None and key not in self._data:
            return default
        value = self._value(key, meaning)
        if not isinstance(value, str) or not form.fullmatch(value):
            raise self.error(key, meaning, repr(value))
        return value

    def texts(self, key: str, *, default: tuple[str, ...] | None = None) -> list[str]:
        """A list of strings."""
        if default is not None and key not in self._data:
            return list(default)
        value = self._value(key, "a list of strings")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(key, "a list of strings", repr(value))
        return list(value)

    def boolean(self, key: str) -> bool:
        """True or false."""
        value = self._value(key, "true or false")
        if not isinstance(value, bool):
            raise self.error(key, "true or false", repr(value))
        return value

    def integer(self, key: str, least: int, most: int) -> int:
        """A whole number, both bounds included."""
        meaning = f"a whole number from {least} to {most}"
        value = self._value(key, meaning)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.error(key, meaning, repr(value))
        return value

    def address(self, key: str, *, default: int | None = None) -> int:
        """An address of a word."""
        if default is not None and key not in self._data:
            return default
        value = self.integer(key, 0, ADDRESS_SPACE - 1)
        if value % 4:
            raise self.error(key, "an address that is a multiple of 4", f"{value:#x}")
        return value

    def size(self, key: str) -> int:
        """A number of bytes, as a number or with a unit."""
        meaning = "a size such as 16KiB, or a number of bytes"
        value = self._value(key, meaning)
        try:
            size = parse_bytes(value)
        except UsageError:
            size = 0
        if not 0 < size <= ADDRESS_SPACE or size % 4:
            raise self.error(key, meaning + ", more than 0 and a multiple of 4", repr(value))
        return size

    def table(self, key: str) -> Table:
        """A table within this one."""
        value = self._value(key, f"a table, [{self._prefix}{key}]")
        if not isinstance(value, dict):
            raise self.error(key, f"a table, [{self._prefix}{key}]", repr(value))
        return Table(value, self._path, f"{self._prefix}{key}.")

    def tables(self, key: str) -> list[Table]:
        """One table or more."""
        meaning = f"1 to {_MOST} tables, [[{self._prefix}{key}]]"
        value = self._value(key, meaning)
        if (
            not isinstance(value, list)
            or not 1 <= len(value) <= _MOST
            or not all(isinstance(item, dict) for item in value)
        ):
            raise self.error(key, meaning, repr(value))
        return [
            Table(item, self._path, f"{self._prefix}{key}[{index}].")
            for index, item in enumerate(value)
        ]

    def _value(self, key: str, meaning: str) -> Any:
        if key not in self._data:
            raise self.error(key, meaning, "nothing", f"add {self._prefix}{key}")
        return self._data[key]
