"""Reads the part of Renode's platform language that our descriptions use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_HEX = r"0x[0-9A-Fa-f]+"
_OWN = rf"new Bus\.BusPointRegistration {{ address: ({_HEX}); cpu: (\w+) }}"
_ENTRY = re.compile(rf"(\w+): ([\w.]+) @ sysbus(?: (?:({_HEX})|<({_HEX}), \+{_HEX}>|{_OWN}))?")
_SEVERAL = re.compile(r"(\w+): ([\w.]+) @ {")
_PLACE = re.compile(rf"        sysbus ({_HEX})(;?)")
_VALUE = re.compile(r"    (\w+): (.+)")
_LINE = re.compile(r"    ((?:\w+ )?|\[[^]]+\] )-> (\w+)@(.+)")


@dataclass
class Entry:
    """A peripheral: where it is, its properties, and its interrupt lines as they stand.

    One that is a core's own says whose; one that is at several places, the others.
    """

    name: str
    kind: str
    base: int | None
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    core: str | None = None
    views: list[int] = field(default_factory=list)

    def number(self, key: str) -> int:
        return int(self.values[key], 0)

    def text(self, key: str) -> str:
        value = self.values[key]
        assert value[:1] == value[-1:] == '"', value
        return value[1:-1]


def read(path: Path) -> dict[str, Entry]:
    """The peripherals of a description by name. Raises: ValueError for a line it cannot read."""
    entries: dict[str, Entry] = {}
    entry: Entry | None = None
    lines: Iterator[str] = iter(path.read_text(encoding="ascii").splitlines())
    for line in lines:
        if not line or line.startswith("//"):
            continue
        if match := _ENTRY.fullmatch(line):
            name, kind, base, start, own, core = match.groups()
            place = base or start or own
            entry = Entry(name, kind, int(place, 16) if place else None, core=core)
            if name in entries:
                raise ValueError(f"{path.name}: a second {name}")
            entries[name] = entry
        elif match := _SEVERAL.fullmatch(line):
            base, *views = _places(lines)
            entry = entries[match[1]] = Entry(match[1], match[2], base, views=views)
        elif entry is None:
            raise ValueError(f"{path.name}: {line!r} belongs to nothing")
        elif line == "    script: '''":
            entry.values["script"] = _script(lines)
        elif match := _LINE.fullmatch(line):
            entry.lines[match[1].strip() or "IRQ"] = f"{match[2]}@{match[3]}"
        elif match := _VALUE.fullmatch(line):
            entry.values[match[1]] = match[2]
        else:
            raise ValueError(f"{path.name}: cannot read {line!r}")
    return entries


def _places(lines: Iterator[str]) -> list[int]:
    places = []
    for line in lines:
        match = _PLACE.fullmatch(line)
        if match is None:
            raise ValueError(f"no place: {line!r}")
        places.append(int(match[1], 16))
        if not match[2]:
            break
    if next(lines) != "    }":
        raise ValueError("places without an end")
    return places


def _script(lines: Iterator[str]) -> str:
    taken: list[str] = []
    for line in lines:
        if line == "'''":
            return "\n".join(taken) + "\n"
        taken.append(line)
    raise ValueError("a script without an end")


@dataclass
class Script:
    """What a `.resc` does, line by line, macros by name."""

    commands: list[str] = field(default_factory=list)
    macros: dict[str, list[str]] = field(default_factory=dict)


def read_script(path: Path) -> Script:
    """A file of monitor commands."""
    script = Script()
    eaten: list[str] | None = None
    for line in path.read_text(encoding="ascii").splitlines():
        if line == '"""':
            if eaten is None:
                command, name = script.commands.pop().split()
                assert command == "macro", command
                eaten = script.macros.setdefault(name, [])
            else:
                eaten = None
        elif eaten is not None:
            eaten.append(line.strip())
        elif line and not line.startswith((":", "#")):
            script.commands.append(line)
    assert eaten is None, "a macro without an end"
    return script
