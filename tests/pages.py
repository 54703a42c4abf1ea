"""Pages that a reader follows to the letter, followed by a test.

A `console` block is what a reader types behind `$ ` (and `> `, where a command goes
on) and what it prints; `...` stands for anything, figures may be off by a little. A
comment before a block says what else there is to know of it:

    <!-- file: NAME -->         its content is that of the file NAME
    <!-- append: NAME -->       its content is added to the file NAME
    <!-- shows: NAME -->        it is what the file NAME holds by now
    <!-- exits with N -->       the last command ends with status N, and not 0
    <!-- install -->            it installs what is there when a test runs
    <!-- another machine -->    it is not followed here

With ARIELML_UPDATE_PAGES=1 lines that are printed otherwise than the page has them,
figures above all, are corrected in the page.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from sybil import Document, Example
from sybil.parsers.myst import CodeBlockParser

#: The variable that has pages corrected.
UPDATE = "ARIELML_UPDATE_PAGES"
_NOTE = re.compile(r"<!-- ([^\n]*) -->\s*\Z")
# Not those in a name (nrf52840, matmul_1x32), and none that goes on in a gap (0.014...).
_NUMBER = r"(?<![\w.])[-+]?\d++(?:,\d{3})*+(?:\.\d++)?+(?!\w|,?\.\.\.)"
_TOKEN = re.compile(rf"\.\.\.|{_NUMBER}")
_LANGUAGES = ("console", "python", "ini", "toml", "yaml", "text", "json")


@dataclass
class Reader:
    """Somebody who follows a page, in a folder and a shell of their own.

    `files` are those that the page had them write.
    """

    folder: Path
    environment: dict[str, str]
    timeout: float = 300.0
    files: dict[str, str] = field(default_factory=dict)

    def follow(self, example: Example) -> None:
        """Does what one block says. Raises: AssertionError when it comes out otherwise."""
        note = note_of(example)
        kind, _, argument = note.partition(": ")
        place = f"{example.path}:{example.line}"
        if kind == "another machine":
            return
        if kind in ("file", "append"):
            self._write(argument, example.parsed, append=kind == "append")
            return
        if kind == "shows":
            self._compare(example, place, example.parsed, (self.folder / argument).read_text())
            return
        if kind == "install":
            note = ""
        if language_of(example) != "console":
            assert not note, f"{place}: what is {note!r}?"
            return
        steps = commands(example.parsed)
        assert steps, f"{place}: no line of it begins with a prompt"
        wanted = int(note.removeprefix("exits with ")) if note else 0
        for number, (command, expected) in enumerate(steps, 1):
            status, printed = self._run(command)
            last = number == len(steps)
            what = f"{place}: $ {command}\n{printed}\nended with status {status}"
            assert status == (wanted if last else 0), what
            if expected:
                self._compare(example, f"{place}: $ {command}", expected, printed)

    def _compare(self, example: Example, what: str, expected: str, printed: str) -> None:
        if os.environ.get(UPDATE):
            _correct(Path(example.path), expected, printed)
        else:
            assert agrees(expected, printed), f"{what}\n{_difference(expected, printed)}"

    def _write(self, name: str, text: str, *, append: bool) -> None:
        path = self.folder / name
        assert append or name not in self.files, f"{name} is written twice"
        before = path.read_text() if append else ""
        if append and text.startswith(("def ", "@")):
            before += "\n\n"  # as an editor leaves between functions
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(before + text)
        self.files[name] = path.read_text()

    def _run(self, command: str) -> tuple[int, str]:
        """Its status and what it printed; variables and the folder are the next one's, too."""
        state = self.folder.parent / "environment"
        script = f"{command}\nstatus=$?\nenv -0 >'{state}'\nexit $status"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=self.timeout,
            text=True,
        )
        variables = (each.partition("=") for each in state.read_text().split("\0") if each)
        self.environment = {name: value for name, _, value in variables}
        return done.returncode, done.stdout


def agrees(expected: str, printed: str) -> bool:
    """Whether what was printed is what the page has, with `...` for anything.

    A change of the runtime moves figures a little: they may be off by 2 %, shares and
    differences of figures by more.
    """
    text = " ".join(expected.split())
    tokens = list(_TOKEN.finditer(text))
    between = map(re.escape, _TOKEN.split(text))
    pattern = next(between)
    for token, rest in zip(tokens, between, strict=True):
        pattern += (".*?" if token[0] == "..." else f"({_NUMBER})") + rest
    # On lines of its own a gap stands for nothing, too.
    pattern = pattern.replace(r"\ .*?\ ", r"\ (?:.*?\ )?")
    found = re.fullmatch(pattern, " ".join(printed.split()), re.DOTALL)
    if found is None:
        return False
    wanted = (token for token in tokens if token[0] != "...")
    return all(_near(one, other) for one, other in zip(wanted, found.groups(), strict=True))


def _near(wanted: re.Match[str], found: str) -> bool:
    here, there = (float(text.replace(",", "")) for text in (wanted[0], found))
    rest = wanted.string[wanted.end() :]
    derived = wanted[0][0] in "+-" or rest.startswith(("%", " %"))
    rounding = 10.0 ** -len(wanted[0].partition(".")[2]) if "." in wanted[0] else 0.0
    return abs(here - there) <= max((0.3 if derived else 0.02) * abs(here), 1.01 * rounding)


def examples(page: Path) -> list[Example]:
    """The blocks of a page, in order."""
    document = Document.parse(str(page), *(CodeBlockParser(each, _shown) for each in _LANGUAGES))
    return list(document.examples())


def _shown(example: Example) -> None:
    """Blocks are followed by a `Reader` alone."""


def note_of(example: Example) -> str:
    """What the comment before a block says; "" without one."""
    found = _NOTE.search(example.document.text[: example.region.start])
    return found[1] if found else ""


def language_of(example: Example) -> str:
    """What a block is written in."""
    return str(example.region.lexemes["arguments"])


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it prints."""
    steps: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append(([line[2:]], []))
        elif line.startswith("> ") and steps and not steps[-1][1]:
            steps[-1][0].append(line[2:])
        elif steps:
            steps[-1][1].append(line)
    return [("\n".join(typed), _lines(printed)) for typed, printed in steps]


def _lines(printed: list[str]) -> str:
    return "".join(f"{line}\n" for line in printed) if any(map(str.strip, printed)) else ""


def _difference(expected: str, printed: str) -> str:
    """What the page has (-) beside what was printed (+)."""
    before = [" ".join(line.split()) for line in expected.splitlines()]
    after = [" ".join(line.split()) for line in printed.splitlines()]
    return "\n".join(difflib.unified_diff(before, after, "the page", "printed", lineterm="", n=2))


def _correct(page: Path, expected: str, printed: str) -> None:
    """Puts the most alike of the lines that were printed for those that were not."""
    text, lines = page.read_text(), printed.splitlines()
    for line in expected.splitlines():
        if "..." not in line and line.rstrip() not in map(str.rstrip, lines):
            near = difflib.get_close_matches(line, lines, n=1, cutoff=0.5)
            assert near, f"nothing was printed that is like {line!r}"
            text = text.replace(f"{line}\n", f"{near[0].rstrip()}\n", 1)
    page.write_text(text)
