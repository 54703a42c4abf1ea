"""Finding a zoo model's file: in folders, in the user's cache, or by download."""

from __future__ import annotations

import hashlib
import os
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from http.client import HTTPException
from pathlib import Path
from typing import Final, Protocol

import platformdirs

from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.files import replace_file
from pytest_arielml.zoo.catalogue import ZooModel, model
from pytest_arielml.zoo.content import content_sha256

#: Folders with models, separated as in PATH.
VARIABLE: Final = "ARIELML_MODELS"
_TIMEOUT: Final = 30.0  # seconds without a byte


class _Readable(Protocol):
    def read(self, limit: int, /) -> bytes: ...


Opener = Callable[[str], AbstractContextManager[_Readable]]


def find(
    name: str,
    *,
    folders: Sequence[Path] | None = None,
    download: bool = True,
    opener: Opener | None = None,
) -> Path:
    """The path of a zoo model, its checksum verified.

    Looks in `folders`, then in the user's cache; then downloads the model into
    the cache when its authors publish it as .onnx.

    Args:
        name: see `catalogue.models`.
        folders: where to look first; None for those of the environment
            variable ARIELML_MODELS.
        download: False to stay off the network.
        opener: opens a URL, in place of urllib.

    Raises:
        UsageError: the name is unknown, or a file of that name in `folders` is not the model.
        Unavailable: the model is nowhere; says where to get it.
    """
    entry = model(name)
    for folder in _environment() if folders is None else folders:
        for path in (folder / entry.file, folder / entry.folder / entry.file):
            if path.is_file():
                _verify(entry, path)
                return path
    cached = cache_folder() / entry.sha256[:16] / entry.file
    # A damaged file in the cache is as good as none.
    if cached.is_file() and _sha256(cached.read_bytes()) == entry.sha256:
        return cached
    if entry.url is None:
        raise _unavailable(entry, "it is in no folder, and nobody publishes it as .onnx")
    if not download:
        raise _unavailable(entry, "it is in no folder, and downloads are off")
    replace_file(cached, _download(entry, entry.url, opener or _open))
    return cached


def cache_folder() -> Path:
    """Where downloaded models are kept."""
    return platformdirs.user_cache_path("pytest-arielml", appauthor=False) / "models"


def _environment() -> list[Path]:
    listed = os.environ.get(VARIABLE, "").split(os.pathsep)
    return [Path(folder) for folder in listed if folder]


def _verify(entry: ZooModel, path: Path) -> None:
    content = path.read_bytes()
    found = _sha256(content)
    if found == entry.sha256 or (
        entry.content_sha256 is not None and _content(content) == entry.content_sha256
    ):
        return
    raise UsageError(
        f"{entry.file} is not the zoo's {entry.name}",
        where=str(path),
        expected=f"sha256 {entry.sha256}"
        + (", or the same model converted anew" if entry.content_sha256 else ""),
        found=f"sha256 {found}",
        advice=f"remove it from the folders in {VARIABLE}, or get the right one:\n" + _where(entry),
    )


def _content(file: bytes) -> str | None:
    try:
        return content_sha256(file)
    except ValueError:
        return None


def _download(entry: ZooModel, url: str, opener: Opener) -> bytes:
    try:
        with opener(url) as response:
            # One byte more tells a file that is too long without reading all of it.
            content = _read(response, entry.size + 1)
    except (OSError, HTTPException) as error:  # URLError and time-outs are OSErrors
        raise _unavailable(entry, f"the download failed: {error}") from None
    if len(content) != entry.size or _sha256(content) != entry.sha256:
        raise _unavailable(
            entry,
            f"the download is another file: {len(content)} bytes, sha256 {_sha256(content)}",
        )
    return content


def _read(response: _Readable, limit: int) -> bytes:
    content = b""
    while len(content) < limit and (block := response.read(limit - len(content))):
        content += block
    return content


def _open(url: str) -> AbstractContextManager[_Readable]:
    if not url.startswith("https://"):
        raise UsageError(
            "models are downloaded over https alone", found=url, advice="give its url with https"
        )
    opened: AbstractContextManager[_Readable] = urllib.request.urlopen(  # noqa: S310  # checked above
        url, timeout=_TIMEOUT
    )
    return opened


def _unavailable(entry: ZooModel, found: str) -> Unavailable:
    return Unavailable(
        f"the model {entry.name} is not here",
        expected=f"{entry.file}, sha256 {entry.sha256}",
        found=found,
        advice=_where(entry),
    )


def _where(entry: ZooModel) -> str:
    put = f"and name its folder in {VARIABLE}"
    if entry.url is not None:
        return f"download {entry.url}\n{put}"
    return f"download {entry.origin_url}\nconvert it (tf2onnx 1.17.0): {entry.recipe}\n{put}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
