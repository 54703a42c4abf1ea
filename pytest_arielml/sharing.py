"""pytest-xdist and real boards: the tests of one board all go to one worker.

A worker keeps what it boots until its end, so a board that two workers were
given would keep one of them waiting for good. Where there are fewer boards
than workers, the tests of a target are therefore handed out in as many groups
as there are boards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from pytest_arielml.errors import UsageError
from pytest_arielml.options import Options
from pytest_arielml.runners import RunnerOptions
from pytest_arielml.session import Target

_counts: Final = pytest.StashKey[dict[str, int]]()


def arrange(config: pytest.Config, options: Options) -> None:
    """Finds out, where xdist starts workers, which targets have fewer boards than that.

    Raises: UsageError when what xdist was told to do cannot go well.
    """
    workers = _workers(config)
    targets = [target for target in options.targets if target.runner == "serial"]
    if workers < 2 or not targets:
        return
    boards = {target.name: _boards(target, options.runner) for target in targets}
    scarce = {name: count for name, count in boards.items() if count < workers}
    if not scarce:
        return
    dist = config.getoption("dist")
    if dist not in ("load", "loadgroup"):
        found = ", ".join(f"{count} for {name}" for name, count in scarce.items())
        raise UsageError(
            f"--dist {dist} gives the tests of one board to several workers",
            expected=f"a board for each of {workers} workers",
            found=f"boards: {found}",
            advice="use --dist load or loadgroup, or -n with at most one worker a board",
        )
    config.stash[_counts] = scarce


def scheduler(config: pytest.Config, log: Any) -> Any:
    """The scheduler that keeps each scarce board to one worker; `None` where none is scarce."""
    if _counts not in config.stash:
        return None
    counts = config.stash[_counts]
    from xdist.scheduler import LoadGroupScheduling

    class BoardScheduling(LoadGroupScheduling):  # type: ignore[misc]
        """Hands out tests one by one, and those of a scarce board together."""

        groups: Mapping[str, str] = {}

        def add_node_collection(self, node: Any, collection: Any) -> None:
            self.groups = board_groups(collection, counts)
            super().add_node_collection(node, collection)

        def _split_scope(self, nodeid: str) -> str:
            return self.groups.get(nodeid) or super()._split_scope(nodeid)

    return BoardScheduling(config, log)


def board_groups(nodeids: list[str], counts: Mapping[str, int]) -> dict[str, str]:
    """The group of each test that runs on a target of which there are `counts` boards."""
    groups: dict[str, str] = {}
    # A longer name may begin with a shorter one.
    for name in sorted(counts, key=len, reverse=True):
        pattern = re.compile(rf"\[(.*-)?{re.escape(name)}(-.*)?\](@.*)?$")
        mine = [nodeid for nodeid in nodeids if nodeid not in groups and pattern.search(nodeid)]
        for index, nodeid in enumerate(mine):
            # Neighbours stay together: they are likelier to use the same image.
            groups[nodeid] = f"{name} {index * counts[name] // len(mine)}"
    return groups


def process_options(config: pytest.Config, options: RunnerOptions) -> RunnerOptions:
    """The options of this process: one of several workers takes any free board."""
    worker = getattr(config, "workerinput", None)
    if worker is not None and worker.get("workercount", 1) > 1:
        return replace(options, one_of_several=True)
    return options


def _workers(config: pytest.Config) -> int:
    """How many workers xdist will start from here."""
    if config.getoption("dist", "no") == "no":
        return 0
    return sum(_times(str(spec)) for spec in config.getoption("tx", None) or [])


def _times(spec: str) -> int:
    """`4*popen` stands for four."""
    times, star, _ = spec.partition("*")
    return int(times) if star and times.isdigit() else 1


def _boards(target: Target, options: RunnerOptions) -> int:
    """How many boards of a target there are; 1 where one is named, or none is found yet."""
    if options.port is not None or options.place is not None:
        return 1
    from pytest_arielml.runners.serial import board_ports

    return max(len(board_ports(target.board)), 1)
