"""The list of public models: what is known of each, and where it comes from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from pytest_arielml.errors import UsageError

_FILE: Final = Path(__file__).with_name("models.toml")


@dataclass(frozen=True, kw_only=True)
class ZooModel:
    """One public model.

    Attributes:
        name: what `find` takes.
        file: its file name.
        folder: the collection it belongs to, a folder in a folder of models.
        size: of the file, in bytes.
        sha256: of the file, in hex.
        content_sha256: of what the graph computes, see `content.content_sha256`;
            None for a model that is downloaded as it is.
        licence: an SPDX expression.
        input: data type and shape of its input; ``?`` is a free size.
        macs: multiply-accumulates of one inference, of convolutions and matrix products.
        note: what it is, in a line.
        source: ``download`` (from `url`) or ``convert`` (from `origin_url`, by `recipe`).
        url: where the file itself is.
        origin_url: where the file is that it was converted from.
        origin_sha256: of that file.
        recipe: the command that converts.
    """

    name: str
    file: str
    folder: str
    size: int
    sha256: str
    licence: str
    input: str
    macs: int
    note: str
    source: str
    content_sha256: str | None = None
    url: str | None = None
    origin_url: str | None = None
    origin_sha256: str | None = None
    recipe: str | None = None


@cache
def models() -> tuple[ZooModel, ...]:
    """Every model of the zoo, in the order of models.toml."""
    with _FILE.open("rb") as file:
        return tuple(ZooModel(**entry) for entry in tomllib.load(file)["models"])


def model(name: str) -> ZooModel:
    """The zoo's model of that name.

    Raises:
        UsageError: there is none; with the near names and all.
    """
    known = {each.name: each for each in models()}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise UsageError(
            f"the zoo has no model {name!r}",
            expected=", ".join(known),
            advice=f"did you mean {near[0]!r}?" if near else "name one of those",
        )
    return known[name]
