"""`examples/ci`: its gates hold, and what its pipelines run does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "ci"
WORKFLOWS = EXAMPLE / ".github" / "workflows"
GITLAB = EXAMPLE / ".gitlab-ci.yml"
# What brings things from elsewhere.
INSTALLS = ("pip install", "apt-get", "sh get_renode.sh")


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


def github_lines() -> list[str]:
    """What the workflows run."""
    jobs = [job for path in sorted(WORKFLOWS.glob("*.yml")) for job in _load(path)["jobs"].values()]
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def gitlab_lines() -> list[str]:
    """What the pipeline runs."""
    jobs = [job for job in _load(GITLAB).values() if isinstance(job, dict) and "script" in job]
    return [line for job in jobs for line in (*job.get("before_script", ()), *job["script"])]


def followed(lines: list[str]) -> list[str]:
    """Those that install nothing."""
    return [line for line in lines if not line.startswith(INSTALLS)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a CI machine has checked out."""
    generated = shutil.ignore_patterns("report", "junit.xml", "__pycache__", ".pytest_cache")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "checkout", ignore=generated))


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-workflows", sorted(WORKFLOWS.glob("*.yml"))),
        ("vendor.gitlab-ci", [GITLAB]),
    ],
)
def test_pipelines_are_what_their_services_take(schema: str, paths: list[Path]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, *paths], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("lines", [github_lines, gitlab_lines])
def test_what_pipelines_run_passes(lines: Any, checkout: Path) -> None:
    """Where Renode is not installed, its tests are skipped here, and not in the pipeline."""
    run = followed(lines())
    assert len(run) == 2
    assert sum("renode" in line for line in run) == 1
    for line in run:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=checkout,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "PYTEST_ADDOPTS": "--arielml-skip-unavailable" if "renode" in line else "",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout
        assert "2 passed" in done.stdout or ("renode" in line and "2 skipped" in done.stdout)
        assert (checkout / "report" / "report.html").is_file()
        assert (checkout / "junit.xml").is_file()


def test_a_costlier_model_fails_the_job(checkout: Path) -> None:
    """The gates are not there for show: the recorded figures are close to what is measured."""
    source = checkout / "make_model.py"
    source.write_text(source.read_text().replace("(48, 32)", "(48, 36)"))
    subprocess.run([sys.executable, source], cwd=checkout, check=True, timeout=120)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "accuracy"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1, done.stdout
    assert "worse than the baseline: gestures: instructions" in done.stdout
