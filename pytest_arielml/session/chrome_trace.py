"""A timeline as a file for Perfetto or Chrome, one track a core.

The format is Chrome's: Google, "Trace Event Format", complete events ("X") of
microseconds, names of tracks as metadata ("M"), and counters ("C").
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_arielml.session.timeline import Timeline

_MICROSECONDS = 1e6


def write_chrome_trace(found: Timeline, path: Path, *, title: str) -> None:
    """Writes `found` to `path`, with `title` as the name of the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(chrome_trace(found, title=title), indent=1), encoding="utf-8")


def chrome_trace(found: Timeline, *, title: str) -> dict[str, Any]:
    """What `write_chrome_trace` writes."""
    events: list[dict[str, Any]] = [_name("process_name", 0, title)]
    events += [_name("thread_name", core, f"core {core}") for core in range(found.cores)]
    events.append(_complete("call", 0, 0.0, found.seconds, {"dropped records": found.dropped}))
    for each in found.activities:
        arguments: dict[str, Any] = {
            "dispatch of the call": each.place,
            "work items": each.work_items,
            "heap in use, bytes": each.heap,
        }
        if each.stack is not None:
            arguments["stack used so far, bytes"] = each.stack
        events.append(_complete(each.dispatch, each.core, each.begin, each.seconds, arguments))
        if each.stack is not None:
            memory = {"heap": each.heap, "stack": each.stack}
            events.append(
                {"name": "memory, bytes", "ph": "C", "pid": 0, "tid": 0, "args": memory}
                | {"ts": each.end * _MICROSECONDS}
            )
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"title": title}}


def _name(kind: str, core: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": 0, "tid": core, "args": {"name": name}}


def _complete(
    name: str, core: int, begin: float, seconds: float, arguments: dict[str, Any]
) -> dict[str, Any]:
    return {
        "name": name,
        "ph": "X",
        "pid": 0,
        "tid": core,
        "ts": begin * _MICROSECONDS,
        "dur": seconds * _MICROSECONDS,
        "args": arguments,
    }
