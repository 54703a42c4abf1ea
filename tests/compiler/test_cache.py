from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pytest_arielml.compiler import Cache, digest_of
from pytest_arielml.errors import UsageError

KEY = digest_of("a key")


class Builder:
    """Writes two files, and counts how often."""

    def __init__(self, text: str = "one") -> None:
        self.text = text
        self.built = 0

    def __call__(self, folder: Path) -> None:
        assert not list(folder.iterdir())
        self.built += 1
        (folder / "a").write_text(self.text)
        (folder / "b").write_bytes(bytes(100))


def test_built_once(tmp_path: Path) -> None:
    build = Builder()
    folder = Cache(tmp_path).entry("model", KEY, build)
    assert (folder / "a").read_text() == "one"
    assert Cache(tmp_path).entry("model", KEY, build) == folder
    assert build.built == 1


def test_digest_of_follows_the_content() -> None:
    assert digest_of({"a": 1, "b": (2, 3)}) == digest_of({"b": [2, 3], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "manifest", "no manifest"])
def test_a_damaged_entry_is_built_again_and_said_once(tmp_path: Path, damage: str) -> None:
    said: list[str] = []
    build = Builder()
    folder = Cache(tmp_path).entry("model", KEY, build)
    if damage == "flip":
        (folder / "b").write_bytes(bytes(99) + b"\1")
    elif damage == "cut":
        (folder / "b").write_bytes(bytes(50))
    elif damage == "remove":
        (folder / "b").unlink()
    elif damage == "manifest":
        (folder / "manifest.json").write_text("[")
    else:
        (folder / "manifest.json").unlink()
    cache = Cache(tmp_path, notify=said.append)
    for _ in range(2):
        assert cache.entry("model", KEY, build) == folder
    assert build.built == 2
    assert (folder / "b").read_bytes() == bytes(100)
    assert len(said) == 1
    assert str(folder) in said[0]


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "a").write_text("half")
        raise RuntimeError("no")

    cache = Cache(tmp_path)
    with pytest.raises(RuntimeError):
        cache.entry("model", KEY, fail)
    assert not [path for path in tmp_path.rglob("*") if path.name == "a"]
    assert (cache.entry("model", KEY, Builder()) / "a").read_text() == "one"


def test_threads_share_one_build(tmp_path: Path) -> None:
    build = Builder()

    def slow(folder: Path) -> None:
        time.sleep(0.2)
        build(folder)

    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(Cache(tmp_path).entry("m", KEY, slow)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert build.built == 1
    assert len(set(found)) == 1
    assert len(found) == 4


def _build_in_a_process(root: Path, log: Path) -> None:
    def build(folder: Path) -> None:
        with log.open("a") as file:
            file.write("built\n")
        time.sleep(0.5)
        (folder / "a").write_text("whole")

    assert (Cache(root).entry("m", KEY, build) / "a").read_text() == "whole"


def test_processes_share_one_build(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    processes = [
        context.Process(target=_build_in_a_process, args=(tmp_path / "cache", log))
        for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert log.read_text() == "built\n"


def _hold_the_lock(root: Path, started: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "a").write_text("half")
        started.touch()
        time.sleep(600)

    Cache(root).entry("m", KEY, build)


def test_a_holder_that_is_killed_blocks_no_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started = tmp_path / "started"
    holder = context.Process(target=_hold_the_lock, args=(tmp_path / "cache", started))
    holder.start()
    deadline = time.monotonic() + 30
    while not started.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    cache = Cache(tmp_path / "cache")
    build = Builder("mine")
    waiter = threading.Thread(target=cache.entry, args=("m", KEY, build))
    waiter.start()
    time.sleep(0.2)
    assert build.built == 0
    assert not (cache.root / f"m-{KEY}").exists()
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    waiter.join(10)
    assert build.built == 1
    assert (cache.root / f"m-{KEY}" / "a").read_text() == "mine"


def test_root_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARIELML_CACHE", str(tmp_path / "here"))
    assert Cache().root == tmp_path / "here"
    assert Cache(tmp_path / "there").root == tmp_path / "there"
    monkeypatch.delenv("ARIELML_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Cache().root.name == "pytest-arielml"


def test_a_root_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cache cannot be written") as caught:
        Cache(tmp_path / "file").entry("model", KEY, Builder())
    assert "ARIELML_CACHE" in str(caught.value.advice)


def test_a_temporary_cache_goes_with_a_killed_run() -> None:
    script = (
        "import os, signal; from pytest_arielml.compiler import Cache; cache = Cache.temporary();"
        "print(cache.root, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=False)
    root = Path(killed.stdout.decode().strip())
    assert root.name.startswith("arielml-")
    deadline = time.monotonic() + 20
    while root.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_temporary() -> None:
    cache = Cache.temporary()
    folder = cache.entry("model", KEY, Builder())
    assert folder.is_dir()
    kept = cache.keep_failed(KEY, folder)
    root = cache.root
    del cache
    assert not root.exists()
    assert (kept / "a").read_text() == "one"
    shutil.rmtree(kept)
