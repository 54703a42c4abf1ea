"""What is in the wheel, and what it says of itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from types import ModuleType

import pytest
from distributions import ROOT, load_module
from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename
from readme_renderer import markdown

LICENCES = ("LICENSE-APACHE", "LICENSE-MIT", "LICENSE-THIRD-PARTY")


@pytest.fixture(scope="module")
def files(wheel: Path) -> dict[str, bytes]:
    """Each file of the wheel, those about it by their name alone."""
    with zipfile.ZipFile(wheel) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return {re.sub(r"^[^/]*\.dist-info/", "", name): content for name, content in found.items()}


@pytest.fixture(scope="module")
def metadata(files: dict[str, bytes]) -> Message:
    return BytesParser().parsebytes(files["METADATA"])


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    return load_module(ROOT / "hatch_build.py")


def test_it_has_the_package_and_what_it_uses_and_nothing_else(files: dict[str, bytes]) -> None:
    package = {name.removeprefix("pytest_arielml/") for name in files if name.count("/")}
    natives = {name for name in package if name.startswith("_native/")}
    suites = {name for name in package if name.startswith("_suites/")}
    platforms = {name for name in package if name.startswith("renode_platforms/")}
    licences = {f"licenses/{name}" for name in LICENCES}
    tool = load_module(ROOT / "tools" / "build_native.py")
    outputs = {str(product.output.relative_to(tool.OUTPUT)) for product in tool.products()}
    assert natives == {f"_native/{name}" for name in outputs}
    example = {"LICENSE-mnist", "digits-500.npz", "lenet5-int8.onnx"}
    assert suites == {
        *(f"_suites/conformance/{name}" for name in _tree("conformance")),
        *(f"_suites/examples/lenet5/{name}" for name in example),
    }
    assert platforms == {f"renode_platforms/{name}" for name in _tree("renode_platforms")}
    rest = package - natives - suites - platforms - licences
    assert rest == {name for name in _tree("pytest_arielml") if not name.startswith("_native/")}
    about = {name for name in files if not name.count("/")}
    assert about == {"METADATA", "RECORD", "WHEEL", "entry_points.txt"}
    assert "py.typed" in rest


def test_no_place_of_this_machine_is_in_it(files: dict[str, bytes]) -> None:
    tool = load_module(ROOT / "tools" / "build_native.py")
    sysroot = tool.output_of("rustc", "--print=sysroot").strip()
    cargo = [os.environ.get(name, "") for name in ("CARGO_HOME", "CARGO_TARGET_DIR")]
    places = {str(place) for place in (ROOT, Path.home(), sysroot, *cargo)}
    # `/usr` and the like are of every machine.
    places = {f"{place}/" for place in places if place.count("/") > 1}
    for name, content in files.items():
        compiled = name.startswith("pytest_arielml/_native/")
        suspects = places | {"/root/", "/home/", "/tmp/"} if compiled else places
        assert [place for place in suspects if place.encode() in content] == [], name


def test_what_it_weighs(wheel: Path, files: dict[str, bytes]) -> None:
    """About 7 MB; 14 where there is no rustup, whose tool leaves out debug information."""
    assert wheel.stat().st_size < 20e6
    natives = sum(len(files[name]) for name in files if name.startswith("pytest_arielml/_native/"))
    assert natives > 0.8 * sum(map(len, files.values()))


@pytest.mark.skipif(sys.platform != "linux", reason="manylinux is of Linux")
def test_its_tag_is_what_its_libraries_need(wheel: Path, files: dict[str, bytes]) -> None:
    (tag,) = parse_wheel_filename(wheel.name)[3]
    assert (tag.interpreter, tag.abi) == ("py3", "none")
    assert f"Tag: {tag}\n".encode() in files["WHEEL"]
    assert b"Root-Is-Purelib: false\n" in files["WHEEL"]
    shown = subprocess.run(
        [sys.executable, "-m", "auditwheel", "show", wheel],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    found = re.search(r'following platform tag:\s+"(\w+)"', shown)
    assert found is not None, shown
    assert found[1] == tag.platform


@pytest.mark.skipif(sys.platform != "linux", reason="manylinux is of Linux")
def test_a_library_that_not_every_machine_has_is_for_this_one(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = [("libc.so.6", ""), ("libc.so.6", "GLIBC_2.3.4"), ("libm.so.6", "GLIBC_2.39")]
    monkeypatch.setattr(hook, "versions_needed", lambda _elf: needed)
    monkeypatch.setattr(hook, "ELFFile", lambda _stream: None)
    monkeypatch.setattr(hook.sysconfig, "get_platform", lambda: "linux-aarch64")
    library = [Path(sys.executable)]
    assert hook.platform_tag(library) == "manylinux_2_39_aarch64"
    needed.pop()
    assert hook.platform_tag(library) == "manylinux_2_17_aarch64"
    needed.append(("libstdc++.so.6", "GLIBCXX_3.4"))
    assert hook.platform_tag(library) == "linux_aarch64"
    monkeypatch.setattr(hook.sysconfig, "get_platform", lambda: "macosx-11.0-arm64")
    assert hook.platform_tag(library) == "macosx_11_0_arm64"


def test_an_index_takes_what_it_says(files: dict[str, bytes], metadata: Message) -> None:
    checked = Metadata.from_email(files["METADATA"], validate=True)
    assert checked.name == "pytest-arielml"
    assert checked.license_expression == "Apache-2.0 OR MIT"
    assert checked.requires_python == ">=3.11"
    assert checked.description_content_type == "text/markdown"
    assert sorted(checked.license_files or ()) == sorted(LICENCES)
    for name in LICENCES:
        assert files[f"licenses/{name}"] == (ROOT / name).read_bytes()
    # None is known: a link to nowhere is worse than none.
    assert metadata.get_all("Project-URL") is None
    assert files["entry_points.txt"].decode().split("\n\n") == [
        "[console_scripts]\narielml = pytest_arielml.cli:main",
        "[pytest11]\narielml = pytest_arielml.plugin\n",
    ]


def test_the_readme_renders_without_links_to_nowhere(metadata: Message) -> None:
    text = str(metadata.get_payload())
    page = markdown.render(text)
    assert page is not None
    assert "<h1" in page
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert "https://iree.dev" in links
    # But for its links, it is what the repository shows.
    words = re.compile(r"\w+")
    assert set(words.findall(text)) <= set(words.findall((ROOT / "README.md").read_text("utf-8")))
    assert text.count("\n") == (ROOT / "README.md").read_text("utf-8").count("\n")


def test_links_to_files_become_their_text(hook: ModuleType) -> None:
    text = "[a](docs/a.md#b), ![p](p.png)[b](https://b) [c](#c)\n```\n[0](x)\n```\n[`d`](d)\n"
    assert hook.without_files(text) == ("a, [b](https://b) [c](#c)\n```\n[0](x)\n```\n`d`\n")


def _tree(folder: str) -> set[str]:
    """The files of a folder of the checkout."""
    root = ROOT / folder
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
