"""Where pytest is configured, and what a target needs there."""

from __future__ import annotations

import configparser
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pytest_arielml.errors import UsageError
from pytest_arielml.files import replace_file

_KEY: Final = "arielml_target"
# In the order in which pytest looks, in each folder from the tests' upwards; the tables
# that make a file pytest's. A file of these names without a table is pytest's all the same.
_FILES: Final[dict[str, tuple[str, ...]]] = {
    "pytest.toml": ("pytest",),
    ".pytest.toml": ("pytest",),
    "pytest.ini": ("pytest",),
    ".pytest.ini": ("pytest",),
    "pyproject.toml": ("tool.pytest", "tool.pytest.ini_options"),
    "tox.ini": ("pytest",),
    "setup.cfg": ("tool:pytest",),
}
_OWN: Final = frozenset({"pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"})
_PYPROJECT: Final = "pyproject.toml"
_COMMENT: Final = "# Where tests run, one or several: arielml boards"


@dataclass(frozen=True)
class Configuration:
    """A file that pytest takes its configuration from.

    Attributes:
        path: of the file.
        table: what holds it there, without brackets.
        present: whether the file has that table.
        targets: those of `arielml_target`; empty without it.
    """

    path: Path
    table: str
    present: bool
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Addition:
    """What a configuration lacks.

    Attributes:
        path: of the file.
        table: where the lines belong.
        lines: to be added.
        text: the whole file with them.
        touches: whether a table that somebody wrote is changed by it.
    """

    path: Path
    table: str
    lines: str
    text: str
    touches: bool

    def write(self) -> None:
        """Writes the file whole or not at all. Raises: OSError."""
        replace_file(self.path, self.text.encode())


def configuration(folder: Path) -> Configuration | None:
    """The file that pytest is configured by when it runs in `folder`; None when there is none.

    Raises: UsageError for a file that pytest would not read either.
    """
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        for name in _FILES:
            path = place / name
            if path.is_file():
                found = _read(path)
                if found.present or name in _OWN:
                    return found
    return None


def plan(found: Configuration | None, folder: Path, target: str) -> Addition | None:
    """What makes tests in `folder` run on `target`; None when targets are configured already.

    Without a configuration it goes into the `pyproject.toml` of `folder`, or
    else into a new `pytest.ini` there.
    """
    if found is not None:
        return None if found.targets else _into(found, target)
    path = folder / _PYPROJECT
    if path.is_file():
        return _into(Configuration(path, _FILES[_PYPROJECT][-1], False, ()), target)
    return _into(Configuration(folder / "pytest.ini", "pytest", False, ()), target)


def _into(found: Configuration, target: str) -> Addition:
    if found.path.suffix == ".toml":
        lines = f'{_COMMENT}\n{_KEY} = ["{target}"]\n'
    else:
        lines = f"{_COMMENT}\n{_KEY} =\n    {target}\n"
    old = found.path.read_text(encoding="utf-8") if found.path.is_file() else ""
    header = re.compile(rf"^[ \t]*\[{re.escape(found.table)}\][ \t]*([#;].*)?$", re.MULTILINE)
    match = header.search(old)
    if match is not None:
        text = f"{old[: match.end()]}\n{lines.rstrip()}{old[match.end() :]}"
        text = text if text.endswith("\n") else text + "\n"
    else:
        gap = "" if not old.strip() else "\n" if old.endswith("\n") else "\n\n"
        text = f"{old}{gap}[{found.table}]\n{lines}"
    return Addition(found.path, found.table, lines, text, found.present)


def _read(path: Path) -> Configuration:
    tables = _FILES[path.name]
    try:
        text = path.read_text(encoding="utf-8")
        content = _toml(text) if path.suffix == ".toml" else _ini(text)
    except (OSError, ValueError, configparser.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise UsageError(
            "the configuration of pytest cannot be read",
            where=str(path),
            found=reason,
            advice="mend or remove that file: pytest does not run with it either",
        ) from None
    for table in tables:
        values = content.get(table)
        # [tool.pytest] is there wherever [tool.pytest.ini_options] is.
        if values is not None and not (table == "tool.pytest" and "ini_options" in values):
            return Configuration(path, table, True, _targets(values.get(_KEY)))
    return Configuration(path, tables[-1], False, ())


def _toml(text: str) -> dict[str, dict[str, Any]]:
    content = tomllib.loads(text)
    tool = content.get("tool", {}).get("pytest")
    found = {"pytest": content.get("pytest"), "tool.pytest": tool}
    found["tool.pytest.ini_options"] = tool.get("ini_options") if tool else None
    return {table: values for table, values in found.items() if isinstance(values, dict)}


def _ini(text: str) -> dict[str, dict[str, Any]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    return {section: dict(parser[section]) for section in parser.sections()}


def _targets(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        lines = (line.strip() for line in value.splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))
    return tuple(map(str, value)) if isinstance(value, list) else ()
