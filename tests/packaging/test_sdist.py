"""The sources as they are distributed: all that a wheel is built from, and nothing built."""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from distributions import ROOT, Installed, build, load_module, run

#: Of the repository, what is of no use where there is no repository.
_LEFT_OUT = {".ci/run"}


def test_it_has_the_repository_and_nothing_that_was_built(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    parts = {part for name in names for part in Path(name).parts}
    assert not parts & {"_native", "target", "__pycache__", ".git", ".arielml", ".venv", "dist"}
    assert not {name for name in names if Path(name).suffix in (".a", ".so", ".dylib", ".pyc")}
    tracked, others = _listed("--cached"), _listed("--others", "--exclude-standard")
    assert tracked - names == _LEFT_OUT
    assert names <= tracked | others | {"PKG-INFO"}


def test_it_has_every_source_of_the_compiled_parts(source_tree: Path) -> None:
    ours, theirs = (load_module(root / "tools/build_native.py") for root in (ROOT, source_tree))
    assert source_tree == theirs.ROOT
    assert [product.name for product in theirs.products()] == [
        product.name for product in ours.products()
    ]
    for one, other in zip(ours.products(), theirs.products(), strict=True):
        assert theirs.sources_digest(other) == ours.sources_digest(one), one.name
        assert not theirs.is_current(other)


def test_a_compiled_part_is_built_from_it_to_the_byte(
    source_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CARGO_TARGET_DIR", raising=False)
    tool = load_module(source_tree / "tools" / "build_native.py")
    product = tool.products()[-1]
    tool.build(product, install=False)
    assert tool.is_current(product)
    built = ROOT / product.output.relative_to(source_tree)
    assert product.output.read_bytes() == built.read_bytes()


def test_its_wheel_is_the_same_to_the_byte(source_tree: Path, wheel: Path, tmp_path: Path) -> None:
    natives = Path("pytest_arielml") / "_native"
    shutil.copytree(ROOT / natives, source_tree / natives)
    (tmp_path / "dist").mkdir()
    other = build("wheel", source_tree, tmp_path / "dist")
    assert other.name == wheel.name
    assert other.read_bytes() == wheel.read_bytes()


def test_without_rust_it_says_what_to_do(installed: Installed, sdist: Path, tmp_path: Path) -> None:
    done = installed.pip("install", "--no-deps", "--force-reinstall", sdist, cwd=tmp_path)
    assert done.returncode != 0
    assert (
        "pytest-arielml carries compiled parts, and there is no Rust to build them. "
        "To go on: install Rust from https://rustup.rs; or install a wheel, which has them inside"
    ) in done.stdout
    assert "Traceback" not in done.stdout
    kept = installed.run("python", "-c", "import pytest_arielml", cwd=tmp_path)
    assert kept.returncode == 0, kept.stdout


def test_an_editable_install_needs_nothing_compiled(source_tree: Path, tmp_path: Path) -> None:
    code = "import sys, hatchling.build; print(hatchling.build.build_editable(sys.argv[1]))"
    done = run(sys.executable, "-c", code, tmp_path, cwd=source_tree, env={"PATH": ""})
    assert done.returncode == 0, done.stdout
    name = done.stdout.split()[-1]
    assert name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(tmp_path / name) as archive:
        names = archive.namelist()
        (path,) = (name for name in names if name.endswith(".pth"))
        assert archive.read(path).decode().strip() == str(source_tree)
    assert [name for name in names if ".dist-info/" not in name] == [path]


def _listed(*which: str) -> set[str]:
    """Files of the repository that are there."""
    done = run("git", "ls-files", "-z", *which, cwd=ROOT)
    if done.returncode:
        pytest.skip("no git here that lists the repository")
    return {name for name in done.stdout.split("\0") if (ROOT / name).is_file()}
