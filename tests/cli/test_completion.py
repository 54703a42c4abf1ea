"""Completion of `arielml`, by pressing the tabulator in real shells."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from pytest_arielml.cli import main

#: How each shell is started without anybody's own settings, and how it takes the script in.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ["source script"]),
    "zsh": (["zsh", "-f", "-i"], ["autoload -U compinit; compinit -u -D", 'eval "$(<script)"']),
    "fish": (["fish", "--no-config"], ["source script"]),
    "tcsh": (["tcsh", "-f"], ["source script"]),
}
Press = Callable[[str], str]


@pytest.fixture(params=SHELLS)
def press(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Press:
    """Types a line and a tabulator in a shell, and gives the whole line that comes of it."""
    shell, setup = SHELLS[request.param]
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    assert main(["completion", request.param]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "lenet5.onnx").touch()
    (tmp_path / "models" / "lenet5.txt").touch()
    monkeypatch.chdir(tmp_path)
    # What a completed line does: it prints its words.
    (tmp_path / "arielml").write_text('#!/bin/sh\nprintf "<%s" "$@"; echo ">"\n')
    (tmp_path / "arielml").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        # Without a terminal that it can write to, tcsh completes nothing.
        "TERM": "vt100" if request.param == "tcsh" else "dumb",
    }

    def pressed(line: str) -> str:
        child = pexpect.spawn(
            shell[0], shell[1:], encoding="utf-8", timeout=20, env=environment, dimensions=(40, 160)
        )
        try:
            for command in [*setup, "echo re''ady"]:
                child.sendline(command)
            child.expect("ready\r?\n")
            child.send(f"{line}\t")
            child.sendline("")
            child.expect("<([^\r\n]*)>")
            assert child.match is not None
            return str(child.match.group(1)).replace("<", " ")
        finally:
            child.close(force=True)

    return pressed


def test_commands_options_targets_and_models_are_completed(press: Press) -> None:
    assert press("arielml in") == "init"
    assert press("arielml golden cr") == "golden create"
    assert press("arielml run --sched") == "run --scheduler"
    assert press("arielml run --target emu-rp20") == "run --target emu-rp2040"
    assert press("arielml conformance --only para") == "conformance --only parallel"
    assert press("arielml compare models/le") == "compare models/lenet5.onnx"


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", "dash"])
    assert caught.value.code == 2
    assert "bash" in capsys.readouterr().err
