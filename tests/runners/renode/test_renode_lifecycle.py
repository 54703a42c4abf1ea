"""However pytest ends, nothing of Renode is left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from stage import StandIn, alive, left_in

LONG = 40.0
TARGET = ("--arielml-target", "renode-nrf52840")


@pytest.fixture
def suite(pytester: pytest.Pytester, models: Path) -> pytest.Pytester:
    pytester.makepyfile(
        f"""
        import time
        from pathlib import Path

        import numpy as np
        import pytest

        X = np.ones((2, 4), np.float32)

        @pytest.mark.parametrize("factor", [2, 3, 4, 5])
        def test_scale(arielml, factor):
            scale = arielml.deploy({str(models / "free.mlir")!r})
            scale.run(X, np.float32(factor)).assert_matches(factor * X)

        def test_waits(arielml):
            scale = arielml.deploy({str(models / "free.mlir")!r})
            Path("booted").touch()
            time.sleep(600)
        """
    )
    return pytester


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("how", ["exec ", ""])
def test_a_killed_pytest(
    suite: pytest.Pytester, standin: StandIn, temporary: Path, sent: signal.Signals, how: str
) -> None:
    standin.write(how)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pytest",
            "-k",
            "waits",
            *TARGET,
            "--arielml-renode",
            str(standin.folder),
        ],
        cwd=suite.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: (suite.path / "booted").exists() or process.poll() is not None)
        assert process.poll() is None
        process.send_signal(sent)
        process.wait(LONG)
    finally:
        process.kill()
        process.wait()
    (pid,) = standin.started()
    until(lambda: not alive(pid))
    until(lambda: not left_in(temporary))


def test_workers_have_renodes_of_their_own(suite: pytest.Pytester, standin: StandIn) -> None:
    pytest.importorskip("xdist")
    result = suite.runpytest_subprocess(
        "-k", "scale", "-n2", *TARGET, "--arielml-renode", str(standin.folder)
    )
    result.assert_outcomes(passed=4)
    assert len(set(standin.started())) == 2
    ports = [words[6] for words in standin.told() if words[0] == "start"]
    assert len(set(ports)) == 2


def test_without_renode_the_run_ends_at_once(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    for name in ("RENODE", "RENODE_ROOT"):
        monkeypatch.delenv(name, raising=False)
    begin = time.monotonic()
    result = suite.runpytest_subprocess(*TARGET)
    assert time.monotonic() - begin < LONG
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: Renode is not installed", "*next: *get https://github.com/renode/renode/*"]
    )
    result.assert_outcomes()


def test_without_renode_tests_can_be_skipped(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    for name in ("RENODE", "RENODE_ROOT"):
        monkeypatch.delenv(name, raising=False)
    result = suite.runpytest_subprocess(*TARGET, "--arielml-skip-unavailable")
    result.assert_outcomes(skipped=5)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
