"""Files that are there whole or not at all, and names for them."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and rename it there; makes the folder when needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def slug(name: str) -> str:
    """A file name for `name`, which may be anything: like it, and another for another name."""
    readable = re.sub(r"[^\w.-]+", "-", name).strip("-.")[-80:]
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
